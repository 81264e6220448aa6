//! What policies cost allowed neighbours. The guest of a cell makes each neighbour several times after it tried the ways,
//! and QEMU's plugin follows the instructions. A guest of the same kernel and boot line does the same without a policy;
//! the difference is divided as the cost of a monitor is.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, anyhow, bail};
use hookbench_analysis::attribution::{Baseline, Profile, record};
use hookbench_results::digest::sha256;
use hookbench_results::scenario::NO_POLICY;
use hookbench_scenarios::answer::{check, check_timed};
use hookbench_scenarios::exchange::{Answer, Cost, Found, Order, Price, Timed, Timing, Tried};
use hookbench_scenarios::{lines, policy_file};
use hookbench_vm::image::{Content, GuestFile};

use super::ScenarioSession;
use super::cell::{Ended, Outcome, ScenarioCell};
use super::session::understood;
use crate::session::embedded;
use crate::session::guests::{Neighbour, Neighbours, Trace};

/// How often each neighbour is made before: what is only done once in a guest is done then.
const WARMUP: u32 = 2;

/// How often each neighbour is made and timed under a policy. The price is the median, so it is wrong only if more than
/// half of the operations take a path that the baseline does not know. One in fifty does, so five of nine do once in a
/// million prices. The number is odd, so that the median is an operation.
const OPERATIONS: u32 = 9;

/// How often without a policy. Paths that few operations take have to be known, and all policies share a baseline.
const OPERATIONS_OF_BASELINE: u32 = 45;

impl ScenarioSession {
    /// Whether the cell's neighbours are priced: when all of its ways are tried, under a policy.
    pub(super) fn has_prices(&self, cell: ScenarioCell<'_>, ways: &[&str]) -> bool {
        let all = cell.ways(&[]).eq(ways.iter().copied());
        all && !cell.policy.is_none()
            && self.follows(cell.kernel)
            && cell.scenario.neighbours().next().is_some()
    }

    /// Times the neighbours of the cell, and tries its ways.
    ///
    /// # Errors
    /// When the guest cannot be prepared.
    pub(super) fn run_with_prices(
        &self,
        cell: ScenarioCell<'_>,
        order: &Order,
        ways: &[&str],
    ) -> Result<Outcome> {
        let order_with = Order { timing: Some(timing(OPERATIONS)), ..order.clone() };
        let (ended, trace) = match self.trace(cell, &order_with) {
            Ok((Ended::Failed(failure), _)) => {
                return self.run_without_prices(cell, order, ways, &failure.message);
            }
            Ok(traced) => traced,
            Err(error) => return self.run_without_prices(cell, order, ways, &format!("{error:#}")),
        };
        let found = match checked(ended, ways) {
            Ended::Done(found) => found,
            Ended::Unsupported(why) => return Ok(Ended::Unsupported(why)),
            Ended::Failed(failure) => return Ok(Ended::Failed(failure)),
        };
        let prices = self.prices(cell, &found.timed, trace);
        Ok(Ended::Done(described(cell, Tried { prices, ..found.tried })))
    }

    /// Tries the ways of the cell, whose neighbours could not be priced for the reason `why`.
    fn run_without_prices(
        &self,
        cell: ScenarioCell<'_>,
        order: &Order,
        ways: &[&str],
        why: &str,
    ) -> Result<Outcome> {
        let outcome = self.run_plain(cell, order, ways)?;
        Ok(match outcome {
            Ended::Done(tried) => {
                let unknown = |way: &hookbench_scenarios::Way| unknown(way.name, why);
                Ended::Done(Tried { prices: cell.scenario.neighbours().map(unknown).collect(), ..tried })
            }
            other => other,
        })
    }

    /// The prices of the neighbours that a guest timed.
    fn prices(&self, cell: ScenarioCell<'_>, timed: &[Timed], trace: Result<Trace>) -> Vec<Price> {
        let profiles = profiles(cell, timed, trace, OPERATIONS);
        let baselines = match &profiles {
            Ok(_) => self.baselines(cell),
            Err(_) => Err(anyhow!("there is nothing to compare")),
        };
        let (profiles, baselines) = match (profiles, baselines) {
            (Ok(profiles), Ok(baselines)) => (profiles, baselines),
            (Err(error), _) | (_, Err(error)) => {
                let why = format!("{error:#}");
                let reason = |timed: &Timed| unknown(&timed.way, timed.why.as_deref().unwrap_or(&why));
                return timed.iter().map(reason).collect();
            }
        };
        let price = |(timed, profile): (&Timed, Result<Profile>)| match cost(timed, profile, &baselines) {
            Ok(cost) => Price { way: timed.way.clone(), cost: Some(cost), why: None },
            Err(error) => unknown(&timed.way, &format!("{error:#}")),
        };
        timed.iter().zip(profiles).map(price).collect()
    }

