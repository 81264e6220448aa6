//! What this machine can do for the target `host`: the agent tries each thing in a way that changes nothing. It
//! prints one line each, beginning with `ok` or `missing`; `hookbench doctor` shows them.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use hookbench_probes::attach::audit_link::{AuditLink, OpenError};
use hookbench_probes::attach::perf_clock::{self, EVENTS};
use hookbench_probes::attach::{WORKER_PRIORITY, bpf, set_fifo, tracefs};

use super::capabilities;
use crate::refusal::kernel_lacks;

/// Prints the lines.
pub(crate) fn run() -> ExitCode {
    for (name, found) in [
        ("capabilities", capabilities()),
        ("kernel's options", options()),
        ("BPF", bpf()),
        ("BPF LSM", bpf_lsm()),
        ("tracefs", trace()),
        ("ftrace clock", trace_clock()),
        ("audit", audit()),
        ("real-time worker", real_time()),
    ] {
        say(name, found);
    }
    perf();
    ExitCode::SUCCESS
}

fn say(name: &str, found: Result<String, String>) {
    match found {
        Ok(found) => println!("ok       host, {name}: {found}"),
        Err(why) => println!("missing  host, {name}: {why}"),
    }
}

fn capabilities() -> Result<String, String> {
    match &capabilities::missing()[..] {
        [] => Ok("all that monitors need".into()),
        missing => Err(format!("this process lacks {}; run it as root", missing.join(", "))),
    }
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_string())
}

fn options() -> Result<String, String> {
    let wanted = [
        "CONFIG_AUDITSYSCALL",
        "CONFIG_KPROBE_EVENTS",
        "CONFIG_FTRACE_SYSCALLS",
        "CONFIG_BPF_LSM",
        "CONFIG_DEBUG_INFO_BTF",
    ];
    let without: Vec<&str> = wanted.into_iter().filter(|option| kernel_lacks(option)).collect();
    match &without[..] {
        [] => Ok("no needed option is known to be missing".into()),
        _ => Err(format!("the kernel was built without {}", without.join(", "))),
    }
}

fn bpf() -> Result<String, String> {
    let unprivileged =
        read("/proc/sys/kernel/unprivileged_bpf_disabled").unwrap_or_else(|| "not there".into());
    let lockdown = read("/sys/kernel/security/lockdown").unwrap_or_else(|| "not known".into());
    let settings = format!("kernel.unprivileged_bpf_disabled: {unprivileged}, lockdown: {lockdown}");
    match bpf::may_use() {
        Ok(()) => Ok(format!("may be used ({settings})")),
        Err(why) => Err(format!("{why} ({settings})")),
    }
}

fn bpf_lsm() -> Result<String, String> {
    match read("/sys/kernel/security/lsm") {
        Some(active) if active.split(',').any(|module| module == "bpf") => Ok(active),
        Some(active) => Err(format!("the active modules are {active}; boot with lsm={active},bpf")),
        None => Err("/sys/kernel/security/lsm cannot be read: mount securityfs".into()),
    }
}

fn trace() -> Result<String, String> {
    match tracefs::in_use() {
        None => Ok("no other process uses it".into()),
        Some(why) => Err(why),
    }
}

fn trace_clock() -> Result<String, String> {
    let clocks = fs::read_to_string(tracefs::path("trace_clock"))
        .map_err(|error| format!("{}: {error}", tracefs::path("trace_clock").display()))?;
    if !clocks.contains("x86-tsc") {
        return Err(format!("the trace has no clock x86-tsc, only {}", clocks.trim()));
    }
    if !Path::new(&tracefs::path("instances")).is_dir() {
        return Err("the trace has no instances".into());
    }
    Ok("trace_clock x86-tsc, in a separate instance".into())
}

fn audit() -> Result<String, String> {
    let link = match AuditLink::open() {
        Ok(link) => link,
        Err(OpenError::Off) => return Err("the audit subsystem is off (audit=0, or built without)".into()),
        Err(OpenError::Failed(error)) => return Err(format!("no netlink socket: {error}")),
    };
    let status = link.status().map_err(|error| format!("{error:#}; it needs CAP_AUDIT_CONTROL"))?;
    if status.enabled > 1 {
        return Err("its configuration is locked until the next boot".into());
    }
    let reader =
        if status.pid == 0 { "no process reads".into() } else { format!("process {} reads", status.pid) };
    let rules = link.rules().map_err(|error| format!("{error:#}"))?;
    Ok(format!(
        "enabled={}, backlog limit {}, rules: {rules}, {reader} its records",
        status.enabled, status.limit
    ))
}

fn real_time() -> Result<String, String> {
    // The change is harmless: this process is about to end.
    match set_fifo(0, WORKER_PRIORITY) {
        Ok(()) => Ok("SCHED_FIFO".into()),
        Err(error) => Err(format!("{error}; it needs CAP_SYS_NICE, or RLIMIT_RTPRIO of {WORKER_PRIORITY}")),
    }
}

fn perf() {
    match perf_clock::probe() {
        Ok((found, missing)) => {
            for place in found {
                say(&format!("perf, {}", EVENTS[place].what), Ok("counts".into()));
            }
            for (place, why) in missing {
                say(&format!("perf, {}", EVENTS[place].what), Err(why));
            }
        }
        Err(error) => say("perf", Err(format!("{error:#}"))),
    }
}
