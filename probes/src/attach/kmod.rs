//! Kernel modules of hookbench's own, loaded and unloaded: they are told by
//! parameters what to watch, and show by one what they have seen. What each does
//! is in its source in `modules/`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;

use super::{Attached, Error, Request, Seen};

/// Behaviours that a module has room for: `SLOTS` in hookbench.h.
const SLOTS: usize = 8;
/// What a behaviour is called whose function is not watched.
const NOBODY: &str = "-";
/// Who was just detached may hold the module for a moment.
const RETRIES: u32 = 50;
const RETRY: Duration = Duration::from_millis(20);

/// A module that is loaded; it is unloaded when dropped.
#[derive(Debug)]
pub struct Module {
    /// As the kernel calls it.
    name: String,
    loaded: bool,
    /// What it had counted when it began to matter.
    before: [u64; SLOTS],
    /// What it counted last.
    last: [u64; SLOTS],
}

/// Loads the module `name`, which watches the functions of the behaviours.
///
/// # Errors
/// When the kernel refuses it, or it finds that this kernel is not as it needs it.
pub fn at_functions(name: &str, request: &Request) -> Result<Module, Error> {
    let mut functions = [NOBODY; SLOTS];
    for behaviour in request.behaviours {
        let slot = functions.get_mut(behaviour.index());
        *slot.ok_or_else(|| anyhow!("{name} has no room for {}", behaviour.name))? = behaviour.function;
    }
    Module::load(name, request.module, &format!("functions={}", functions.join(",")))
}

/// Loads the module `name`, which watches the system calls of the behaviours, and
/// tries each once: a kernel may bear that it is patched and not mind. `not_seen`
/// says what then is the case.
///
/// # Errors
/// As [`at_functions`], and when the trial is not seen.
pub fn at_syscalls(name: &str, request: &Request, not_seen: &str) -> Result<Module, Error> {
    let calls = || {
        let rows = request.behaviours.iter();
        rows.flat_map(|row| row.syscalls.iter().map(|call| (call, row.index())))
    };
    let list = |numbers: Vec<String>| numbers.join(",");
    let parameters = format!(
        "calls={} slots={}",
        list(calls().map(|(call, _)| call.number.to_string()).collect()),
        list(calls().map(|(_, slot)| slot.to_string()).collect())
    );
    let mut module = Module::load(name, request.module, &parameters)?;
    let mut made = [0; SLOTS];
    for (call, slot) in calls() {
        // SAFETY: no pointer, descriptor, flag or length is -1: each is refused
        // before anything is done.
        unsafe { libc::syscall(call.number.into(), -1, -1, -1, -1, -1, -1) };
        *made.get_mut(slot).ok_or_else(|| anyhow!("{name} has no room for all behaviours"))? += 1;
    }
    let seen = module.count()?;
    let (all, of_them): (u64, u64) = (made.iter().sum(), seen.iter().sum());
    if of_them == 0 {
        return Err(Error::Unsupported(format!("{not_seen}: of {all} watched calls it saw none")));
    }
    if seen != made {
        return Err(anyhow!("{name} saw {seen:?} of the {made:?} calls that it was tried with").into());
    }
    module.before = seen;
    Ok(module)
}

impl Module {
    fn load(name: &str, bytes: &[u8], parameters: &str) -> Result<Module, Error> {
        if bytes.is_empty() {
            return Err(anyhow!("the module {name} was not handed over").into());
        }
        let text = CString::new(parameters).context("parameters of a module with a NUL")?;
        // SAFETY: reads `bytes` and a string that ends in NUL; both outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), text.as_ptr()) };
        if result == 0 {
            let name = name.replace('-', "_");
            return Ok(Module { name, loaded: true, before: [0; SLOTS], last: [0; SLOTS] });
        }
        let error = io::Error::last_os_error();
        Err(match error.raw_os_error().and_then(refused) {
            Some(why) => Error::Unsupported(format!("{name} cannot watch this kernel: {why}")),
            None => {
                let said = last_line_of_kernel();
                Error::Failed(anyhow!("failed to load the module {name}: {error} [{said}]"))
            }
        })
    }

    /// What it has counted since it was loaded.
    fn count(&self) -> Result<[u64; SLOTS]> {
        let file = format!("/sys/module/{}/parameters/seen", self.name);
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
        let numbers: Option<Vec<u64>> = text.trim().split(',').map(|number| number.parse().ok()).collect();
        numbers.and_then(|numbers| numbers.try_into().ok()).with_context(|| format!("{file} has {text:?}"))
    }

    fn unload(&self) -> Result<()> {
        let name = CString::new(self.name.as_str())?;
        for _ in 0..RETRIES {
            // SAFETY: reads a string that ends in NUL and outlives the call.
            if unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK) } == 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if !matches!(error.raw_os_error(), Some(libc::EWOULDBLOCK | libc::EBUSY)) {
                return Err(error).with_context(|| format!("failed to unload {}", self.name));
            }
            sleep(RETRY);
        }
        bail!("failed to unload {}: it stays in use", self.name)
    }
}

/// Why a module of ours refuses a kernel, by the error that it ends with; the
/// kernel's own errors are others.
fn refused(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EILSEQ => "ftrace knows no room for a call at the entry of a function",
        libc::ENOSYS => "it has none of the functions that patch code",
        libc::EOPNOTSUPP => {
            "with page table isolation a module is not mapped where the CPU enters the kernel"
        }
        // Also of the kernel's own: a function that ftrace or livepatch cannot find.
        libc::ENOENT => "it has no symbol for what is to be patched",
        libc::EKEYREJECTED => "it loads signed modules alone",
        _ => return None,
    })
}

/// The last line in the kernel's log, where it says why it refuses a module.
fn last_line_of_kernel() -> String {
    const READ_ALL: libc::c_int = 3;
    let mut log = vec![0u8; 4096];
    // SAFETY: writes as many bytes to `log` as it has.
    let length = unsafe { libc::klogctl(READ_ALL, log.as_mut_ptr().cast(), log.len() as libc::c_int) };
    log.truncate(usize::try_from(length).unwrap_or(0));
    let text = String::from_utf8_lossy(&log);
    text.lines().next_back().unwrap_or("the kernel's log is empty").to_owned()
}

impl Attached for Module {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
        if self.loaded {
            self.last = self.count()?;
        }
        let slot = behaviour.index();
        let (Some(last), Some(before)) = (self.last.get(slot), self.before.get(slot)) else {
            bail!("{} has no room for {}", self.name, behaviour.name);
        };
        Ok(Seen { seen: last.saturating_sub(*before), ..Seen::default() })
    }

    fn detach(&mut self) -> Result<()> {
        if self.loaded {
            self.last = self.count()?;
            self.unload()?;
            self.loaded = false;
        }
        Ok(())
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // Nobody is left to tell; a guest ends with its cell.
        let _ = self.detach();
    }
}
