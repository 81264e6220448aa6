//! The guest's kernel: file systems, settings, its name, and the wait until it is quiet. Modules that you
//! bring are in `modules.rs`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::ptr;

use anyhow::{Context, Result};
use hookbench_model::protocol::AgentMessage;

/// File systems to mount: type, place and options.
const MOUNTS: &[(&str, &str, &str)] = &[
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", ""),
    ("tracefs", "/sys/kernel/tracing", ""),
    ("securityfs", "/sys/kernel/security", ""),
    ("bpf", "/sys/fs/bpf", ""),
    ("cgroup2", "/sys/fs/cgroup", ""),
    ("tmpfs", "/run", "mode=755"),
    ("tmpfs", "/tmp", "mode=1777"),
    // auditd warns below 75 MB of free space and stops writing below 50 MB.
    ("tmpfs", "/var/log/audit", "mode=700,size=160m"),
];

/// Settings: file and value.
const SETTINGS: &[(&str, &str)] = &[
    // Real-time tasks may have the whole CPU: no throttling inside a sample.
    ("/proc/sys/kernel/sched_rt_runtime_us", "-1"),
    // The kernel frees a burst of namespaces later than it makes them.
    ("/proc/sys/user/max_user_namespaces", "100000"),
];

/// The active security modules, separated by commas.
pub(crate) const SECURITY_MODULES: &str = "/sys/kernel/security/lsm";

/// Nanoseconds. The kernel still works on its own start for a while. Cells begin at a round time of the
/// guest's clock, so its ticks fall the same way for all of them.
const ROUND: u64 = 500_000_000;

/// Mounts [`MOUNTS`], as far as this kernel has them, and applies [`SETTINGS`].
///
/// # Errors
/// When the kernel refuses one.
pub(crate) fn mount_all() -> Result<()> {
    for (kind, place, options) in MOUNTS {
        // If the folder cannot be made, the file system around it has no such place.
        let _ = fs::create_dir_all(place);
        match mount(kind, place, options) {
            Err(error)
                if error.raw_os_error() == Some(libc::ENODEV) || error.kind() == io::ErrorKind::NotFound => {}
            // Debian's kernels mount devtmpfs by themselves.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            result => result.with_context(|| format!("failed to mount {kind} on {place}"))?,
        }
    }
    for (file, value) in SETTINGS {
        fs::write(file, value).with_context(|| format!("failed to write {value} to {file}"))?;
    }
    Ok(())
}

fn mount(kind: &str, place: &str, options: &str) -> io::Result<()> {
    let (kind, place, options) = (CString::new(kind)?, CString::new(place)?, CString::new(options)?);
    let data = options.as_ptr().cast();
    // SAFETY: all strings end in NUL and outlive the call.
    let result = unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, data) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The first message: which kernel this is, how many CPUs are online, and which security modules are active.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn ready(cpus: u16) -> Result<AgentMessage> {
    Ok(AgentMessage::Ready {
        release: release()?,
        version: read("/proc/sys/kernel/version")?,
        cmdline: cmdline()?,
        cpus,
        // A kernel without security modules has no such file, and on the host it may not be readable.
        lsm: read(SECURITY_MODULES).unwrap_or_default(),
    })
}

/// The kernel's command line.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn cmdline() -> Result<String> {
    read("/proc/cmdline")
}

/// `uname -r`.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn release() -> Result<String> {
    read("/proc/sys/kernel/osrelease")
}

fn read(file: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?;
    Ok(text.trim_end().to_string())
}

/// Has the kernel do its one-time work now, so no cell waits for it: it gives back the memory of its start,
/// and it pays what the first BPF program costs.
pub(crate) fn warm() {
    let _ = fs::write("/proc/sys/vm/drop_caches", "3");
    hookbench_probes::attach::bpf::warm();
}

/// Waits until the kernel has done what it does after its start: until the second next round time.
///
/// # Errors
/// When the kernel does not let the agent wait.
pub(crate) fn wait_until_quiet() -> Result<()> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid; the clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    let nanoseconds = now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64;
    let round = (nanoseconds / ROUND + 2) * ROUND;
    let until =
        libc::timespec { tv_sec: (round / 1_000_000_000) as i64, tv_nsec: (round % 1_000_000_000) as i64 };
    // SAFETY: `until` is valid; nothing is written to the null pointer.
    let error =
        unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, ptr::null_mut()) };
    if error == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(error)).context("failed to wait for quiet")
    }
}
