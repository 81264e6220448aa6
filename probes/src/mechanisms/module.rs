//! `module`: kernel modules that count by themselves, at kernel functions or where
//! system calls are dispatched. Their sources are in `modules/`.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, kmod};
use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Module, INFO, attach);

/// What a module needs to be loaded, and to find what the kernel does not export.
const BASICS: &[&str] = &["CONFIG_MODULES", "CONFIG_KALLSYMS_ALL", "CONFIG_KPROBES"];

static INFO: MechanismInfo = MechanismInfo::new(
    "module",
    &[
        SinkInfo::new(
            "ftrace-ops",
            Watches::Function,
            Requires::module("hookbench-ftrace-ops", &["CONFIG_MODULES", "CONFIG_DYNAMIC_FTRACE"]),
            "a kernel module counts in a callback of ftrace",
        ),
        SinkInfo::new(
            "inline",
            Watches::Function,
            Requires::module(
                "hookbench-inline",
                &["CONFIG_MODULES", "CONFIG_KALLSYMS_ALL", "CONFIG_DYNAMIC_FTRACE"],
            ),
            "a kernel module counts after a jump that it writes into the function's entry",
        ),
        SinkInfo::new(
            "syscall-table",
            Watches::Syscalls,
            Requires::module("hookbench-syscall-table", BASICS),
            "a kernel module counts in functions that it puts into the system call table",
        ),
        SinkInfo::new(
            "lstar",
            Watches::Syscalls,
            Requires::module("hookbench-lstar", &["CONFIG_MODULES"]),
            "a kernel module counts where the CPU enters the kernel (MSR_LSTAR)",
        ),
    ],
    "kernel modules, without a tracer or BPF",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let name = format!("hookbench-{}", request.sink);
    Ok(match request.sink {
        "ftrace-ops" | "inline" => Box::new(kmod::at_function(&name, request)?),
        "syscall-table" => Box::new(kmod::at_syscalls(
            &name,
            request,
            "the module has changed entries of sys_call_table, and this kernel does not read them",
        )?),
        _ => Box::new(kmod::at_syscalls(
            &name,
            request,
            "the module has changed MSR_LSTAR, and this kernel is not entered by it",
        )?),
    })
}
