//! `module-load`: one operation is finit_module of an open file, with which modprobe loads a module. The module is the
//! kernel's own `dummy`, with `numdummies=0`: it registers a kind of network interface and makes none. Debian signs it, and the
//! kernel checks the signature. It is unloaded after each operation, untimed.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::stopwatch::timed_call;
use crate::{Denial, Effect, Info, Operation, Operations, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct ModuleLoad;

/// The folder in the guest, relative to its root, with the modules of the kernel's own package that workloads load.
pub const MODULE_FOLDER: &str = "stock-modules";

const MODULE: &str = "dummy";
const NAME: &CStr = c"dummy";
const PARAMETERS: &CStr = c"numdummies=0";

static INFO: Info = Info {
    name: "module-load",
    behaviour: "module",
    params: &[],
    samples: 20,
    warmup: 5,
    about: "finit_module of the kernel's own module dummy",
};

impl Workload for ModuleLoad {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Finit]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::AfterCalls, 1, enforcement)
    }

    fn unable(&self, params: &Params, enforcement: Enforcement) -> Option<&'static str> {
        Denial::ends_worker(self.denial(params, enforcement))
    }

    fn module(&self) -> Option<&'static str> {
        Some(MODULE)
    }
}

struct Finit;

impl Way for Finit {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_finit_module as u32], ..WayFacts::new("finit") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let file = File::open(format!("/{MODULE_FOLDER}/{MODULE}.ko"))?;
        Ok(Box::new(Loading { file, is_loaded: false, loaded: 0 }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Loading {
    file: File,
    /// Whether the last operation loaded the module.
    is_loaded: bool,
    /// How many times the module was loaded.
    loaded: u64,
}

impl Operation for Loading {
    fn run_once(&mut self) -> io::Result<Timed> {
        let arguments = [self.file.as_raw_fd().into(), PARAMETERS.as_ptr() as i64, 0, 0, 0, 0];
        // SAFETY: the parameters end in NUL.
        let (elapsed, result) = unsafe { timed_call(libc::SYS_finit_module, &arguments) };
        self.is_loaded = result == 0;
        // As the kernel shows it: a module that is not there cannot be unloaded, see `settle`.
        self.loaded += u64::from(self.is_loaded);
        Ok(Timed::of(elapsed, result))
    }

    fn settle(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_loaded) {
            return Ok(());
        }
        // SAFETY: the name ends in NUL.
        match unsafe { libc::syscall(libc::SYS_delete_module, NAME.as_ptr(), libc::O_NONBLOCK) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.loaded))
    }
}
