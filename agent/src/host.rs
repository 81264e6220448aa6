//! The agent as a child of the harness on a machine of others: no ports, no mounts,
//! no settings, nothing that keeps the CPU busy. The cell comes by standard input,
//! the answer leaves by what was standard output. What a cell changes in the kernel
//! is in the ledger before it is changed, and undone at the end.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::{AgentMessage, HostOrder};
use hookbench_probes::Monitor;
use hookbench_probes::attach::{die_with, ledger};

use crate::prepared::Prepared;
use crate::{budget, cell, failed, kernel, line};

/// Where answers go, once this process is known to be no guest's.
static ANSWERS: OnceLock<OwnedFd> = OnceLock::new();
/// Longer than any order.
const LONGEST: u64 = 64 * 1024;

/// The descriptor for answers; `None` in a guest, which has ports.
pub(crate) fn answers() -> Option<&'static OwnedFd> {
    ANSWERS.get()
}

/// Writes all of `bytes`; also from a signal handler.
pub(crate) fn say(descriptor: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the buffer is valid for its length.
        let written = unsafe { libc::write(descriptor.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) => bytes = &bytes[written.min(bytes.len())..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            // Nobody listens any more.
            Err(_) => return,
        }
    }
}

/// `--host PARENT`: runs the one cell that is asked for.
pub(crate) fn run(parent: u32) -> ExitCode {
    match prepare(parent).and_then(|()| answer()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookbench-agent: {error:#}");
            crate::say(&failed(&error));
            ExitCode::FAILURE
        }
    }
}

/// `--settle LEDGER`: undoes what an interrupted run has left.
pub(crate) fn settle(path: &str) -> ExitCode {
    match ledger::settle(Path::new(path)) {
        Ok(undone) => {
            let said: String = undone.iter().map(|undo| format!("{undo:?}\n")).collect();
            let _ = io::stdout().write_all(said.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hookbench-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends with the harness; answers go where standard output went, and what anybody
/// prints to standard error.
fn prepare(parent: u32) -> Result<()> {
    die_with(parent).context("failed to be ended with the harness")?;
    // SAFETY: both descriptors are open; the copy is owned at once.
    unsafe {
        let copy = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 3);
        if copy < 0 || libc::dup2(2, 1) < 0 {
            return Err(io::Error::last_os_error()).context("failed to keep standard output for answers");
        }
        ANSWERS.get_or_init(|| OwnedFd::from_raw_fd(copy));
    }
    Ok(())
}

fn answer() -> Result<()> {
    let mut bytes = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut bytes).context("failed to read the cell")?;
    let order: HostOrder = serde_json::from_slice(&bytes).context("failed to understand the cell")?;
    let nothing = File::open("/dev/null").context("failed to open /dev/null")?;
    // SAFETY: both descriptors are open. Workloads start programs, which get this one.
    unsafe { libc::dup2(nothing.as_raw_fd(), 0) };
    crate::say(&kernel::ready()?);
    hookbench_workloads::noop_is_at(&order.noop);
    stay_on(order.cpu).with_context(|| format!("failed to stay on CPU {}", order.cpu))?;
    budget::start(Duration::from_secs(order.cell.budget)).context("failed to set the cell's budget")?;
    if let Some(path) = &order.ledger {
        ledger::open(Path::new(path))?;
    }
    let answer = Prepared::of_host(&order)
        .and_then(|prepared| cell::run(&order.cell, prepared))
        .unwrap_or_else(lacking);
    // What was changed is undone before anybody hears of it.
    ledger::close()?;
    say(ANSWERS.get().context("nobody listens")?, &line(&answer));
    Ok(())
}

fn stay_on(cpu: u32) -> io::Result<()> {
    // SAFETY: a set of bits, for which zero is valid; both calls get it whole.
    let result = unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu as usize, &mut one);
        libc::sched_setaffinity(0, size_of_val(&one), &one)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Monitors that load a policy into the kernel, which is for good.
const POLICIES: &[&str] = &["selinux", "apparmor", "tomoyo"];

/// Why `monitor` cannot be used on this machine, as far as it is known before it is tried.
pub(crate) fn refused(monitor: Monitor) -> Option<String> {
    let (mechanism, requires) = (monitor.mechanism.info().name, monitor.sink.requires);
    if requires.module.is_some() {
        return Some("it is a kernel module, and hookbench loads none into a machine of others".into());
    }
    if POLICIES.contains(&mechanism) {
        return Some(format!("{mechanism} would get another policy than this machine has: only in a guest"));
    }
    let cmdline = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    if let Some(word) = requires.boot.iter().find(|word| !cmdline.split_whitespace().any(|own| own == **word))
    {
        return Some(format!("this machine was booted without {word}"));
    }
    for option in requires.config {
        if kernel_lacks(option) {
            return Some(format!("the kernel was built without {option}"));
        }
    }
    if !requires.lsm.is_empty() {
        const ACTIVE: &str = "/sys/kernel/security/lsm";
        let Ok(active) = fs::read_to_string(ACTIVE) else {
            return Some(format!(
                "{ACTIVE} cannot be read: which modules are active is not known; mount securityfs"
            ));
        };
        if let Some(lsm) = requires.lsm.iter().find(|lsm| !active.trim().split(',').any(|own| own == **lsm)) {
            return Some(format!(
                "the security module {lsm} is not active; the boot line's lsm= has to name it"
            ));
        }
    }
    None
}

/// Whether the kernel's configuration, where a distribution keeps it, is without `option`.
pub(crate) fn kernel_lacks(option: &str) -> bool {
    let config =
        kernel::release().ok().and_then(|release| fs::read_to_string(format!("/boot/config-{release}")).ok());
    config.is_some_and(|config| !config.lines().any(|line| line == format!("{option}=y")))
}

/// Which capabilities all monitors together need, by number and name.
const CAPABILITIES: &[(u32, &str)] = &[
    (1, "CAP_DAC_OVERRIDE"),
    (12, "CAP_NET_ADMIN"),
    (21, "CAP_SYS_ADMIN"),
    (23, "CAP_SYS_NICE"),
    (30, "CAP_AUDIT_CONTROL"),
    (38, "CAP_PERFMON"),
    (39, "CAP_BPF"),
];

/// An error of a process that may not do what it tried is none of the monitor's.
fn lacking(error: anyhow::Error) -> AgentMessage {
    let denied = error.chain().any(|cause| {
        let number = cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
        number == Some(libc::EPERM) || number == Some(libc::EACCES)
    }) || format!("{error:#}").contains("ermission");
    let missing = missing_capabilities();
    if !denied || missing.is_empty() {
        return failed(&error);
    }
    AgentMessage::Unsupported(format!("{error:#}; this process lacks {}", missing.join(", ")))
}

pub(crate) fn missing_capabilities() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let held = line.and_then(|held| u64::from_str_radix(held.trim(), 16).ok()).unwrap_or(u64::MAX);
    CAPABILITIES.iter().filter(|(number, _)| held >> number & 1 == 0).map(|(_, name)| *name).collect()
}
