//! Guests that run a program of ours instead of a cell. They resume from the same snapshots as cells.

use anyhow::{Context, Result};
use hookbench_model::protocol::{AgentMessage, LONGEST_PROGRAM_ANSWER, ProgramOrder};
use hookbench_model::{Cell, Failure, FailureKind};
use hookbench_vm::cache::Cache;
use hookbench_vm::guest::{self, Answer, GuestOptions, Start};
use hookbench_vm::image::GuestFile;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::payload::{self, Payload};

use super::exact::{ExactSession, machine};
use crate::verify::modules;
use crate::verify::outcome::failure;
use crate::verify::requirements::{boot_line, missing};

/// A program that a guest runs.
pub struct Program<'a> {
    /// The cell whose kernel, machine and boot line the guest has.
    pub boots_as: &'a Cell,
    /// Words that its boot line has in addition.
    pub words: &'a [&'a str],
    /// The files that the guest gets.
    pub files: &'a [GuestFile],
    /// What to run.
    pub order: ProgramOrder,
}

/// How a guest with a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// The program ended and wrote this.
    Answered(String),
    /// The kernel cannot run it, for this reason.
    Unsupported(String),
    /// It should have worked.
    Failed(Failure),
}

impl ExactSession {
    /// The kernel called `name`, with which the session was opened.
    ///
    /// # Errors
    /// When the session has no such kernel.
    pub fn kernel(&self, name: &str) -> Result<&Kernel> {
        let kernels = &self.guests.provisions.kernels;
        kernels.get(name).with_context(|| format!("the session was opened without the kernel {name}"))
    }

    /// The cache of the session.
    pub fn cache(&self) -> &Cache {
        &self.guests.provisions.cache
    }

    /// Runs `program` in a guest that resumes from a snapshot, until it ends.
    ///
    /// # Errors
    /// When the files cannot be packed.
    pub fn run_program(&self, program: &Program<'_>) -> Result<Ran> {
        let Program { boots_as: cell, words, files, order } = program;
        if let Some(why) = self.guests.provisions.gone.get(&cell.kernel) {
            return Ok(Ran::Unsupported(why.clone()));
        }
        let kernel = self.kernel(&cell.kernel)?;
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = missing(monitor, kernel, cell)? {
            return Ok(Ran::Unsupported(why));
        }
        let boot_line = [&[&boot_line(monitor, kernel, cell)?[..]], *words].concat().join(" ");
        let snapshot = match self.snapshot_of(kernel, cell, &boot_line) {
            Ok(snapshot) => snapshot,
            Err(failure) => return Ok(Ran::Failed(failure)),
        };
        let folder = self.guests.folder("program")?;
        let archive = folder.path().join("files");
        payload::pack(files, &archive)?;
        let order = serde_json::to_vec(order).context("failed to render the order")?;
        let options = GuestOptions {
            payload: Payload { monitor: Some(&archive), workload: None },
            symbols: 2 * LONGEST_PROGRAM_ANSWER as u64,
            ..self.guests.options(machine(cell), 0)
        };
        Ok(match guest::run(Start::Restore(&snapshot), &order, &options) {
            Ok(answer) => ran(kernel, &boot_line, answer),
            Err(error) => Ran::Failed(failure(error)),
        })
    }
}

fn ran(kernel: &Kernel, boot_line: &str, answer: Answer) -> Ran {
    if let Some(failure) = modules::wrong(kernel, boot_line, &answer) {
        return Ran::Failed(failure);
    }
    match answer.last {
        AgentMessage::Answered(text) => Ran::Answered(text),
        AgentMessage::Failed(failure) => Ran::Failed(Failure { console: answer.console, ..failure }),
        _ => Ran::Failed(Failure {
            kind: FailureKind::Protocol,
            message: "the guest did not answer as its program".into(),
            console: answer.console,
        }),
    }
}
