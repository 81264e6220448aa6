//! The sentences and tables of a correlation, which all formats share. Foreign text in
//! them is one line; each format escapes it.

use hookbench_analysis::correlate::{CellPair, HardwareAndTcg, OmittedCell, RankAgreement};

use super::report::CorrelationReport;
use crate::text;

/// A table under a heading.
pub(super) struct CorrelationTable {
    pub(super) heading: String,
    /// The names of the columns; the last column has names of cells.
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    left: usize,
}

impl CorrelationTable {
    fn new(heading: String, header: &[&str], rows: Vec<Vec<String>>, all: usize) -> Option<CorrelationTable> {
        let left = all - rows.len();
        let header = header.iter().map(|&name| name.into()).collect();
        (!rows.is_empty()).then_some(CorrelationTable { heading, header, rows, left })
    }

    /// `and 12 more`; `None` when nothing is omitted.
    pub(super) fn more(&self) -> Option<String> {
        (self.left > 0).then(|| format!("and {} more", text::grouped(self.left as u64)))
    }
}

/// The two runs, and the answer.
pub(super) fn head(report: &CorrelationReport<'_>) -> Vec<String> {
    let CorrelationReport { names, correlation, .. } = report;
    let unit = correlation.clock.unit();
    let mut lines = vec![
        format!(
            "hardware: {} (clock: {}, target: {})",
            text::name(names.hardware),
            correlation.clock.name(),
            correlation.target
        ),
        format!("TCG: {}", text::name(names.tcg)),
    ];
    let kernel = |HardwareAndTcg { hardware, tcg }: &HardwareAndTcg<String>| {
        (hardware != tcg)
            .then(|| format!("kernel {} is compared with {}", text::name(hardware), text::name(tcg)))
    };
    lines.extend(correlation.kernels.iter().filter_map(kernel));
    let median = correlation.median_ratio.map_or_else(|| "none".into(), ratio);
    lines.push(format!(
        "{}; the median cell takes {median} {unit} per instruction",
        text::count(correlation.pairs.len(), "cell")
    ));
    lines.push(format!("rank correlation of all cells: {}", order(&correlation.order)));
    lines
}

/// `Spearman 0.9821, Kendall τ-b 0.9123`
fn order(order: &RankAgreement) -> String {
    match (order.spearman, order.kendall) {
        (Some(spearman), Some(kendall)) => format!("Spearman {spearman:.4}, Kendall τ-b {kendall:.4}"),
        _ => format!("none for {}", text::count(order.cells, "cell")),
    }
}

/// The tables.
pub(super) fn tables(report: &CorrelationReport<'_>) -> Vec<CorrelationTable> {
    [operations(report), disagreeing(report), left_out(report)].into_iter().flatten().collect()
}

fn operations(report: &CorrelationReport<'_>) -> Option<CorrelationTable> {
    let operations = &report.correlation.operations;
    let number = |number: Option<f64>| number.map_or_else(|| "-".into(), |number| format!("{number:.4}"));
    let rows: Vec<Vec<String>> = operations
        .iter()
        .map(|operation| {
            let RankAgreement { cells, spearman, kendall } = operation.order;
            vec![
                cells.to_string(),
                number(spearman),
                number(kendall),
                text::one_line(&operation.cell.to_string()),
            ]
        })
        .collect();
    let heading = "Order of monitors, by operation".into();
    let all = rows.len();
    CorrelationTable::new(heading, &["cells", "Spearman", "Kendall τ-b", "operation"], rows, all)
}

fn disagreeing(report: &CorrelationReport<'_>) -> Option<CorrelationTable> {
    let (pairs, unit) = (&report.correlation.pairs, report.correlation.clock.unit());
    let row = |pair: &CellPair| {
        vec![
            format!("× {}", ratio(pair.deviation)),
            ratio(pair.ratio),
            text::grouped(pair.p50.hardware),
            text::grouped(pair.p50.tcg),
            text::one_line(&pair.cell.to_string()),
        ]
    };
    let rows = pairs.iter().take(report.most).map(row).collect();
    let heading = format!("Cells farthest from the median ratio, in {unit} and instructions");
    CorrelationTable::new(heading, &["off by", "ratio", "hardware p50", "TCG p50", "cell"], rows, pairs.len())
}

fn left_out(report: &CorrelationReport<'_>) -> Option<CorrelationTable> {
    let left_out = &report.correlation.left_out;
    let row = |lone: &OmittedCell| vec![lone.why.into(), text::one_line(&lone.cell.to_string())];
    let rows = left_out.iter().take(report.most).map(row).collect();
    CorrelationTable::new("Omitted cells".into(), &["why", "cell"], rows, left_out.len())
}

/// A ratio with three significant digits.
fn ratio(ratio: f64) -> String {
    let digits = if ratio > 0.0 && ratio.is_finite() { 2.0 - ratio.log10().floor() } else { 2.0 };
    format!("{ratio:.*}", digits.clamp(0.0, 9.0) as usize)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ratios_keep_three_digits() {
        assert_eq!([0.5, 0.001_234, 12.34, 1234.5].map(super::ratio), ["0.500", "0.00123", "12.3", "1234"]);
    }
}
