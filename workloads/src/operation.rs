//! One operation as the worker makes it, again and again: only a part of [`Operation::run_once`] is timed. What is
//! known of operations before they are made is in `way.rs`.

use std::io;

use hookbench_model::Refusal;

use crate::effect::Effect;
use crate::stopwatch::Stopwatch;

/// See the module.
pub trait Operation {
    /// Does what has to precede the pause before the operation.
    ///
    /// # Errors
    /// When the operation cannot be made.
    fn arm(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Performs the operation once.
    ///
    /// # Errors
    /// When it could not even be tried; a refusal is a [`Timed`] like any other.
    fn run_once(&mut self) -> io::Result<Timed>;

    /// Restores the state, so the next operation costs what this one did.
    ///
    /// # Errors
    /// When the state cannot be restored.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Looks at what the operations left behind. The worker calls it once, after the last [`run_once`] and before
    /// the last [`settle`], so looking costs no timed operation anything.
    ///
    /// # Errors
    /// When the kernel does not tell.
    ///
    /// [`run_once`]: Operation::run_once
    /// [`settle`]: Operation::settle
    fn effect(&mut self) -> io::Result<Effect>;

    /// Does what has to follow the last operation.
    ///
    /// # Errors
    /// When it fails.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One timed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// What it took, in the unit of the time-stamp counter.
    pub elapsed: u64,
    /// How it was stopped, if it was.
    pub refused: Option<Refusal>,
}

impl Timed {
    /// The operation of a system call that took `elapsed` and returned `result`: a negative error number if it was
    /// refused.
    pub(crate) fn of(elapsed: u64, result: i64) -> Timed {
        let refused = (-4095..0).contains(&result).then_some(Refusal::Errno(-result as i32));
        Timed { elapsed, refused }
    }
}

/// An operation that does nothing in place of another, for tests: everything around the timed section is that of
/// the other, and so is the look at the effect.
pub struct Idle(Box<dyn Operation>);

impl Idle {
    /// Makes `operation` idle.
    pub fn new(operation: Box<dyn Operation>) -> Self {
        Self(operation)
    }
}

impl Operation for Idle {
    fn arm(&mut self) -> io::Result<()> {
        self.0.arm()
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        Ok(Timed { elapsed: Stopwatch::start().elapsed(), refused: None })
    }

    fn settle(&mut self) -> io::Result<()> {
        self.0.settle()
    }

    fn effect(&mut self) -> io::Result<Effect> {
        self.0.effect()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.finish()
    }
}
