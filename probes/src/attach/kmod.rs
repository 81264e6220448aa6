//! hookbench's kernel modules: load and unload them. Parameters tell a module what to
//! watch, and one parameter shows what it has seen. The sources in `modules/` say what
//! each one does.

use std::ffi::CString;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;

use super::{AttachRequest, Attached, Error, EventCounts};
use crate::slots::SLOTS;

/// The name for the function of a slot that is not watched.
const UNWATCHED: &str = "-";
/// A module that was just detached may stay in use for a moment.
const RETRIES: u32 = 50;
const RETRY: Duration = Duration::from_millis(20);

/// A module that is loaded; it is unloaded when dropped.
#[derive(Debug)]
pub struct KernelModule {
    /// The kernel's name for it.
    name: String,
    loaded: bool,
    /// What it had counted before the first operation.
    before: [u64; SLOTS],
    /// The last count that was read.
    last: [u64; SLOTS],
}

/// Loads the module `name`, which watches the functions of the behaviours.
///
/// # Errors
/// When the kernel refuses it, or it finds that this kernel lacks what it needs.
pub fn at_functions(name: &str, request: &AttachRequest) -> Result<KernelModule, Error> {
    let mut functions = [UNWATCHED; SLOTS];
    for behaviour in request.behaviours {
        let slot = functions.get_mut(behaviour.index());
        *slot.ok_or_else(|| anyhow!("{name} has no room for {}", behaviour.name))? = behaviour.function;
    }
    KernelModule::load(name, request.module, &format!("functions={}", functions.join(",")))
}

/// Loads the module `name`, which watches the system calls of the behaviours, and makes
/// each call once: patching a kernel may succeed and have no effect. `no_effect` says
/// what that means for this module.
///
/// # Errors
/// As [`at_functions`], and when the module does not see the calls.
pub fn at_syscalls(name: &str, request: &AttachRequest, no_effect: &str) -> Result<KernelModule, Error> {
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
    let mut module = KernelModule::load(name, request.module, &parameters)?;
    let mut made = [0; SLOTS];
    for (call, slot) in calls() {
        // SAFETY: -1 is not a valid pointer, descriptor, flag or length: the kernel
        // refuses each call before it does anything.
        unsafe { libc::syscall(call.number.into(), -1, -1, -1, -1, -1, -1) };
        *made.get_mut(slot).ok_or_else(|| anyhow!("{name} has no room for all behaviours"))? += 1;
    }
    let seen = module.read_counts()?;
    let (all, of_them): (u64, u64) = (made.iter().sum(), seen.iter().sum());
    if of_them == 0 {
        return Err(Error::Unsupported(format!("{no_effect}: of {all} watched calls it saw none")));
    }
    if seen != made {
        return Err(anyhow!("{name} saw {seen:?} of the {made:?} calls that hookbench made to try it").into());
    }
    module.before = seen;
    Ok(module)
}

impl KernelModule {
    fn load(name: &str, bytes: &[u8], parameters: &str) -> Result<KernelModule, Error> {
        if bytes.is_empty() {
            return Err(anyhow!("the guest did not get the module {name}").into());
        }
        let text = CString::new(parameters).context("the module's parameters contain a NUL")?;
        // SAFETY: reads `bytes` and a string that ends in NUL; both outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), text.as_ptr()) };
        if result == 0 {
            let name = name.replace('-', "_");
            return Ok(KernelModule { name, loaded: true, before: [0; SLOTS], last: [0; SLOTS] });
        }
        let error = io::Error::last_os_error();
        Err(match error.raw_os_error().and_then(refusal_reason) {
            Some(why) => Error::Unsupported(format!("{name} cannot watch this kernel: {why}")),
            None => {
                let log = last_line_of_kernel_log();
                Error::Failed(anyhow!("failed to load the module {name}: {error} [{log}]"))
            }
        })
    }

    /// What it has counted since it was loaded.
    fn read_counts(&self) -> Result<[u64; SLOTS]> {
        let file = format!("/sys/module/{}/parameters/seen", self.name);
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
        let numbers: Option<Vec<u64>> = text.trim().split(',').map(|number| number.parse().ok()).collect();
        numbers
            .and_then(|numbers| numbers.try_into().ok())
            .with_context(|| format!("failed to understand {file}: {text:?}"))
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
        bail!("failed to unload {}: it is still in use", self.name)
    }
}

/// Why one of hookbench's modules refuses a kernel, by the error that it returns. The
/// kernel itself returns other errors.
fn refusal_reason(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EILSEQ => "ftrace has no place for a call at the entry of a function",
        libc::ENOSYS => "it lacks the functions that patch code",
        libc::EOPNOTSUPP => {
            "with page table isolation a module is not mapped where the CPU enters the kernel"
        }
        // The kernel returns it too, for a function that ftrace or livepatch cannot find.
        libc::ENOENT => "it has no symbol for the code to be patched",
        libc::EKEYREJECTED => "it only loads signed modules",
        _ => return None,
    })
}

/// The last line of the kernel's log, which says why the kernel refuses a module.
fn last_line_of_kernel_log() -> String {
    const READ_ALL: libc::c_int = 3;
    let mut log = vec![0u8; 4096];
    // SAFETY: writes as many bytes to `log` as it has.
    let length = unsafe { libc::klogctl(READ_ALL, log.as_mut_ptr().cast(), log.len() as libc::c_int) };
    log.truncate(usize::try_from(length).unwrap_or(0));
    let text = String::from_utf8_lossy(&log);
    text.lines().next_back().unwrap_or("the kernel's log is empty").to_owned()
}

impl Attached for KernelModule {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<EventCounts> {
        if self.loaded {
            self.last = self.read_counts()?;
        }
        let slot = behaviour.index();
        let (Some(last), Some(before)) = (self.last.get(slot), self.before.get(slot)) else {
            bail!("{} has no room for {}", self.name, behaviour.name);
        };
        Ok(EventCounts { seen: last.saturating_sub(*before), ..EventCounts::default() })
    }

    fn detach(&mut self) -> Result<()> {
        if self.loaded {
            self.last = self.read_counts()?;
            self.unload()?;
            self.loaded = false;
        }
        Ok(())
    }
}

impl Drop for KernelModule {
    fn drop(&mut self) {
        // An error cannot be reported here; a guest ends with its cell.
        let _ = self.detach();
    }
}
