//! One measurement per line, each a JSON object (<https://github.com/ndjson/ndjson-spec>).
//! The fields are the columns of `results.csv`; a missing number is null.

use std::collections::BTreeMap;

use hookbench_analysis::Summary;
use hookbench_model::{History, Params};
use hookbench_results::Run;
use serde::Serialize;

use crate::section::{self, Row};
use crate::text;

#[derive(Serialize)]
struct CellRecord {
    cell: String,
    kernel: String,
    target: &'static str,
    boot: String,
    workload: String,
    params: BTreeMap<String, String>,
    schedule: String,
    monitor: String,
    tuning: BTreeMap<String, String>,
    clock: &'static str,
    unit: &'static str,
    outcome: &'static str,
    reason: String,
    #[serde(flatten)]
    statistics: Statistics,
    added_p50: Option<i64>,
    ratio_p50: Option<f64>,
    seen: Option<u64>,
    lost: Option<u64>,
    attach_cost: Option<u64>,
    memory_bytes: Option<i64>,
    history: Option<&'static str>,
    direct_p50: Option<i64>,
    direct_share: Option<f64>,
    avoided_p50: Option<i64>,
    indirect_p50: Option<i64>,
    interrupts_p50: Option<i64>,
}

#[derive(Serialize)]
struct Statistics {
    n: Option<usize>,
    min: Option<u64>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    max: Option<u64>,
    mean: Option<f64>,
}

/// The run's cells in its order.
pub(super) fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let mut rows: Vec<&Row<'_>> = sections.iter().flat_map(|section| &section.rows).collect();
    // The rows of a section are sorted; the file follows the order of the plan.
    rows.sort_by_key(|row| std::ptr::from_ref(row.measurement));
    // Serialising text and numbers cannot fail.
    rows.iter().map(|row| serde_json::to_string(&cell_record(row)).unwrap_or_default() + "\n").collect()
}

fn cell_record(row: &Row<'_>) -> CellRecord {
    let (measurement, cell, measured) = (row.measurement, &row.measurement.cell, row.measured());
    let events = measured.and_then(|measured| measured.events.as_ref());
    let parts = measured.and_then(|measured| measured.attribution.as_ref());
    let reason = text::one_line(&row.reason());
    CellRecord {
        cell: text::one_line(&cell.to_string()),
        kernel: text::one_line(&cell.kernel),
        target: cell.target.name(),
        boot: cell.boot.to_string(),
        workload: text::one_line(&cell.workload),
        params: params(&cell.params),
        schedule: cell.schedule.to_string(),
        monitor: cell.monitor.to_string(),
        tuning: params(&cell.tuning),
        clock: measurement.clock.name(),
        unit: measurement.clock.unit(),
        outcome: measurement.outcome.word(),
        reason,
        statistics: statistics(row.summary),
        added_p50: row.added.map(|added| added.p50),
        ratio_p50: row.added.map(|added| added.ratio),
        seen: events.map(|events| events.seen),
        lost: events.map(|events| events.lost),
        attach_cost: measured.and_then(|measured| measured.attach_cost),
        memory_bytes: measured.and_then(|measured| measured.memory_bytes),
        history: measurement.history.map(History::name),
        direct_p50: parts.map(|parts| parts.direct_p50),
        direct_share: parts.map(|parts| parts.direct_share.fraction()),
        avoided_p50: parts.map(|parts| parts.avoided_p50),
        indirect_p50: parts.map(|parts| parts.indirect_p50),
        interrupts_p50: parts.map(|parts| parts.interrupts_p50),
    }
}

fn params(params: &Params) -> BTreeMap<String, String> {
    params.iter().map(|(name, value)| (text::one_line(name), text::one_line(value))).collect()
}

fn statistics(summary: Option<Summary>) -> Statistics {
    let statistic = |pick: fn(Summary) -> u64| summary.map(pick);
    Statistics {
        n: summary.map(|summary| summary.n),
        min: statistic(|summary| summary.min),
        p50: statistic(|summary| summary.p50),
        p90: statistic(|summary| summary.p90),
        p99: statistic(|summary| summary.p99),
        max: statistic(|summary| summary.max),
        mean: summary.map(|summary| summary.mean),
    }
}
