//! `module`: kernel modules that count by themselves, at kernel functions or where
//! system calls are dispatched. Their sources are in `modules/`.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Module;

/// To be loaded, and to find what the kernel does not export.
const BASICS: &[&str] = &["CONFIG_MODULES", "CONFIG_KALLSYMS_ALL", "CONFIG_KPROBES"];

static INFO: MechanismInfo = MechanismInfo {
    name: "module",
    sinks: &[
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
            "a kernel module counts behind a jump that it writes into the function's entry",
        ),
        SinkInfo::new(
            "syscall-table",
            Watches::Syscalls,
            Requires::module("hookbench-syscall-table", BASICS),
            "a kernel module counts in place of entries of the system call table",
        ),
        SinkInfo::new(
            "lstar",
            Watches::Syscalls,
            Requires::module("hookbench-lstar", &["CONFIG_MODULES"]),
            "a kernel module counts where the CPU enters the kernel (MSR_LSTAR)",
        ),
    ],
    about: "kernel modules, without a tracer or BPF",
};

impl Mechanism for Module {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        use crate::attach::kmod;
        let name = format!("hookbench-{}", request.sink);
        Ok(match request.sink {
            "ftrace-ops" | "inline" => Box::new(kmod::at_functions(&name, request)?),
            "syscall-table" => Box::new(kmod::at_syscalls(
                &name,
                request,
                "entries of sys_call_table now lead to a module, and this kernel does not read them",
            )?),
            _ => Box::new(kmod::at_syscalls(
                &name,
                request,
                "MSR_LSTAR now leads to a module, and this kernel is not entered by it",
            )?),
        })
    }
}
