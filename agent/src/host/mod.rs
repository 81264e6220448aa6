//! The agent as a child of hookbench on the host: no devices, no mounts, no settings, nothing that keeps the
//! CPU busy. The cell comes through standard input, and the answer leaves through what was standard output.
//! The ledger lists what a cell changes in the kernel before the cell changes it; the agent undoes it at the
//! end.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::{AgentMessage, HostOrder};
use hookbench_probes::attach::{die_with_parent, ledger};

use crate::boot::kernel;
use crate::cell::attachment::Attachment;
use crate::cell::prepared::Prepared;
use crate::cell::{self, budget};
use crate::channel::{self, Channel};
use crate::process;
use crate::stage::Stage;

mod capabilities;
pub(crate) mod probe;
pub(crate) mod settle;

/// The longest order in bytes.
const LONGEST: u64 = 64 * 1024;

/// `--host PARENT`: runs the one cell that the process PARENT asks for.
pub(crate) fn run(parent: u32) -> ExitCode {
    let error = match answers_of(parent) {
        Ok(answers) => match answer(answers) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => {
                Channel::Descriptor(answers).send(&channel::failed(&error));
                error
            }
        },
        Err(error) => error,
    };
    eprintln!("hookbench-agent: {error:#}");
    ExitCode::FAILURE
}

/// Ties this process's life to its parent's, and keeps standard output for answers: what anything prints goes
/// to standard error.
fn answers_of(parent: u32) -> Result<BorrowedFd<'static>> {
    die_with_parent(parent).context("failed to tie the agent's life to hookbench's")?;
    // SAFETY: standard output and standard error are open; the copy is never closed.
    unsafe {
        let copy = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 3);
        if copy < 0 || libc::dup2(2, 1) < 0 {
            return Err(io::Error::last_os_error()).context("failed to keep standard output for answers");
        }
        Ok(BorrowedFd::borrow_raw(copy))
    }
}

fn answer(answers: BorrowedFd<'static>) -> Result<()> {
    let mut bytes = Vec::new();
    io::stdin().take(LONGEST).read_to_end(&mut bytes).context("failed to read the cell")?;
    let order: HostOrder = serde_json::from_slice(&bytes).context("failed to understand the cell")?;
    let nothing = File::open("/dev/null").context("failed to open /dev/null")?;
    // SAFETY: both descriptors are open. Programs that workloads start inherit this one.
    unsafe { libc::dup2(nothing.as_raw_fd(), 0) };
    let HostOrder { cell, secondary_clocks, cpu, noop, ledger } = order;
    let stage = Stage::Host(answers, secondary_clocks);
    let channel = stage.channel();
    channel.send(&kernel::ready(1)?);
    hookbench_workloads::set_noop_path(&noop);
    process::stay_on(cpu).with_context(|| format!("failed to stay on CPU {cpu}"))?;
    budget::start("the cell", Duration::from_secs(cell.budget), channel)
        .context("failed to set the cell's budget")?;
    if let Some(path) = &ledger {
        ledger::open(Path::new(path))?;
    }
    let measured = Prepared::for_host(stage, &cell)
        .map_err(Into::into)
        .and_then(|prepared| {
            let attachment = Attachment::for_cell(&cell, &prepared)?;
            cell::run(&cell, prepared, attachment)
        })
        .map_err(capabilities::explain);
    // The changes are undone before hookbench gets the answer.
    ledger::close()?;
    channel.send(&measured.map_or_else(AgentMessage::from, AgentMessage::Measured));
    Ok(())
}
