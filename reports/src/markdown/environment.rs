//! The end of the report: the calibration, the environment, and the cells without a
//! number.

use hookbench_model::{Measurement, Outcome};
use hookbench_results::Run;

use super::syntax::{code, escaped, table};
use crate::{calibration, environment, section, text};

/// The cost of an empty timed section on each kernel.
pub(super) fn calibration(run: &Run) -> String {
    let all = calibration::calibrations(run);
    if all.is_empty() {
        return String::new();
    }
    let lines = all.iter().map(|calibration| {
        let clock = calibration.clock.name();
        format!("- kernel {}: {} (clock: {clock})\n", escaped(&calibration.kernel), calibration.cost())
    });
    format!("\n## Calibration\n\n{}\n\n{}", calibration::MEANING, lines.collect::<String>())
}

/// The environment that the numbers depend on.
pub(super) fn environment(run: &Run) -> String {
    let facts = environment::facts(run).into_iter().map(|(name, value)| vec![name, code(&value)]);
    let mut text = format!("\n## Environment\n\n{}", table(&["what", "value"], facts));
    for kernel in &run.environment.kernels {
        text += &format!("\n### Kernel {}\n\n", escaped(&kernel.name));
        let facts = environment::kernel_facts(kernel)
            .into_iter()
            .map(|(name, value)| vec![escaped(&name), code(&value)]);
        text += &table(&["what", "value"], facts);
    }
    text
}

/// The cells whose numbers are not those of their whole monitors, with the reasons.
pub(super) fn caveats(run: &Run) -> String {
    let cells = section::with_caveats(run);
    if cells.is_empty() {
        return String::new();
    }
    format!("\n## Not the whole monitor\n\n{}", reasons(&cells))
}

/// A table of cells with their reasons.
fn reasons(cells: &[&Measurement]) -> String {
    let rows = cells.iter().map(|measurement| {
        let Measurement { cell, outcome, .. } = measurement;
        vec![code(&cell.to_string()), outcome.word().into(), escaped(&outcome.reason())]
    });
    table(&["cell", "outcome", "reason"], rows)
}

/// The cells without a number, with their reasons and the consoles of the failed ones.
pub(super) fn without_numbers(run: &Run) -> String {
    let without = section::without_numbers(run);
    if without.is_empty() {
        return String::new();
    }
    let consoles: String = without.iter().filter_map(|measurement| console(measurement)).collect();
    format!("\n## Cells without a number\n\n{}{consoles}", reasons(&without))
}

/// The console of a failed cell, as an indented code block, which no text can end.
fn console(measurement: &Measurement) -> Option<String> {
    let Outcome::Failed(failure) = &measurement.outcome else { return None };
    let lines = failure.console.iter().map(|line| format!("    {}\n", text::one_line(line)));
    let cell = code(&measurement.cell.to_string());
    (!failure.console.is_empty())
        .then(|| format!("\nThe console of {cell}:\n\n{}", lines.collect::<String>()))
}
