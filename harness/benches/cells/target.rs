//! The target of `cargo bench`: TCG, or the one in `$HOOKBENCH_BENCH_TARGET`, with its
//! clock.

use anyhow::{Context, Result, bail};
use hookbench::run::interrupt::Stop;
use hookbench::session::Session;
use hookbench::session::guests::kvm::{self, Kvm};
use hookbench::session::guests::{BUDGET, QemuSession};
use hookbench::session::host::{self, HostSession, Terms};
use hookbench_model::{Clock, Target};
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
    let terms = Terms { clocks: vec![Clock::Tsc], rounds: 1, seed: 0, budget: BUDGET };
    if target == Target::Host {
        let session = Box::new(HostSession::open(&terms, &Stop::default())?);
        return Ok(Place { session, kernel: host::release()?, target });
    }
    let kernel = kernels::default().context("failed to read the kernel table")?.name.clone();
    let kvm = if target == Target::Kvm { Some(Kvm::of(&terms)?) } else { None };
    let session =
        QemuSession::open(std::slice::from_ref(&kernel), 1, BUDGET, &|message| eprintln!("{message}"))?;
    let session = match kvm {
        None => session,
        Some(kvm) => {
            let session = session.under_kvm(kvm);
            if let Err(error) = kvm::boots(&session, &kernel) {
                bail!("{error:#}; unset ${VARIABLE} to measure in TCG");
            }
            session
        }
    };
    Ok(Place { session: Box::new(session), kernel, target })
}
