//! hookbench's kernel modules: load and unload them. Parameters tell a module what to
//! watch, and one parameter shows what it has seen. The sources in `modules/` say what
//! each one does.

use std::ffi::CString;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::vain::call_in_vain;
use super::{AttachRequest, Attached, Error, EventCounts};

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
    before: u64,
    /// The last count that was read.
    last: u64,
}

/// Loads the module `name`, which watches the function of the behaviour.
///
/// # Errors
/// When the kernel refuses it, or it finds that this kernel lacks what it needs.
pub fn at_function(name: &str, request: &AttachRequest) -> Result<KernelModule, Error> {
    KernelModule::load(name, request.module, &format!("function={}", request.behaviour.function))
}

/// Loads the module `name`, which watches the system calls of the behaviour, and makes
/// each call once: patching a kernel may succeed and have no effect. `no_effect` says
/// what that means for this module.
///
/// # Errors
/// As [`at_function`], and when the module does not see the calls.
pub fn at_syscalls(name: &str, request: &AttachRequest, no_effect: &str) -> Result<KernelModule, Error> {
    let numbers: Vec<u32> = request.behaviour.syscalls.iter().map(|call| call.number).collect();
    let list: Vec<String> = numbers.iter().map(u32::to_string).collect();
    let mut module = KernelModule::load(name, request.module, &format!("calls={}", list.join(",")))?;
    for number in &numbers {
        call_in_vain(*number);
    }
    let (made, seen) = (numbers.len() as u64, module.read_count()?);
    if seen == 0 {
        return Err(Error::Unsupported(format!("{no_effect}: of {made} watched calls it saw none")));
    }
    if seen != made {
        return Err(anyhow!("{name} saw {seen} of the {made} calls that hookbench made to try it").into());
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
            return Ok(KernelModule { name, loaded: true, before: 0, last: 0 });
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
    fn read_count(&self) -> Result<u64> {
        let file = format!("/sys/module/{}/parameters/seen", self.name);
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
        text.trim().parse().with_context(|| format!("failed to understand {file}: {text:?}"))
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
    fn seen(&mut self) -> Result<EventCounts> {
        if self.loaded {
            self.last = self.read_count()?;
        }
        Ok(EventCounts { seen: self.last.saturating_sub(self.before), ..EventCounts::default() })
    }

    fn detach(&mut self) -> Result<()> {
        if self.loaded {
            self.last = self.read_count()?;
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
