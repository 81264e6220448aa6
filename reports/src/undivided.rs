//! Why costs of a run are not divided into hook and side effects, in sentences for
//! readers. The page, the tables and the comment show them once.

use hookbench_results::Run;

use crate::section::{Row, Section};
use crate::text;

/// The sentences about the costs of `run` without a hook, one for each reason; empty if
/// every cost has a hook, and without costs.
pub fn sentences(run: &Run, sections: &[Section<'_>]) -> Vec<String> {
    let any_hook = sections.iter().any(Section::is_divided);
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for section in sections {
        let undivided = section.costs().filter(|(_, cost)| cost.hook().is_none());
        for reason in undivided.map(|(row, _)| reason(run, row, any_hook)) {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason, 1)),
            }
        }
    }
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
    reasons.into_iter().map(sentence).collect()
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
    }

    #[test]
    fn single_cells_without_a_hook_are_counted_by_reason() {
        let said = said(&fixture::divided_run());
        assert_eq!(
            said,
            "1 cost is not divided into hook and side effects, because the run has no attribution there. 1 \
             cost is not divided into hook and side effects, because several CPUs \
             execute instructions at the same time."
        );
    }

    #[test]
    fn a_run_without_costs_needs_no_reason() {
        assert_eq!(said(&fixture::run_of(&[("none", &[7])])), "");
    }
}
