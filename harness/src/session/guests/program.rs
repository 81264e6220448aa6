//! Guests that run a program of ours instead of a cell. They resume from the same snapshots as cells.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::protocol::{AgentMessage, LONGEST_PROGRAM_ANSWER, ProgramOrder};
use hookbench_model::{Cell, Failure, FailureKind};
use hookbench_vm::cache::Cache;
use hookbench_vm::guest::{self, Answer, Error, ForkServer, GuestOptions, Orders, Start};
use hookbench_vm::image::GuestFile;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::{Machine, Plugin};
use hookbench_vm::payload::{self, Payload};
use tempfile::TempDir;

use super::attribution::{Neighbours, Trace};
use super::cell::Guests;
use super::exact::{ExactSession, machine};
use super::site::Site;
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
    /// What the program reads where it offers the machine to be copied; `None` if it does not.
    pub later: Option<&'a str>,
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
        Ok(match self.ready_program(program)? {
            Ok(ready) => self.run_ready(&ready, None),
            Err(ran) => ran,
        })
    }

    /// As [`run_program`](ExactSession::run_program), with QEMU's plugin, which attributes so many operations of the
    /// program.
    ///
    /// # Errors
    /// When it is not known how the program ends without the plugin: a file cannot be written or read.
    pub fn trace_program(&self, program: &Program<'_>, operations: u32) -> Result<(Ran, Result<Trace>)> {
        let ready = match self.ready_program(program)? {
            Ok(ready) => ready,
            Err(ran) => return Ok((ran, Err(anyhow!("there was no guest")))),
        };
        let kernel = self.symbols(&ready.boots.site(), self.histories.may_fork())?;
        self.attributor.trace(&self.guests, kernel, operations, |plugin| self.run_ready(&ready, Some(plugin)))
    }

    /// The baselines of the neighbours that `program` times: from the cache, or made by `make`. `files` stands for the
    /// program's files. `about` tells users what it is.
    ///
    /// # Errors
    /// When `make` fails, or the kernel cannot run the program.
    pub fn neighbours(
        &self,
        program: &Program<'_>,
        files: &str,
        about: &str,
        make: impl FnOnce() -> Result<Neighbours>,
    ) -> Result<Arc<Neighbours>> {
        let boots = match self.boots(program)? {
            Ok(boots) => boots,
            Err(why) => bail!(why),
        };
        let order = serde_json::to_string(&program.order).context("failed to render the order")?;
        let later = program.later.unwrap_or_default();
        let site = self.key(&boots.site());
        self.attributor.neighbours(self.cache(), &[&site, &order, later, files], about, make)
    }

    /// How the guest of `program` boots; the inner error is why it cannot.
    fn boots(&self, program: &Program<'_>) -> Result<Result<Boots<'_>, String>> {
        let Program { boots_as: cell, words, .. } = program;
        let boot_line = match self.boot_line(cell, words)? {
            Ok(boot_line) => boot_line,
            Err(why) => return Ok(Err(why)),
        };
        Ok(Ok(Boots { kernel: self.kernel(&cell.kernel)?, boot_line, machine: machine(cell) }))
    }

    /// The boot line of a guest that boots as that of `cell` does, with `words` in addition. The inner error is why it
    /// cannot boot.
    ///
    /// # Errors
    /// When the session has no such kernel, or its configuration cannot be read.
    pub fn boot_line(&self, cell: &Cell, words: &[&str]) -> Result<Result<String, String>> {
        if let Some(why) = self.guests.provisions.gone.get(&cell.kernel) {
            return Ok(Err(why.clone()));
        }
        let kernel = self.kernel(&cell.kernel)?;
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = missing(monitor, kernel, cell)? {
            return Ok(Err(why));
        }
        Ok(Ok([&[&boot_line(monitor, kernel, cell)?[..]], words].concat().join(" ")))
    }

    /// Prepares the guest of `program`; the inner error is how it ended before it began.
    fn ready_program(&self, program: &Program<'_>) -> Result<Result<Ready<'_>, Ran>> {
        let boots = match self.boots(program)? {
            Ok(boots) => boots,
            Err(why) => return Ok(Err(Ran::Unsupported(why))),
        };
        let folder = self.guests.folder("program")?;
        let archive = folder.path().join("files");
        payload::pack(program.files, &archive)?;
        let order = serde_json::to_vec(&program.order).context("failed to render the order")?;
        let later = program.later.map(|later| later.as_bytes().to_vec());
        Ok(Ok(Ready { boots, order, later, archive, _folder: folder }))
    }

    /// The machine that the guest is a copy of, if it is needed for many programs: one that runs the program already, if
    /// that offers to be copied.
    fn machine_for(&self, ready: &Ready<'_>) -> Option<Arc<ForkServer>> {
        let site = ready.boots.site();
        let key = self.key(&site);
        let is_worth_it = self.histories.are_forced() || self.repeats.are_many(&key);
        if !self.histories.may_fork() || !is_worth_it {
            return None;
        }
        let booted = self.booted(&site).ok()?;
        if ready.later.is_none() {
            return Some(booted);
        }
        // Why the program does not get that far is what the cell's own guest will say.
        let begun = self.servers.attached(&key, &booted, &ready.order, &ready.options(&self.guests, None));
        Some(begun.unwrap_or(booted))
    }

    fn run_ready(&self, ready: &Ready<'_>, plugin: Option<Plugin<'_>>) -> Ran {
        let Ready { boots, order, later, .. } = ready;
        let options = ready.options(&self.guests, plugin);
        let order = Orders { first: order, cell: later.as_deref().unwrap_or_default() };
        let forked = self.machine_for(ready).and_then(|server| {
            let answer = guest::run(Start::Fork(&server), order, &options);
            // A copy that died says nothing about its program.
            (!matches!(answer, Err(Error::Qemu { .. }))).then_some(answer)
        });
        let answer = match forked {
            Some(answer) => answer,
            None => match self.snapshot(&boots.site()) {
                Ok(snapshot) => guest::run(Start::Restore(&snapshot), order, &options),
                Err(failure) => return Ran::Failed(failure),
            },
        };
        match answer {
            Ok(answer) => ran(boots.kernel, &boots.boot_line, answer),
            Err(error) => Ran::Failed(failure(error)),
        }
    }
}

/// How the guest of a program boots.
struct Boots<'a> {
    kernel: &'a Kernel,
    boot_line: String,
    machine: Machine,
}

impl Boots<'_> {
    fn site(&self) -> Site<'_> {
        Site { kernel: self.kernel, boot_line: &self.boot_line, machine: self.machine }
    }
}

/// A program that is ready to run.
struct Ready<'a> {
    boots: Boots<'a>,
    order: Vec<u8>,
    /// What it reads where it offers the machine to be copied; `None` if it does not.
    later: Option<Vec<u8>>,
    /// The archive with its files.
    archive: PathBuf,
    /// Has the archive.
    _folder: TempDir,
}

impl Ready<'_> {
    fn options<'a>(&'a self, guests: &'a Guests, plugin: Option<Plugin<'a>>) -> GuestOptions<'a> {
        GuestOptions {
            payload: Payload { monitor: Some(&self.archive), workload: None },
            symbols: 2 * LONGEST_PROGRAM_ANSWER as u64,
            plugin,
            ..guests.options(self.boots.machine, 0)
        }
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
