//! `hookbench doctor`: checks what this machine can run, what is missing, and how to
//! install it. It tries things instead of looking for files: it boots guests.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use hookbench_analysis::Summary;
use hookbench_model::Outcome;
use hookbench_vm::cache::{Cache, Kind};
use hookbench_vm::kernels;
use hookbench_vm::machine::{QEMU_VARIABLE, Qemu};

use super::say;
use crate::interrupt::Interrupt;
use crate::session::embedded::BPF_COMPILER;
use crate::session::guests::kvm::check_device;
use crate::session::guests::{ExactOptions, ExactSession, Kvm, KvmSession, Needs, Provisions};
use crate::session::host::{self, machine};
use crate::session::{hardware::HardwareOptions, trial};

/// Time limit of the trial guest under KVM, many times what it needs.
const TRIAL: Duration = Duration::from_secs(20);

/// Arguments of `hookbench doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not download a kernel or boot a guest
    #[arg(long)]
    offline: bool,
}

/// Prints one line per check. The exit code says whether hookbench can measure cells.
///
/// # Errors
/// When the kernel table cannot be read. A failed check is a line, not an error.
pub fn doctor(args: &Args) -> Result<ExitCode> {
    let mut checks: Vec<(&str, Result<String>)> =
        vec![("QEMU", qemu(args.offline)), ("cache", cache()), ("BPF objects", Ok(BPF_COMPILER.into()))];
    if !args.offline {
        checks.push(("exact clock", exact_clock()));
    }
    let healthy = checks.iter().all(|(_, result)| result.is_ok());
    for (name, result) in &checks {
        match result {
            Ok(found) => say::result(&format!("ok       {name}: {found}\n"))?,
            Err(error) => say::result(&format!("missing  {name}: {error:#}\n"))?,
        }
    }
    say::result(&format!("{}\n", under_kvm(args.offline)))?;
    match host::probe() {
        Ok(lines) => say::result(&lines)?,
        Err(error) => say::result(&format!("missing  host: {error:#}\n"))?,
    }
    say::result(&machine())?;
    for kernel in kernels::rows()? {
        say::result(&format!("kernel   {}: {}\n", kernel.name, whether_cached(&kernel.name)))?;
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the version of the QEMU that runs guests, and its path if the user chose it.
fn qemu(offline: bool) -> Result<String> {
    let chosen = std::env::var(QEMU_VARIABLE).unwrap_or_default();
    if offline && !chosen.is_empty() && !chosen.contains('/') {
        return Ok(format!("of {chosen}, downloaded from the configured Debian mirror on first use"));
    }
    let qemu = Qemu::chosen(&Cache::open()?, &|message| eprintln!("{message}"))?;
    let version = qemu.version()?;
    Ok(if chosen.is_empty() { version } else { format!("{version}: {}", qemu.program().display()) })
}

/// A read-only cache is sufficient if it holds a kernel.
fn cache() -> Result<String> {
    let cache = Cache::open()?;
    let place = cache.root().display();
    match cache.lock(&|_| ()).and_then(|lock| lock.scratch()) {
        Ok(_) => Ok(place.to_string()),
        Err(_) if !cache.items_of(Kind::KERNELS)?.is_empty() => {
            Ok(format!("{place}, which is read-only: hookbench can only use what is in it"))
        }
        Err(error) => Err(error),
    }
}

/// Boots the default kernel and times getppid, twice. Both must give the same counts.
fn exact_clock() -> Result<String> {
    let kernel = kernels::default()?.name.clone();
    let budget = Duration::from_secs(60);
    let session = ExactSession::open(fetch(&kernel)?, ExactOptions { budget, ..ExactOptions::default() })?;
    let begin = Instant::now();
    let first = getppid(&session, &kernel)?;
    let took = begin.elapsed();
    if getppid(&session, &kernel)? != first {
        bail!("two boots of {kernel} gave different counts: the -icount of this QEMU is not exact");
    }
    let p50 = Summary::from_samples(&first).ok_or_else(|| anyhow!("no samples"))?.p50;
    Ok(format!(
        "{kernel} boots and measures in {:.1} s; getppid costs {p50} instructions",
        took.as_secs_f64()
    ))
}

/// Obtains what a guest with `kernel` needs.
fn fetch(kernel: &str) -> Result<Provisions> {
    Provisions::fetch(Needs::kernel(kernel), &|message| eprintln!("{message}"))
}

fn getppid(session: &ExactSession, kernel: &str) -> Result<Vec<u64>> {
    match trial::getppid(session, kernel) {
        Outcome::Measured(measured) => Ok(measured.samples),
        other => bail!("{}: {}", other.word(), other.reason()),
    }
}

/// What makes numbers measured on this machine unreliable, in lines.
fn machine() -> String {
    let hardware = match machine::quietest_cpu().and_then(machine::describe) {
        Ok(hardware) => hardware,
        Err(error) => return format!("missing  host, time-stamp counter: {error:#}\n"),
    };
    let rate = hardware.tsc_khz.map_or("unknown rate (not in CPUID)".into(), |khz| format!("{khz} kHz"));
    let first = format!("ok       host, time-stamp counter: rdtscp, {rate}\n");
    let warnings = hardware.warnings.iter().map(|warning| format!("warning  host: {warning}\n"));
    std::iter::once(first).chain(warnings).collect()
}

/// Boots the default kernel under KVM and reports whether that works.
fn under_kvm(offline: bool) -> String {
    if let Err(error) = check_device() {
        return format!("missing  target kvm: {error:#}");
    }
    if offline {
        return "unknown  target kvm: /dev/kvm exists; only booting a guest shows whether it works".into();
    }
    let tried = || -> Result<String> {
        let kernel = kernels::default()?.name.clone();
        let kvm = Kvm::choose(&HardwareOptions::one_round(TRIAL))?;
        let session = KvmSession::open(fetch(&kernel)?, kvm, &Interrupt::default())?;
        let begin = Instant::now();
        let p50 = session.try_boot(&kernel)?;
        let took = begin.elapsed().as_secs_f64();
        Ok(format!("{kernel} boots and measures in {took:.1} s; getppid costs {p50} TSC cycles"))
    };
    match tried() {
        Ok(found) => format!("ok       target kvm: {found}"),
        Err(error) => {
            let why = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            format!("missing  target kvm: {why}; use TCG (--target tcg)")
        }
    }
}

fn whether_cached(name: &str) -> String {
    let is_cached =
        Cache::open().is_ok_and(|cache| cache.root().join(Kind::KERNELS.name).join(name).exists());
    if is_cached {
        "in the cache".into()
    } else {
        "downloaded from the configured Debian mirror on first use".into()
    }
}
