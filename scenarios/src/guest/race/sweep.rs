//! The sweep: the attacker writes at a fixed instant, and the victim calls at each of many instants around it. The
//! instants of the call and of the write are read off the CPU's counter, so it does not matter when a timer fires.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use hookbench_probes::attach::set_fifo;

use super::attacker::{self, sleep_until, time_stamp};
use super::board::{Board, wake};
use super::victim::{self, HOW};
use super::watch::Watch;
use crate::race::{Count, GOOD, Judged, Opened, RaceOrder, RacedCall, Swept, Try, Watcher, judge, width};
use crate::scene::now;

/// Below the attacker.
const PRIORITY: i32 = 40;
/// From the start of a try until the attacker is woken, in nanoseconds.
const LEAD: u64 = 150_000;
/// How much later after the wake-up than usual an attacker writes whose timer fired early and had to be set again. Such
/// a try says nothing about its instant, and is repeated in another phase of the timer.
const LATE: i64 = 8_000;
const REPETITIONS: u64 = 8;
const PHASE: u64 = 137;
/// How long the victim sleeps before a try: other tasks run meanwhile.
const REST: u64 = 100_000;
/// How long the attacker may be late.
const PATIENCE: u64 = 50_000_000;
/// How long before its wake-up the attacker's victim calls at first and at last.
const FIRST: i64 = -40_000;
const LAST: i64 = 40_000;
/// The same for a call that waits for a supervisor.
const LAST_SUPERVISED: i64 = 100_000;

/// Sweeps over the instants, then once more and closer over those where records lied.
///
/// # Errors
/// When a try fails in a way that no race explains.
pub(super) fn run(
    board: &'static Board,
    watch: &mut dyn Watch,
    order: &RaceOrder,
    (step, fine): (u32, u32),
) -> Result<Swept> {
    std::fs::write("/proc/sys/kernel/sched_rt_runtime_us", "-1")
        .context("failed to lift the limit of real-time tasks")?;
    attacker::start(board).context("failed to start the attacker")?;
    set_fifo(0, PRIORITY).context("failed to set the victim's priority")?;
    watch.confine()?;
    let mut sweep = Sweep { board, watch, call: order.call, count: Count::default(), tries: Vec::new() };
    let step = i64::from(step);
    let lies = sweep.pass(FIRST, last(order.watcher), step)?;
    if let Some((first, last)) = lies {
        sweep.pass(first - step, last + step, i64::from(fine))?;
    }
    Ok(Swept { count: sweep.count, width: width(&sweep.tries) })
}

fn last(watcher: Watcher) -> i64 {
    match watcher {
        Watcher::Notify | Watcher::NotifyDeny | Watcher::NotifyAddfd => LAST_SUPERVISED,
        _ => LAST,
    }
}

struct Sweep<'a> {
    board: &'static Board,
    watch: &'a mut dyn Watch,
    call: RacedCall,
    count: Count,
    tries: Vec<Try>,
}

impl Sweep<'_> {
    /// Tries at each instant. Returns the first and the last at which a record lied.
    fn pass(&mut self, first: i64, last: i64, step: i64) -> Result<Option<(i64, i64)>> {
        let mut lies = None;
        for early in (first..=last).step_by(step as usize) {
            for repetition in 0..REPETITIONS {
                let lead = LEAD + repetition * PHASE;
                let tried =
                    self.one(early, lead).with_context(|| format!("failed {early} before the write"))?;
                if tried.judged == Judged::Lie {
                    lies = Some((lies.map_or(early, |(first, _)| first), early));
                }
                if tried.at < early + LATE {
                    break;
                }
            }
        }
        Ok(lies)
    }

    /// One try: the call is made `early` instructions before the attacker's wake-up, which is `lead` away.
    fn one(&mut self, early: i64, lead: u64) -> Result<Try> {
        let board = self.board;
        sleep_until(now() + REST);
        board.set_path(GOOD);
        board.wrote.store(0, Ordering::SeqCst);
        let opened = match self.call {
            RacedCall::Execve => victim::execute(board.path(), || self.aim(early, lead))?,
            call => {
                self.aim(early, lead)?;
                victim::open(call, board.path(), HOW.as_ptr())?
            }
        };
        let wrote = self.written()?;
        let record = self.watch.record()?;
        let judged = judge(record.as_deref(), opened);
        ensure!(opened != Opened::Refused || self.watch.may_refuse(), "the kernel refused the call");
        self.count.add(judged, opened);
        let called = board.called.load(Ordering::SeqCst);
        let tried = Try { at: wrote.wrapping_sub(called) as i64, judged };
        self.tries.push(tried);
        Ok(tried)
    }

    /// Starts the attacker's clock, and returns when it is time for the call. In the process that makes it.
    fn aim(&self, early: i64, lead: u64) -> Result<()> {
        let board = self.board;
        self.watch.arm()?;
        board.touch();
        board.at.store(now() + lead, Ordering::SeqCst);
        let target = (time_stamp() + lead).saturating_add_signed(-early);
        board.go.fetch_add(1, Ordering::SeqCst);
        wake(&board.go);
        while time_stamp() < target {}
        board.called.store(time_stamp(), Ordering::SeqCst);
        Ok(())
    }

    /// When the attacker wrote; waits for that.
    fn written(&self) -> Result<u64> {
        let latest = now() + PATIENCE;
        loop {
            let wrote = self.board.wrote.load(Ordering::SeqCst);
            if wrote != 0 {
                return Ok(wrote);
            }
            ensure!(now() < latest, "the attacker did not write");
        }
    }
}
