//! An attached monitor: what every mechanism returns, and why it may return none.

use super::evidence::Evidence;

/// Why a monitor is not attached.
#[derive(Debug)]
pub enum Error {
    /// This kernel or boot line cannot do it; the reason.
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
pub struct EventCounts {
    /// Events.
    pub seen: u64,
    /// Events that the monitor knows it lost.
    pub lost: u64,
}

/// How often a monitor that samples has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    /// Looks since it was attached, on all CPUs together.
    pub made: u64,
    /// Looks a second that it claims to make on each CPU.
    pub rate: u64,
}

/// An attached monitor. Dropping it detaches.
pub trait Attached {
    /// What it has seen so far of the behaviour for which it was attached. Readers may lag
    /// behind: ask again.
    ///
    /// # Errors
    /// When the count cannot be read, or a reader has died or read something wrong.
    fn seen(&mut self) -> anyhow::Result<EventCounts>;

    /// How often it has looked; `None` for monitors that do not sample.
    ///
    /// # Errors
    /// When the count cannot be read.
    fn ticks(&mut self) -> anyhow::Result<Option<Ticks>> {
        Ok(None)
    }

    /// Puts the monitor on the calling process. The worker calls this before its first
    /// operation, with no descriptor above 2. Only monitors of
    /// [`Scope::Process`](crate::Scope::Process) do anything here.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn enter(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// How a custom monitor shows that it works; `None` for the mechanisms of the table,
    /// whose counts hookbench can check.
    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        None
    }

    /// Stops watching; [`seen`](Attached::seen) still works.
    ///
    /// # Errors
    /// When something could not be undone.
    fn detach(&mut self) -> anyhow::Result<()>;
}

/// A monitor that sees nothing.
pub struct Blind;

impl Attached for Blind {
    fn seen(&mut self) -> anyhow::Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn detach(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
