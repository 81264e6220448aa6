//! `hookbench run --target kvm`: the plan in guests under KVM, in rounds. A guest is
//! booted for each cell and round, and thrown away.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use hookbench_model::Target;

use super::asked::{Asked, asked};
use super::on_host::{in_rounds, possible, terms};
use super::progress::Progress;
use super::run::{Args, may_use};
use super::{baselined, usage};
use crate::kvm::{self, Kvm};
use crate::qemu::QemuSession;
use crate::stop::Stop;

/// Runs the plan under KVM.
///
/// # Errors
/// As of any run; and when KVM runs no guest, with the reason.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut asked = asked(args).map_err(usage)?;
    asked.planned.iter_mut().for_each(|planned| planned.cell.target = Target::Kvm);
    let terms = terms(args);
    allowed(args, &asked).and_then(|()| possible(&asked, &terms)).map_err(usage)?;
    may_use(args).map_err(usage)?;
    baselined::check(args).map_err(usage)?;
    let stop = Stop::on_signals().context("failed to listen to signals")?;
    let works = || -> Result<QemuSession> {
        let kvm = Kvm::of(&terms)?;
        let progress = Progress::begin("fetch", 0);
        let say = |message: &str| progress.say(message);
        let session = QemuSession::open(&asked.kernels, 1, terms.budget, &say)?;
        let session = session.with_modules(&asked.with_modules(), &say).with_own(asked.owns.clone(), &say)?;
        let session = session.under_kvm(kvm).stopped_by(&stop);
        let kernel = asked.kernels.first().context("no kernel is asked for")?;
        kvm::boots(&session, kernel)?;
        session.for_cells(asked.planned.iter().map(|planned| &planned.cell))
    };
    let session = works().context("no run under KVM; without it there is --target tcg, which is exact")?;
    let environment = session.environment().clone();
    in_rounds(args, &asked, (&session, environment), &terms, &stop)
}

/// Whether what is asked for can be had under KVM.
fn allowed(args: &Args, asked: &Asked) -> Result<()> {
    ensure!(
        !args.resume
            && args.shard.is_none()
            && args.fault.is_none()
            && args.jobs.is_none_or(|jobs| jobs == 1),
        "--resume, --shard, --fault and --jobs are of --target tcg: under KVM cells run one after another, in \
         rounds"
    );
    let several = asked.planned.iter().find(|planned| planned.cell.boot.cpus > 1);
    ensure!(
        several.is_none(),
        "guests under KVM have one CPU, which stays on one of this machine's; leave --cpus to --target tcg"
    );
    Ok(())
}
