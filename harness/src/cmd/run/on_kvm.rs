//! `hookbench run --target kvm`: runs the plan in guests under KVM, in rounds. hookbench
//! boots a new guest for each cell in each round.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use hookbench_model::Target;

use super::args::Args;
use super::baseline_flags;
use super::may_use;
use super::on_host::{in_rounds, possible, terms};
use super::selection::{Asked, asked};
use crate::cmd::progress::Progress;
use crate::cmd::usage;
use crate::run::interrupt::Interrupt;
use crate::session::guests::{Kvm, KvmSession, Provisions};
use crate::session::hardware::HardwareOptions;

/// Runs the plan under KVM.
///
/// # Errors
/// Those of any run, and when KVM cannot run a guest; the error says why.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let mut asked = asked(args).map_err(usage)?;
    asked.planned.iter_mut().for_each(|planned| planned.cell.target = Target::Kvm);
    let terms = terms(args);
    allowed(args, &asked).and_then(|()| possible(&asked, &terms)).map_err(usage)?;
    may_use(args).map_err(usage)?;
    baseline_flags::check(args).map_err(usage)?;
    let (session, stop) = open(&asked, &terms)
        .context("cannot run under KVM (use --target tcg, which needs no KVM and counts exactly)")?;
    in_rounds(args, &asked, &session, &terms, &stop)
}

fn open(asked: &Asked, options: &HardwareOptions) -> Result<(KvmSession, Interrupt)> {
    let kvm = Kvm::choose(options)?;
    let provisions = {
        let progress = Progress::begin("fetch", 0);
        Provisions::fetch(asked.needs(), &|message| progress.say(message))?
    };
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let session = KvmSession::open(provisions, kvm, &interrupt)?;
    session.try_boot(asked.kernels.first().context("no kernel was selected")?)?;
    Ok((session, interrupt))
}

/// Refuses options that `--target kvm` does not support.
fn allowed(args: &Args, asked: &Asked) -> Result<()> {
    ensure!(
        !args.resume
            && args.shard.is_none()
            && args.fault.is_none()
            && args.jobs.is_none_or(|jobs| jobs == 1),
        "--resume, --shard, --fault and --jobs do not work with --target kvm, which runs one cell at a time, \
         in rounds"
    );
    let several = asked.planned.iter().find(|planned| planned.cell.boot.cpus > 1);
    ensure!(
        several.is_none(),
        "a guest under KVM has one CPU, pinned to one of this machine's; use --cpus with --target tcg"
    );
    Ok(())
}