    /// The neighbours of the cell's scenario without a policy, on its kernel with its boot line. The guest tries the ways
    /// before, as that of the cell does: some leave something behind that neighbours meet.
    fn baselines(&self, cell: ScenarioCell<'_>) -> Result<Arc<Neighbours>> {
        let order = Order {
            policy: NO_POLICY.into(),
            ways: Vec::new(),
            is_broken: false,
            custom: None,
            timing: Some(timing(OPERATIONS_OF_BASELINE)),
        };
        let ways: Vec<&str> = cell.ways(&[]).collect();
        let about = format!("neighbours of {} on {}", cell.scenario.name, cell.kernel);
        self.with_program(cell, &order, |program| {
            let files = files_key(program.files);
            self.guests().neighbours(program, &files, &about, || {
                let operations = OPERATIONS_OF_BASELINE;
                let (ran, trace) = self.guests().trace_program(program, all(cell, operations))?;
                let found = match checked(understood(ran), &ways) {
                    Ended::Done(found) => found,
                    Ended::Unsupported(why) => bail!(why),
                    Ended::Failed(failure) => bail!(failure.message),
                };
                let profiles = profiles(cell, &found.timed, trace, operations)?;
                let neighbour = |(timed, profile): (&Timed, Result<Profile>)| {
                    let baseline = profile.and_then(|profile| Ok(Baseline::new(&profile)?));
                    let baseline = match &timed.why {
                        Some(why) => Err(why.clone()),
                        None => baseline.map_err(|error| format!("{error:#}")),
                    };
                    Neighbour { way: timed.way.clone(), baseline }
                };
                Ok(Neighbours(found.timed.iter().zip(profiles).map(neighbour).collect()))
            })
        })
        .context("the neighbours cannot be timed without a policy")
    }

    fn trace(&self, cell: ScenarioCell<'_>, order: &Order) -> Result<(Ended<Answer>, Result<Trace>)> {
        let (ran, trace) = self.with_program(cell, order, |program| {
            self.guests().trace_program(program, all(cell, OPERATIONS))
        })?;
        Ok((understood(ran), trace))
    }
}

/// `tried` with the size of the policy.
pub(super) fn described(cell: ScenarioCell<'_>, tried: Tried) -> Tried {
    let lines = policy_file(cell.scenario, cell.policy).map(|file| lines(&file));
    Tried { lines: lines.and_then(|lines| u32::try_from(lines).ok()), ..tried }
}

/// What a guest found, if it is what a guest may find that was asked to try `ways`.
pub(super) fn checked(ended: Ended<Answer>, ways: &[&str]) -> Ended<Found> {
    if let Ended::Done(answer) = &ended
        && let Err(error) = check(answer, ways)
    {
        return Ended::protocol(error.to_string());
    }
    ended.flatten()
}

fn timing(operations: u32) -> Timing {
    Timing { warmup: WARMUP, operations }
}

/// How many operations a guest of the cell makes that makes each neighbour so often.
fn all(cell: ScenarioCell<'_>, operations: u32) -> u32 {
    operations * cell.scenario.neighbours().count() as u32
}

/// The profile of each neighbour that a guest timed so often.
fn profiles(
    cell: ScenarioCell<'_>,
    timed: &[Timed],
    trace: Result<Trace>,
    operations: u32,
) -> Result<Vec<Result<Profile>>> {
    let names: Vec<&str> = cell.scenario.neighbours().map(|way| way.name).collect();
    check_timed(timed, &names, operations)?;
    let samples: Vec<&[u64]> = timed.iter().map(|timed| &*timed.samples).collect();
    trace?.profiles(&samples, operations)
}

/// The cost of a neighbour that was timed.
fn cost(timed: &Timed, profile: Result<Profile>, baselines: &Neighbours) -> Result<Cost> {
    let baseline = baselines.find(&timed.way).map_err(|why| match timed.why.as_deref() == Some(why) {
        true => anyhow!("{why}"),
        false => anyhow!("without a policy, {why}"),
    })?;
    if let Some(why) = &timed.why {
        bail!(why.clone());
    }
    let parts = record(&baseline.split(&profile?)).context("it was not timed")?;
    Ok(Cost { operation: baseline.reference(), parts })
}

/// The price of `way` is not known, for this reason.
fn unknown(way: &str, why: &str) -> Price {
    Price { way: way.into(), cost: None, why: Some(why.into()) }
}

/// Stands for the files of a guest, in the key of what it makes.
fn files_key(files: &[GuestFile]) -> String {
    // It is large, and the same in all guests.
    static PROGRAM_SHA256: OnceLock<String> = OnceLock::new();
    let digest = |file: &GuestFile| match &file.content {
        Content::File(bytes) if *bytes == embedded::SCENARIOS => {
            format!("{} {}", file.path, PROGRAM_SHA256.get_or_init(|| sha256(bytes)))
        }
        Content::File(bytes) => format!("{} {}", file.path, sha256(bytes)),
        other => format!("{} {other:?}", file.path),
    };
    files.iter().map(digest).collect::<Vec<_>>().join("\n")
}
