//! Where `cargo bench` measures: in TCG, or where `$HOOKBENCH_BENCH_TARGET` says, by the
//! clock of that.

use anyhow::{Context, Result, bail};
use hookbench::host::{self, HostSession, Terms};
use hookbench::kvm::{self, Kvm};
use hookbench::qemu::{BUDGET, QemuSession};
use hookbench::session::Session;
use hookbench::stop::Stop;
use hookbench_model::{Clock, Target};
use hookbench_vm::kernels;

/// The variable that names the target.
pub(crate) const VARIABLE: &str = "HOOKBENCH_BENCH_TARGET";

/// Where cells are measured.
pub(crate) struct Place {
    /// The session.
    pub(crate) session: Box<dyn Session>,
    /// Its kernel.
    pub(crate) kernel: String,
    /// Its target, which cells have.
    pub(crate) target: Target,
}

/// The place that `name` says; in TCG where nothing is said.
///
/// # Errors
/// When there is no such target, or it cannot be used here, with the reason.
pub(crate) fn open(name: Option<&str>) -> Result<Place> {
    let target: Target = name.unwrap_or("tcg").parse().with_context(|| format!("in ${VARIABLE}"))?;
    let terms = Terms { clocks: vec![Clock::Tsc], rounds: 1, seed: 0, budget: BUDGET };
    if target == Target::Host {
        let session = Box::new(HostSession::open(&terms, &Stop::default())?);
        return Ok(Place { session, kernel: host::release()?, target });
    }
    let kernel = kernels::default().context("the table of kernels is not sound")?.name.clone();
    let kvm = if target == Target::Kvm { Some(Kvm::of(&terms)?) } else { None };
    let session =
        QemuSession::open(std::slice::from_ref(&kernel), 1, BUDGET, &|message| eprintln!("{message}"))?;
    let session = match kvm {
        None => session,
        Some(kvm) => {
            let session = session.under_kvm(kvm);
            if let Err(error) = kvm::boots(&session, &kernel) {
                bail!("{error:#}; without ${VARIABLE}, cells are measured in TCG");
            }
            session
        }
    };
    Ok(Place { session: Box::new(session), kernel, target })
}
