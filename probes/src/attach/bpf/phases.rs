//! How long the phases of loading and attaching BPF objects take, each without the phases
//! nested in it. The times are CPU times of the thread that loads.

use std::cell::Cell;

/// What a loader is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reads the object.
    Open,
    /// Makes maps and passes programs to the kernel.
    Load,
    /// Waits for the kernel to verify and compile a program.
    Verify,
    /// Attaches programs.
    Attach,
}

/// CPU time of each phase so far, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of [`Phase::Open`].
    pub open: u64,
    /// Of [`Phase::Load`].
    pub load: u64,
    /// Of [`Phase::Verify`].
    pub verify: u64,
    /// Of [`Phase::Attach`].
    pub attach: u64,
}

/// The current phase, since when, and what was spent before.
type State = (Option<Phase>, u64, Spent);

thread_local! {
    static STATE: Cell<State> = const { Cell::new((None, 0, Spent { open: 0, load: 0, verify: 0, attach: 0 })) };
}

/// Does `work` as part of `phase`.
pub fn during<T>(phase: Phase, work: impl FnOnce() -> T) -> T {
    let before = switch(Some(phase));
    let done = work();
    switch(before);
    done
}

/// Does `work` as part of [`Phase::Verify`] if this thread is in a phase already.
pub fn verifying<T>(work: impl FnOnce() -> T) -> T {
    if STATE.get().0.is_some() { during(Phase::Verify, work) } else { work() }
}

/// The times since the last call; `None` if there are none.
pub fn take() -> Option<Spent> {
    let (phase, since, spent) = STATE.get();
    STATE.set((phase, since, Spent::default()));
    (spent != Spent::default()).then_some(spent)
}

fn switch(next: Option<Phase>) -> Option<Phase> {
    let now = cpu_time();
    let (phase, since, mut spent) = STATE.get();
    let own = now.saturating_sub(since);
    match phase {
        Some(Phase::Open) => spent.open += own,
        Some(Phase::Load) => spent.load += own,
        Some(Phase::Verify) => spent.verify += own,
        Some(Phase::Attach) => spent.attach += own,
        None => {}
    }
    STATE.set((next, now, spent));
    phase
}

/// This thread's CPU time in nanoseconds.
pub fn cpu_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid; the clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() {
        let begin = cpu_time();
        while cpu_time() - begin < 2_000_000 {}
    }

    #[test]
    fn a_phase_is_without_those_within_it() {
        assert_eq!(take(), None);
        verifying(work);
        assert_eq!(take(), None, "no phase has begun");
        during(Phase::Load, || {
            during(Phase::Open, work);
            verifying(work);
            verifying(work);
        });
        let spent = take().unwrap();
        assert!(spent.open >= 2_000_000 && spent.verify >= 4_000_000, "{spent:?}");
        assert!(spent.load < 2_000_000 && spent.attach == 0, "{spent:?}");
        assert_eq!(take(), None);
    }
}
