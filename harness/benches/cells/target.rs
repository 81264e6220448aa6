//! The target of `cargo bench`: TCG, or the one in `$HOOKBENCH_BENCH_TARGET`, with its
//! clock.

use anyhow::{Context, Result, bail};
use hookbench::interrupt::Interrupt;
use hookbench::session::Session;
use hookbench::session::guests::{BUDGET, ExactOptions, ExactSession, Kvm, KvmSession, Needs, Provisions};
use hookbench::session::hardware::HardwareOptions;
use hookbench::session::host::{self, HostSession};
use hookbench_model::Target;
use hookbench_vm::kernels;

/// The variable that names the target.
pub(crate) const VARIABLE: &str = "HOOKBENCH_BENCH_TARGET";

/// A target, opened.
pub(crate) struct Place {
    /// The session that runs the cells.
    pub(crate) session: Box<dyn Session>,
    /// The name of its kernel.
    pub(crate) kernel: String,
    /// The target of its cells.
    pub(crate) target: Target,
}

/// Opens the target `name`; TCG by default.
///
/// # Errors
/// When there is no such target, or this machine cannot use it; the error says why.
pub(crate) fn open(name: Option<&str>) -> Result<Place> {
    let target: Target = name.unwrap_or("tcg").parse().with_context(|| format!("in ${VARIABLE}"))?;
    let options = HardwareOptions::one_round(BUDGET);
    if target == Target::Host {
        let session = Box::new(HostSession::open(&options, &Interrupt::default())?);
        return Ok(Place { session, kernel: host::release()?, target });
    }
    let kernel = kernels::default().context("failed to read the kernel table")?.name.clone();
    let fetch = || Provisions::fetch(Needs::kernel(&kernel), &|message| eprintln!("{message}"));
    let session: Box<dyn Session> = match target {
        Target::Kvm => {
            let kvm = Kvm::choose(&options)?;
            let session = KvmSession::open(fetch()?, kvm, &Interrupt::default())?;
            if let Err(error) = session.try_boot(&kernel) {
                bail!("{error:#}; unset ${VARIABLE} to measure in TCG");
            }
            Box::new(session)
        }
        _ => Box::new(ExactSession::open(fetch()?, ExactOptions::default())?),
    };
    Ok(Place { session, kernel, target })
}
