//! `hookbench doctor`: what this machine can run, what is missing, and what to
//! do about it. It tries rather than looks: the last check boots a guest.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use hookbench_analysis::Summary;
use hookbench_model::{Outcome, Target};
use hookbench_vm::cache::{Cache, Kind};
use hookbench_vm::kernels;

use crate::host::{self, machine};
use crate::kvm::{self, Kvm};
use crate::qemu::{BPF_COMPILER, QemuSession, qemu_version};
use crate::trial;

/// So long may a guest under KVM take to boot and measure: many times what it needs.
const TRIAL: Duration = Duration::from_secs(20);

/// Arguments of `hookbench doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not fetch a kernel or boot a guest
    #[arg(long)]
    offline: bool,
}

/// Prints one line per check; the exit code says whether cells can be measured.
///
/// # Errors
/// Never: what is wrong is a line.
pub fn doctor(args: &Args) -> Result<ExitCode> {
    let mut checks: Vec<(&str, Result<String>)> =
        vec![("QEMU", qemu_version()), ("cache", cache()), ("BPF objects", Ok(BPF_COMPILER.into()))];
    if !args.offline {
        checks.push(("exact clock", exact_clock()));
    }
    let healthy = checks.iter().all(|(_, result)| result.is_ok());
    for (name, result) in &checks {
        match result {
            Ok(found) => println!("ok       {name}: {found}"),
            Err(error) => println!("missing  {name}: {error:#}"),
        }
    }
    println!("{}", under_kvm(args.offline));
    match host::probe() {
        Ok(lines) => print!("{lines}"),
        Err(error) => println!("missing  host: {error:#}"),
    }
    machine();
    for kernel in kernels::rows()? {
        println!("kernel   {}: {}", kernel.name, kept(&kernel.name));
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A cache that cannot be written is enough where it has a kernel.
fn cache() -> Result<String> {
    let cache = Cache::open()?;
    let place = cache.root().display();
    match cache.lock(&|_| ()).and_then(|lock| lock.scratch()) {
        Ok(_) => Ok(place.to_string()),
        Err(_) if !cache.items_of(Kind::KERNELS)?.is_empty() => {
            Ok(format!("{place}, which cannot be written: only what is in it can be used"))
        }
        Err(error) => Err(error),
    }
}

/// Boots the default kernel and times getppid twice: both must agree.
fn exact_clock() -> Result<String> {
    let kernel = kernels::default()?.name.clone();
    let session = QemuSession::open(std::slice::from_ref(&kernel), 1, Duration::from_secs(60), &|message| {
        eprintln!("{message}");
    })?;
    let begin = Instant::now();
    let first = getppid(&session, &kernel)?;
    let took = begin.elapsed();
    if getppid(&session, &kernel)? != first {
        bail!("two boots of {kernel} gave different counts: this QEMU's icount is not exact");
    }
    let p50 = Summary::of(&first).ok_or_else(|| anyhow!("no samples"))?.p50;
    Ok(format!(
        "{kernel} boots and measures in {:.1} s; getppid costs {p50} instructions",
        took.as_secs_f64()
    ))
}

fn getppid(session: &QemuSession, kernel: &str) -> Result<Vec<u64>> {
    match trial::getppid(session, kernel, Target::Tcg) {
        Outcome::Measured(measured) => Ok(measured.samples),
        other => bail!("{}: {}", other.word(), other.reason()),
    }
}

/// What makes numbers of this machine itself doubtful.
fn machine() {
    let hardware = match machine::quietest_cpu().and_then(machine::look) {
        Ok(hardware) => hardware,
        Err(error) => return println!("missing  host, time-stamp counter: {error:#}"),
    };
    let rate = hardware.tsc_khz.map_or("a rate that CPUID does not tell".into(), |khz| format!("{khz} kHz"));
    println!("ok       host, time-stamp counter: rdtscp, {rate}");
    hardware.warnings.iter().for_each(|warning| println!("warning  host: {warning}"));
}

/// Whether guests run under KVM: the default kernel is booted.
fn under_kvm(offline: bool) -> String {
    if let Err(error) = kvm::is_there() {
        return format!("missing  target kvm: {error:#}");
    }
    if offline {
        return "unknown  target kvm: /dev/kvm is there; whether it runs a guest only a boot tells".into();
    }
    let tried = || -> Result<String> {
        let terms = kvm::trial(TRIAL);
        let kernel = kernels::default()?.name.clone();
        let session = QemuSession::open(std::slice::from_ref(&kernel), 1, terms.budget, &|message| {
            eprintln!("{message}")
        })?;
        let session = session.under_kvm(Kvm::of(&terms)?);
        let begin = Instant::now();
        let p50 = kvm::boots(&session, &kernel)?;
        let took = begin.elapsed().as_secs_f64();
        Ok(format!("{kernel} boots and measures in {took:.1} s; getppid costs {p50} TSC cycles"))
    };
    match tried() {
        Ok(found) => format!("ok       target kvm: {found}"),
        Err(error) => {
            let why = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            format!("missing  target kvm: {why}; guests run in TCG (--target tcg)")
        }
    }
}

fn kept(name: &str) -> String {
    let kept = Cache::open().is_ok_and(|cache| cache.root().join(Kind::KERNELS.name).join(name).exists());
    if kept {
        "in the cache".into()
    } else {
        "fetched from the configured Debian mirror when it is first used".into()
    }
}
