//! Bencher Metric Format: benchmarks by name, their measures by slug, and for each a
//! `value` with its bounds. It is documented at
//! <https://bencher.dev/docs/reference/bencher-metric-format>, with its JSON Schema.

use std::collections::BTreeMap;

use hookbench_model::Attribution;
use hookbench_results::Run;
use serde::Serialize;

use crate::section;
use crate::text;

#[derive(Serialize)]
struct Metric {
    value: i128,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<i128>,
}

impl Metric {
    fn without_bounds(value: impl Into<i128>) -> Metric {
        Metric { value: value.into(), lower_value: None, upper_value: None }
    }
}

fn direct(hook: &Attribution) -> Metric {
    Metric {
        value: hook.direct_p50.into(),
        lower_value: Some(hook.direct_min.into()),
        upper_value: Some(hook.direct_max.into()),
    }
}

/// The largest number of characters in a name.
const LONGEST_NAME: usize = 1024;

/// The cells of `run` that have numbers. The measure `hook-instructions` is what the monitor
/// itself costs, bounded by its cheapest and its most expensive operation, and
/// `side-effects-instructions` is the rest of what it adds; a cell without an attribution has
/// neither. `instructions` (or the unit of another clock) is the median, bounded by the smallest
/// and the largest sample; `added-instructions` is the cost added to `none`;
/// `attach-instructions` and `memory-bytes` are the costs of attaching.
pub(super) fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let rows = sections.iter().flat_map(|section| &section.rows);
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Metric>> = BTreeMap::new();
    for row in rows {
        let (Some(summary), Some(measured)) = (row.summary, row.measured()) else { continue };
        let unit = row.measurement.clock.unit();
        let median = Metric {
            value: summary.p50.into(),
            lower_value: Some(summary.min.into()),
            upper_value: Some(summary.max.into()),
        };
        let is_none = row.measurement.cell.monitor.is_none();
        let added = row.added.filter(|_| !is_none).map(|added| Metric::without_bounds(added.p50));
        let hook = measured.attribution.as_ref();
        let side_effects = hook.zip(row.added).filter(|_| !is_none);
        let side_effects =
            side_effects.map(|(hook, added)| i128::from(added.p50) - i128::from(hook.direct_p50));
        let measures = [
            (format!("hook-{unit}"), hook.map(direct)),
            (format!("side-effects-{unit}"), side_effects.map(Metric::without_bounds)),
            (unit.to_string(), Some(median)),
            (format!("added-{unit}"), added),
            (format!("attach-{unit}"), measured.attach_cost.map(Metric::without_bounds)),
            ("memory-bytes".into(), measured.memory_bytes.map(Metric::without_bounds)),
        ];
        let name = text::one_line(&row.measurement.cell.to_string());
        let measures = measures.into_iter().filter_map(|(slug, metric)| Some((slug, metric?)));
        benchmarks.insert(name.chars().take(LONGEST_NAME).collect(), measures.collect());
    }
    // Serialising text and numbers cannot fail.
    serde_json::to_string_pretty(&benchmarks).unwrap_or_default() + "\n"
}
