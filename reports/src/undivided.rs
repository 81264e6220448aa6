//! Why costs of a run are not divided into hook and side effects, and what estimates the hook there, in
//! sentences for readers. The page, the tables and the comment show them once.

use hookbench_analysis::attribution::UNDIVIDED;
use hookbench_model::Outcome;
use hookbench_results::Run;

use crate::section::{Row, Section};
use crate::text;

/// The sentences about the costs of `run` without a hook, one for each reason; empty if
/// every cost has a hook, and without costs.
pub fn sentences(run: &Run, sections: &[Section<'_>]) -> Vec<String> {
    let any_hook = sections.iter().any(Section::is_divided);
    let mut reasons: Vec<(String, usize)> = Vec::new();
    let (mut notes, mut noted) = (Vec::new(), 0);
    for (row, _) in sections.iter().flat_map(Section::costs).filter(|(_, cost)| cost.hook().is_none()) {
        if let Some(why) = note(row) {
            noted += 1;
            notes.extend(Some(why).filter(|why| !notes.contains(why)));
            continue;
        }
        let reason = reason(run, row, any_hook);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    // Notes have the numbers of their cells, so there may be as many as cells: the first stands for all.
    reasons.extend(match notes[..] {
        [] => None,
        [why] => Some((text::name(why), noted)),
        [why, ..] => Some((format!("{} (each cell's notes have its reason)", text::name(why)), noted)),
    });
    let sentence = |(reason, count): (String, usize)| match (any_hook, count) {
        (false, _) => format!(
            "Costs are not divided into hook and side effects, because {reason}. Each is the whole difference of \
             the medians, side effects included."
        ),
        (true, 1) => format!("1 cost is not divided into hook and side effects, because {reason}."),
        (true, _) => {
            format!(
                "{} are not divided into hook and side effects, because {reason}.",
                text::count(count, "cost")
            )
        }
    };
    let placebo = placebo_sentence(sections).map(String::from);
    reasons.into_iter().map(sentence).chain(placebo).collect()
}

/// The meaning of placebos, for readers.
const OVER_PLACEBO: &str = "Over placebo: the p50 of a monitor minus that of its placebo, the same monitor attached \
                            and detached again. It estimates the hook.";

/// How to estimate the hook where nothing tells it.
const OFFER: &str = "Measure again with `--placebo` to estimate the hook: each monitor is then also measured attached \
                     and detached again.";

/// What placebos say about hooks; of a clock that is not exact, that they would say it.
fn placebo_sentence(sections: &[Section<'_>]) -> Option<&'static str> {
    let is_noisy = |section: &Section<'_>| !section.clock.is_exact() && section.costs().next().is_some();
    if sections.iter().any(Section::has_placebo) {
        Some(OVER_PLACEBO)
    } else {
        let placebos = sections.iter().flat_map(|section| &section.rows).any(Row::is_placebo);
        (!placebos && sections.iter().any(is_noisy)).then_some(OFFER)
    }
}

/// Why `row` has no hook, as the end of a sentence.
fn reason(run: &Run, row: &Row<'_>, any_hook: bool) -> String {
    let environment = &run.environment;
    let exact = row.measurement.clock.is_exact();
    if exact && row.measurement.cell.boot.cpus > 1 {
        return "hookbench follows the calls of one CPU".into();
    }
    if !environment.unattributed.is_empty() {
        return text::name(&environment.unattributed);
    }
    if !exact {
        return "hardware clocks do not count single instructions".into();
    }
    if any_hook {
        return "the run has no attribution there".into();
    }
    format!("hookbench {}, which made this run, did not do that", text::name(&environment.hookbench))
}

/// Why the cost of `row` could not be divided, if it was tried.
fn note<'a>(row: &Row<'a>) -> Option<&'a str> {
    match &row.measurement.outcome {
        Outcome::Measured(measured) => measured.notes.iter().find_map(|note| note.strip_prefix(UNDIVIDED)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hookbench_model::Clock;

    use super::*;
    use crate::{fixture, section};

    fn said(run: &Run) -> String {
        sentences(run, &section::sections(run)).join(" ")
    }

    #[test]
    fn an_older_run_and_a_run_on_hardware_say_why() {
        let mut run = fixture::synthetic_run();
        assert_eq!(
            said(&run),
            "Costs are not divided into hook and side effects, because hookbench 0.0.0, which made this run, did \
             not do that. Each is the whole difference of the medians, side effects included."
        );
        run.environment.unattributed = "this QEMU has no `plugins`".into();
        assert!(said(&run).contains("because this QEMU has no 'plugins'. Each is"));
        run.environment.unattributed.clear();
        run.measurements.iter_mut().for_each(|measurement| measurement.clock = Clock::Tsc);
        assert!(said(&run).contains("because hardware clocks do not count"));
        assert!(said(&run).ends_with(OFFER), "{}", said(&run));
    }

    #[test]
    fn a_cell_that_could_not_be_divided_says_why() {
        let mut run = fixture::synthetic_run();
        for measurement in &mut run.measurements {
            if let Outcome::Measured(measured) = &mut measurement.outcome {
                measured.notes.push(format!("{UNDIVIDED}the sums differ by 8"));
            }
        }
        assert!(said(&run).contains("side effects, because the sums differ by 8."), "{}", said(&run));
    }

    #[test]
    fn different_reasons_of_cells_are_one_sentence() {
        let mut run = fixture::synthetic_run();
        for (number, measurement) in run.measurements.iter_mut().enumerate() {
            if let Outcome::Measured(measured) = &mut measurement.outcome {
                measured.notes.push(format!("{UNDIVIDED}the sums differ by {number}"));
            }
        }
        assert_eq!(said(&run).matches("because").count(), 1, "{}", said(&run));
        assert!(said(&run).contains("(each cell's notes have its reason)"), "{}", said(&run));
    }

    #[test]
    fn a_run_with_placebos_says_what_they_estimate_and_offers_none() {
        let mut run = fixture::placebo_run();
        assert!(said(&run).ends_with(OVER_PLACEBO) && !said(&run).contains(OFFER), "{}", said(&run));
        // Operations that are refused have no estimate.
        run.measurements.retain(|found| found.cell.monitor.mechanism() != "kprobe");
        assert!(!said(&run).contains(OVER_PLACEBO) && !said(&run).contains(OFFER), "{}", said(&run));
    }

    #[test]
    fn single_cells_without_a_hook_are_counted_by_reason() {
        let said = said(&fixture::divided_run());
        assert_eq!(
            said,
            "1 cost is not divided into hook and side effects, because the run has no attribution there. 1 \
             cost is not divided into hook and side effects, because hookbench follows the calls of one CPU."
        );
    }

    #[test]
    fn a_run_without_costs_needs_no_reason() {
        assert_eq!(said(&fixture::run_of(&[("none", &[7])])), "");
    }
}
