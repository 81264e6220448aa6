//! The half that runs in the guest: attach a monitor, ask it what it saw,
//! detach it. What several mechanisms need lives in the files of this folder.

use std::ffi::c_int;

use hookbench_model::{Behaviour, Params};

use crate::info::{AYA, LOADER};

pub mod audit_link;
pub mod avc;
pub(crate) mod aya;
pub mod bpf;
mod copies;
pub mod filter;
pub mod kmod;
mod layout;
pub mod ledger;
pub mod lsm;
pub mod own;
pub mod perf_clock;
pub mod phases;
pub mod reader;
pub mod supervisor;
pub(crate) mod timer;
pub mod trace_clock;
pub mod tracefs;
pub mod witness;

/// The compiler that made the BPF objects, the first line of its `--version`.
pub const BPF_COMPILER: &str = env!("HOOKBENCH_BPF_COMPILER");

/// What is asked of a mechanism.
#[derive(Debug)]
pub struct Request<'a> {
    /// The sink, by the name in the mechanism's table.
    pub sink: &'a str,
    /// What to watch.
    pub behaviours: &'a [&'static Behaviour],
    /// The one of which the workload's events are counted.
    pub measured: &'static Behaviour,
    /// The program that does nothing, which a sandbox has to let run.
    pub noop: &'static str,
    /// Where readers stand beside the worker.
    pub readers: Readers,
    /// The monitor's parameters, those that are not as usual.
    pub tuning: &'a Params,
    /// The value of LD_PRELOAD that each record has to carry, if it has to.
    pub ld_preload: Option<&'static str>,
    /// The kernel module that the sink asks for; empty when it asks for none.
    pub module: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request of ours, beside that of a cell.
    pub(crate) fn own(sink: &'a str, behaviours: &'a [&'static Behaviour; 1]) -> Request<'a> {
        let [measured] = behaviours;
        Request {
            sink,
            behaviours,
            measured,
            noop: "",
            readers: Readers::Below,
            tuning: Params::NONE,
            ld_preload: None,
            module: &[],
        }
    }

    /// The number that the parameter `name` of the monitor is; `usual` when it is as usual.
    pub fn number(&self, name: &str, usual: usize) -> usize {
        self.tuning.get(name).and_then(|value| value.parse().ok()).unwrap_or(usual)
    }

    /// Who loads the BPF objects.
    pub(crate) fn loader(&self) -> Loader {
        if self.tuning.get(LOADER) == Some(AYA) { Loader::Aya } else { Loader::Libbpf }
    }
}

/// A loader of BPF objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loader {
    /// The kernel developers' own, as usual.
    Libbpf,
    /// The one in Rust.
    Aya,
}

/// Where readers in user space, and the kernel threads that feed them, stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Below the worker: they run when it sleeps.
    Below,
    /// Above it: they run as soon as they are woken.
    Above,
}

/// The worker's real-time priority; readers that stand above it have more.
pub const WORKER_PRIORITY: c_int = 50;
const READER_PRIORITY: c_int = 60;

impl Readers {
    /// Puts the task `pid` (0: the caller) where readers stand.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn place(self, pid: libc::pid_t) -> std::io::Result<()> {
        match self {
            Readers::Below => Ok(()),
            Readers::Above => set_fifo(pid, READER_PRIORITY),
        }
    }
}

/// Makes the task `pid` (0: the caller) a `SCHED_FIFO` task.
///
/// # Errors
/// When the kernel refuses.
pub fn set_fifo(pid: libc::pid_t, priority: c_int) -> std::io::Result<()> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: `param` is valid for the call.
    if unsafe { libc::sched_setscheduler(pid, libc::SCHED_FIFO, &param) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

/// Makes the task `pid` an ordinary one again.
///
/// # Errors
/// When the kernel refuses.
pub fn set_ordinary(pid: libc::pid_t) -> std::io::Result<()> {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` is valid for the call.
    if unsafe { libc::sched_setscheduler(pid, libc::SCHED_OTHER, &param) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

/// Has this process killed when the one that started it ends: a machine that is
/// shared goes on without either.
///
/// # Errors
/// When the kernel refuses, or the other one has ended already.
pub fn die_with(parent: u32) -> std::io::Result<()> {
    // SAFETY: asks for a signal.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    if std::os::unix::process::parent_id() != parent {
        return Err(std::io::Error::other("who started this process has ended"));
    }
    Ok(())
}

/// Why a monitor is not attached.
#[derive(Debug)]
pub enum Error {
    /// This kernel or boot line cannot do it; why.
    Unsupported(String),
    /// It should have worked.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Failed(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Failed(error.into())
    }
}

/// What a monitor has seen and lost since it was attached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events.
    pub seen: u64,
    /// Events that the monitor knows it lost.
    pub lost: u64,
    /// The monitor cannot tell behaviours apart: `seen` is of all that it watches.
    pub of_all: bool,
}

/// How often a monitor that samples has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    /// So many times since it was attached, on all CPUs together.
    pub made: u64,
    /// So many times a second it claims to look, on each.
    pub rate: u64,
}

/// An attached monitor. Dropping it detaches.
pub trait Attached {
    /// What it has seen of `behaviour` so far. Readers may lag behind: ask again.
    ///
    /// # Errors
    /// When it cannot be told, or a reader has died or read something wrong.
    fn seen(&mut self, behaviour: &Behaviour) -> anyhow::Result<Seen>;

    /// How often it has looked; `None` for monitors that miss nothing.
    ///
    /// # Errors
    /// When it cannot be told.
    fn ticks(&mut self) -> anyhow::Result<Option<Ticks>> {
        Ok(None)
    }

    /// Puts itself on the calling process: the worker, which calls this before its
    /// first operation, with no descriptor above 2. Of meaning for monitors of
    /// [`Scope::Process`](crate::Scope::Process).
    ///
    /// # Errors
    /// When the kernel refuses.
    fn enter(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// What it is beside that, when it is a user's own: nobody knows what it has to see.
    fn own(&mut self) -> Option<&mut dyn own::Own> {
        None
    }

    /// Stops watching; what was seen can still be asked for.
    ///
    /// # Errors
    /// When something could not be undone.
    fn detach(&mut self) -> anyhow::Result<()>;
}

/// A monitor that sees nothing.
pub struct Blind;

impl Attached for Blind {
    fn seen(&mut self, _: &Behaviour) -> anyhow::Result<Seen> {
        Ok(Seen::default())
    }

    fn detach(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
