//! Ways that no policy of a run sees, or that none stops.

use std::collections::HashMap;

use super::verdict::{Seen, Verdict};
use super::{CellVerdicts, Verdicts};

/// A way that no policy sees, or that none stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nobody<'r> {
    /// The scenario.
    pub scenario: &'r str,
    /// The way.
    pub way: &'r str,
    /// The kernels on which it is so.
    pub kernels: Vec<&'r str>,
    /// On how many kernels the way works and a policy tried.
    pub of: usize,
}

/// The ways that work and that no policy with records sees, in the run's order.
pub fn nobody_sees<'r>(verdicts: &Verdicts<'r>) -> Vec<Nobody<'r>> {
    nobody(
        verdicts,
        |cell| cell.keeps_records(),
        |verdict| match verdict {
            Verdict::Forbidden { seen, .. } => Some(*seen == Some(Seen::Seen)),
            _ => None,
        },
    )
}

/// The ways that work and that no policy stops before their effect, in the run's order.
pub fn nobody_stops<'r>(verdicts: &Verdicts<'r>) -> Vec<Nobody<'r>> {
    nobody(
        verdicts,
        |cell| cell.should_stop(),
        |verdict| match verdict {
            Verdict::Forbidden { stop, .. } => Some(stop.is_some_and(|stop| stop.is_stopped())),
            _ => None,
        },
    )
}

/// The ways for which no cell that `counts` has `good`.
fn nobody<'r>(
    verdicts: &Verdicts<'r>,
    counts: impl Fn(&CellVerdicts<'_>) -> bool,
    good: impl Fn(&Verdict) -> Option<bool>,
) -> Vec<Nobody<'r>> {
    // For each way, in the run's order, the kernels and whether any policy is good there.
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut found: HashMap<(&str, &str), Vec<(&str, bool)>> = HashMap::new();
    for cell in verdicts.cells.iter().filter(|cell| counts(cell)) {
        for way in &cell.ways {
            let Some(is_good) = good(&way.verdict) else { continue };
            let key = (&*cell.cell.scenario, &*way.tries.way);
            let kernels = found.entry(key).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            match kernels.iter_mut().find(|(kernel, _)| *kernel == cell.cell.kernel) {
                Some((_, any)) => *any |= is_good,
                None => kernels.push((&cell.cell.kernel, is_good)),
            }
        }
    }
    let entry = |(scenario, way)| {
        let kernels = found.get(&(scenario, way))?;
        let without: Vec<&str> = kernels.iter().filter(|(_, any)| !any).map(|(kernel, _)| *kernel).collect();
        (!without.is_empty()).then_some(Nobody { scenario, way, kernels: without, of: kernels.len() })
    };
    order.into_iter().filter_map(entry).collect()
}
