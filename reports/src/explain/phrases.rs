//! The sentences and sums about an explanation that all formats share.

use hookbench_analysis::attribution::Explanation;
use hookbench_analysis::attribution::explanation::{Difference, FunctionCost, Parts};
use hookbench_model::Cell;

use super::ExplanationReport;
use crate::text::{grouped, name, signed, unsigned_if_positive};

/// What the words mean.
pub(super) const WORDS: [(&str, &str); 3] = [
    ("hook", "the instructions that the monitor itself executes"),
    (
        "side effects",
        "what changed elsewhere, for example because the monitor's memory changes where the kernel's allocators look",
    ),
    (
        "left out",
        "what every operation under none does and this one does not, for example because the monitor refused it",
    ),
];

/// The functions that changed.
pub(super) fn functions(report: &ExplanationReport<'_>) -> Vec<FunctionCost> {
    match report.against {
        Some(against) => Difference::new(report.of, against).functions,
        None => report.of.functions(),
    }
}

/// The page's title, which has the most important number.
pub(super) fn headline(report: &ExplanationReport<'_>) -> String {
    let cell = &report.of.cell;
    let hook = report.of.parts().direct;
    let what = format!(
        "{} on {}: the hook executes {} per operation of {}",
        monitor(cell),
        kernel(cell),
        instructions(hook),
        workload(cell)
    );
    match report.against {
        None => what,
        Some(against) => format!("{what}, {}", compared(hook - against.parts().direct, cell, &against.cell)),
    }
}

/// `31 more than on 6.12`.
fn compared(change: i64, cell: &Cell, against: &Cell) -> String {
    let how = match change {
        0 => "as many as".to_string(),
        1.. => format!("{} more than", grouped(change.unsigned_abs())),
        _ => format!("{} fewer than", grouped(change.unsigned_abs())),
    };
    let same_but_kernel =
        Cell { kernel: against.kernel.clone(), boot: against.boot, ..cell.clone() } == *against;
    let same_but_monitor =
        Cell { monitor: against.monitor.clone(), tuning: against.tuning.clone(), ..cell.clone() };
    let with = match () {
        () if cell == against => "in the base".to_string(),
        () if same_but_kernel => format!("on {}", kernel(against)),
        () if same_but_monitor == *against => monitor(against),
        () => format!("in {}", name(&against.to_string())),
    };
    format!("{how} {with}")
}

fn kernel(cell: &Cell) -> String {
    name(&cell.booted_kernel())
}

fn monitor(cell: &Cell) -> String {
    name(&cell.tuned_monitor())
}

/// `mprotect-storm[to=r]`, and the schedule if it is not the usual one.
fn workload(cell: &Cell) -> String {
    let params: Vec<String> = cell.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let params = if params.is_empty() { String::new() } else { format!("[{}]", params.join(" ")) };
    let schedule = if cell.schedule == hookbench_model::Schedule::Paced {
        String::new()
    } else {
        format!(" ({})", cell.schedule)
    };
    name(&format!("{}{params}{schedule}", cell.workload))
}

fn instructions(number: i64) -> String {
    match number {
        1 => "1 instruction".into(),
        _ => format!("{} instructions", signed(number).trim_start_matches('+')),
    }
}

/// What the sums say, in sentences.
pub(super) fn sentences(report: &ExplanationReport<'_>) -> Vec<String> {
    let of = report.of;
    let parts = of.parts();
    let share = of.share;
    vec![
        format!(
            "An operation executes {} under none and {} under {}.",
            instructions(of.reference() as i64),
            grouped(of.operation()),
            monitor(&of.cell)
        ),
        format!(
            "The hook {}, side effects {}.",
            adds(parts.direct, "adds", "saves"),
            adds(parts.side_effects(), "add", "save")
        ),
        format!(
            "This is a typical operation: in {} of {}, the hook costs exactly as much.",
            grouped(share.operations.into()),
            grouped(share.of.into())
        ),
    ]
}

/// `adds 341` or `saves 56`.
fn adds(number: i64, adds: &str, saves: &str) -> String {
    let verb = if number < 0 { saves } else { adds };
    format!("{verb} {}", grouped(number.unsigned_abs()))
}

/// `341`, with a sign if it is a difference: `+19`.
pub(super) fn shown(number: i64, is_difference: bool) -> String {
    if is_difference { signed(number) } else { unsigned_if_positive(number) }
}

/// A line of the sums, which add up.
pub(super) struct Sum {
    /// What it is.
    pub(super) what: &'static str,
    /// Whether it is a part of the line above that is not.
    pub(super) is_part: bool,
    /// In the cell, in what it is compared with, and the difference.
    numbers: Vec<i64>,
}

impl Sum {
    /// The numbers as text.
    pub(super) fn shown(&self) -> impl Iterator<Item = String> {
        // The third is the difference of the first two.
        self.numbers.iter().enumerate().map(|(place, number)| shown(*number, place == 2))
    }
}

/// The headers of the numbers in a [`Sum`].
pub(super) fn sum_headers(report: &ExplanationReport<'_>) -> Vec<String> {
    match report.against {
        None => vec![monitor(&report.of.cell)],
        Some(against) => {
            let (of, against) = (&report.of.cell, &against.cell);
            let names = if of == against {
                ["new".to_string(), "base".to_string()]
            } else if of.booted_kernel() != against.booted_kernel() {
                [kernel(of), kernel(against)]
            } else {
                [monitor(of), monitor(against)]
            };
            let [of, against] = names;
            vec![of, against, "difference".into()]
        }
    }
}

/// The sums.
pub(super) fn sums(report: &ExplanationReport<'_>) -> Vec<Sum> {
    let both: Vec<&Explanation> = std::iter::once(report.of).chain(report.against).collect();
    let sum = |what, is_part, number: &dyn Fn(&Explanation, Parts) -> i64| {
        let mut numbers: Vec<i64> = both.iter().map(|of| number(of, of.parts())).collect();
        if let [of, against] = numbers[..] {
            numbers.push(of - against);
        }
        Sum { what, is_part, numbers }
    };
    let mut sums = vec![
        sum("hook", false, &|_, parts| parts.direct),
        sum("side effects", false, &|_, parts| parts.side_effects()),
        sum("other functions", true, &|_, parts| parts.indirect),
        sum("interrupts", true, &|_, parts| parts.interrupts),
        sum("left out", true, &|_, parts| -parts.avoided),
        sum("added", false, &|_, parts| parts.added()),
        sum("operation", false, &|of, _| of.operation() as i64),
        sum("operation under none", false, &|of, _| of.reference() as i64),
    ];
    sums.retain(|sum| !sum.is_part || sum.numbers.iter().any(|number| *number != 0));
    sums
}
