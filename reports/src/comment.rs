//! `comment.md`: the run for a comment on a pull request, at most [`LIMIT`] bytes long.
//! If the whole `report.md` fits, it is the comment. Otherwise the comment has the answer,
//! the failures and the table to choose a monitor by, and says where the rest is.

use hookbench_model::{Measurement, Outcome};
use hookbench_results::Run;

use crate::decision::{self, Decision, MonitorChoice};
use crate::markdown::{TITLE, code, escaped, opening, table_of_numbers};
use crate::section::Row;
use crate::{default_kernel, markdown, matrix, section, text};

/// The size limit, in bytes. GitHub accepts comments of up to 65,536 characters; the
/// rest is free for a line that a user adds above.
pub const LIMIT: usize = 65_000;

/// The run as Markdown of at most [`LIMIT`] bytes.
pub fn render(run: &Run) -> String {
    let whole = markdown::render(run);
    if whole.len() <= LIMIT { whole } else { shortened(run, whole.len()) }
}

fn shortened(run: &Run, whole: usize) -> String {
    let sections = section::sections(run);
    let mut comment = format!("{TITLE}\n\n{}\n", opening(run, &sections));
    let end = format!(
        "\nShortened: the whole report has {} characters, too many for a comment. It is in the files `report.md` \
         and `report.html` of the run, and every number is in `results.csv`.\n",
        text::grouped(whole as u64)
    );
    let decision = default_kernel::default_kernel(&sections)
        .and_then(|kernel| Some((kernel, decision::decide(run, &sections, kernel)?)))
        .map(|(kernel, decision)| lines(kernel, &decision));
    let reasons = failures(run).into_iter().chain(caveats(run));
    for line in reasons.chain(decision.into_iter().flatten()) {
        if comment.len() + line.len() + end.len() > LIMIT {
            break;
        }
        comment += &line;
    }
    if comment.len() + end.len() > LIMIT { end } else { comment + &end }
}

/// The failed cells, one line each, so that the comment can end after any of them.
fn failures(run: &Run) -> Vec<String> {
    let failed = run.measurements.iter().filter_map(|measurement| match &measurement.outcome {
        Outcome::Failed(failure) => {
            let message: String = text::one_line(&failure.message).chars().take(200).collect();
            Some(format!("- {}: {}\n", code(&measurement.cell.to_string()), escaped(&message)))
        }
        _ => None,
    });
    let mut lines: Vec<String> = failed.take(50).collect();
    if !lines.is_empty() {
        let all = text::count(run.count("failed"), "cell");
        lines.insert(0, format!("\n## {all} failed\n\n"));
    }
    lines
}

/// The cells whose numbers are not those of their whole monitors, one line each.
fn caveats(run: &Run) -> Vec<String> {
    let cells = section::with_caveats(run);
    let line = |measurement: &&Measurement| {
        let why: String = text::one_line(&measurement.outcome.reason()).chars().take(200).collect();
        let word = measurement.outcome.word();
        format!("- {} is {word}: {}\n", code(&measurement.cell.to_string()), escaped(&why))
    };
    let mut lines: Vec<String> = cells.iter().take(50).map(line).collect();
    if !lines.is_empty() {
        let all = text::count(cells.len(), "number");
        lines.insert(0, format!("\n## {all} not of the whole monitor\n\n"));
    }
    lines
}

fn lines(kernel: &str, decision: &Decision<'_, '_>) -> Vec<String> {
    let units: Vec<String> = decision
        .operations
        .iter()
        .map(|of| format!("{} ({})", code(&of.section.operation()), of.section.clock.unit()))
        .collect();
    let header: Vec<String> = decision
        .operations
        .iter()
        .map(|of| escaped(of.behaviour.as_deref().unwrap_or("unwatched call")))
        .chain(["lost in burst", "does", "scope", "since"].map(String::from))
        .collect();
    let title = format!(
        "\n## Which monitor? Kernel {}\n\n{} In this order: {}.\n\n",
        escaped(kernel),
        decision.meaning(),
        units.join(", ")
    );
    let table = table_of_numbers("monitor", header.into_iter(), decision.monitors.iter().map(row));
    std::iter::once(title).chain(table.lines().map(|line| format!("{line}\n"))).collect()
}

fn row(line: &MonitorChoice<'_, '_>) -> Vec<String> {
    let mut fields = vec![code(&line.monitor)];
    fields.extend(line.costs.iter().map(|row| cost(*row)));
    fields.push(line.lost.as_ref().map_or_else(String::new, decision::BurstLoss::shown));
    let record = line.record;
    let could = if line.could_deny() { ", could deny" } else { "" };
    fields.push(
        record.map_or_else(String::new, |record| format!("{}{could}", decision::ability(record.enforcement))),
    );
    fields.push(record.map_or("", |record| if record.per_process { "process" } else { "system" }).into());
    fields.push(record.map_or_else(String::new, |record| escaped(&record.since)));
    fields
}

/// `178 (98 %), added +444`; `+444` without a hook; then how the monitor stopped the
/// operation.
fn cost(row: Option<&Row<'_>>) -> String {
    let Some((row, cost)) = row.and_then(|row| Some((row, row.cost?))) else {
        return escaped(&matrix::field(row));
    };
    let stopped = row.measured().map(text::refused).unwrap_or_default();
    let added = cost.hook().and(cost.added()).map(|added| format!("added {}", text::signed(added.p50)));
    let parts = [Some(cost.with_share()), added, Some(stopped).filter(|words| !words.is_empty())];
    escaped(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use hookbench_model::{Failure, FailureKind};

    #[test]
    fn a_run_that_fits_is_the_whole_report() {
        let run = fixture::synthetic_run();
        assert_eq!(render(&run), markdown::render(&run));
    }

    #[test]
    fn a_run_that_does_not_fit_is_shortened_and_says_so() {
        let mut run = fixture::synthetic_run();
        let failure =
            Failure { kind: FailureKind::Agent, message: "log ".repeat(9_000), console: vec!["x".into()] };
        let failed = run.measurements.iter_mut().rev().take(3);
        failed.for_each(|measurement| measurement.outcome = Outcome::Failed(failure.clone()));
        let comment = render(&run);
        assert!(comment.len() <= LIMIT && markdown::render(&run).len() > LIMIT);
        for part in [
            "5 cells failed",
            "Shortened",
            "report.html",
            "| `bpf-lsm+count` | +444 |",
            "| observe, could deny |",
        ] {
            assert!(comment.contains(part), "{part}: {comment}");
        }
    }

    #[test]
    fn a_shortened_comment_ranks_by_the_hook_with_the_whole_difference_next_to_it() {
        let run = fixture::divided_run();
        let comment = shortened(&run, LIMIT + 1);
        for part in [
            "A cost is the hook",
            "| `bpf-lsm+count` | 178 (98 %), added +444 |",
            "| `seccomp+errno` | 150, added -59,000, refused EPERM |",
        ] {
            assert!(comment.contains(part), "{part}: {comment}");
        }
    }

    #[test]
    fn very_long_names_stay_within_the_limit() {
        let mut run = fixture::synthetic_run();
        for measurement in &mut run.measurements {
            measurement.cell.workload = "w".repeat(40_000);
        }
        let comment = render(&run);
        assert!(comment.len() <= LIMIT && comment.contains("Shortened"));
    }
}
