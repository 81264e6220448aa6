//! The opening paragraph of a report: the answer, computed from the numbers of the run.
//! Here are the choice of the section and the sentences; formats set them.

use hookbench_model::Schedule;
use hookbench_model::measurement::UNPROVEN;
use hookbench_results::Run;

use crate::cost::{self, Cost};
use crate::section::{Row, Section};
use crate::{default_kernel, text, undivided};

/// The workloads that are preferred for the headline. Others follow in the order of the
/// run, and `null-syscall` is last, because no monitor watches it.
const HEADLINES: [&str; 2] = ["execve-noop", "open-close"];
/// A system call that no monitor watches.
const UNWATCHED: &str = "null-syscall";

/// The opening sentences of every report.
pub fn sentences(run: &Run, sections: &[Section<'_>]) -> Vec<String> {
    let mut sentences = Vec::new();
    match headline(sections) {
        Some(section) => {
            sentences.extend(answer(section));
            sentences.extend(others(section, sections));
        }
        None => sentences.push("The run has no monitor with a baseline `none`.".into()),
    }
    sentences.extend(division_meaning(sections).map(String::from));
    sentences.extend(undivided::sentences(run, sections));
    sentences.push(counts(run));
    sentences
}

/// What hook and side effects mean, if a cost is divided into them.
pub(crate) fn division_meaning(sections: &[Section<'_>]) -> Option<&'static str> {
    sections.iter().any(Section::is_divided).then_some(cost::MEANING)
}

/// The section of the opening: of the [`default_kernel`] if it has a section with costs,
/// otherwise of the first kernel that has one.
pub fn headline<'s, 'a>(sections: &'s [Section<'a>]) -> Option<&'s Section<'a>> {
    let of_default =
        default_kernel::default_kernel(sections).and_then(|kernel| headline_of(sections, kernel));
    of_default.or_else(|| {
        default_kernel::all_kernels(sections).iter().find_map(|kernel| headline_of(sections, kernel))
    })
}

/// The section that represents `kernel`: of those with costs the one with the preferred
/// workload, and then the one with the default boot line and the paced schedule.
pub fn headline_of<'s, 'a>(sections: &'s [Section<'a>], kernel: &str) -> Option<&'s Section<'a>> {
    let with_costs = sections.iter().filter(|section| section.costs().next().is_some());
    with_costs.filter(|section| section.cell.kernel == kernel).min_by_key(|section| rank(section))
}

/// The order of sections for the headline; the preferred section is the least.
pub(crate) fn rank(section: &Section<'_>) -> impl Ord + use<> {
    let workload = section.cell.workload.as_str();
    let place = HEADLINES.iter().position(|name| *name == workload).unwrap_or(HEADLINES.len());
    let unusual = (!section.cell.boot.is_default(), section.cell.schedule != Schedule::Paced);
    (workload == UNWATCHED, place, unusual)
}

/// The cheapest and the most expensive of the monitors that saw every operation, or of
/// all monitors if none watched the operation.
pub(crate) fn extremes<'s, 'a>(section: &'s Section<'a>) -> Option<Extremes<'s, 'a>> {
    let saw: Vec<_> = section.costs().filter(|(row, _)| row.saw_everything()).collect();
    let watched = !saw.is_empty();
    let costs = if watched { saw } else { section.costs().collect() };
    let cheapest = costs.iter().copied().min_by_key(|(_, cost)| cost.number())?;
    let most_expensive = costs.iter().copied().max_by_key(|(_, cost)| cost.number())?;
    Some(Extremes { count: costs.len(), watched, cheapest, most_expensive })
}

/// The two ends of the costs of a section.
pub(crate) struct Extremes<'s, 'a> {
    /// The number of costs.
    pub count: usize,
    /// Whether the costs are those of monitors that saw every operation.
    pub watched: bool,
    /// The lowest cost.
    pub cheapest: (&'s Row<'a>, Cost),
    /// The highest cost.
    pub most_expensive: (&'s Row<'a>, Cost),
}

/// `On kernel 6.1, one execve-noop costs 95,595 instructions without a monitor (…).`
pub(crate) fn baseline_sentence(section: &Section<'_>) -> String {
    let base = section.baseline().and_then(|row| row.summary);
    let costs = base.map_or_else(
        || "was not measured".into(),
        |summary| format!("costs {} {}", text::grouped(summary.p50), section.clock.unit()),
    );
    format!(
        "On kernel {}, one `{}` {costs} without a monitor (median, {} schedule, clock: {}).",
        text::name(&section.kernel()),
        text::name(&section.operation()),
        section.cell.schedule,
        section.clock.name(),
    )
}

fn answer(section: &Section<'_>) -> Vec<String> {
    let Some(Extremes { count, watched, cheapest, most_expensive }) = extremes(section) else {
        return Vec::new();
    };
    let unit = section.clock.unit();
    let (least, most) = (cost_phrase(&cheapest.1, unit), cost_phrase(&most_expensive.1, unit));
    let what = behaviour(most_expensive.0).map_or_else(String::new, |name| format!(" to watch `{name}`"));
    let of = if watched { "that saw every operation" } else { "measured" };
    let end = match count {
        1 => format!("The only monitor {of} is {}: {least}.", named(cheapest.0)),
        _ => format!(
            "Of the {count} monitors {of}, the cheapest{what} is {}: {least}. The most expensive is {}: {most}.",
            named(cheapest.0),
            named(most_expensive.0),
        ),
    };
    vec![baseline_sentence(section), end]
}

/// The monitor's name, with what must not be overlooked: `bpf:a.o` (in part).
fn named(row: &Row<'_>) -> String {
    format!("`{}`{}", row.monitor(), if row.has_caveats() { " (in part)" } else { "" })
}

/// `its hook takes 178 instructions per operation (+0.2 %)`, or without a hook
/// `+444 instructions per operation (+0.4 %)`.
fn cost_phrase(cost: &Cost, unit: &str) -> String {
    let verb = if cost.hook().is_some() { "its hook takes " } else { "" };
    let share = cost.percent().map_or_else(String::new, |percent| format!(" ({percent})"));
    format!("{verb}{} {unit} per operation{share}", cost.shown())
}

/// The behaviour that the monitor of `row` watches; `None` when the operations raise
/// fewer events than there are operations, as a check that the monitor is alive does.
pub(crate) fn behaviour(row: &Row<'_>) -> Option<String> {
    let measured = row.measured()?;
    let events = measured.events.as_ref()?;
    let performed = events.expected >= measured.samples.len() as u64;
    Some(text::name(&events.behaviour)).filter(|name| performed && !name.is_empty())
}

/// One sentence for each workload but that of `headline`: about its first section with
/// the same kernel, boot line, schedule and clock.
fn others(headline: &Section<'_>, sections: &[Section<'_>]) -> Vec<String> {
    let mut done = vec![headline.cell.workload.as_str()];
    let mut sentences = Vec::new();
    for section in sections {
        let like = (&section.cell.kernel, section.cell.boot, section.cell.schedule, section.clock)
            == (&headline.cell.kernel, headline.cell.boot, headline.cell.schedule, headline.clock);
        let workload = section.cell.workload.as_str();
        let Some(found) = extremes(section).filter(|_| like && !done.contains(&workload)) else { continue };
        done.push(workload);
        let ends = [&found.cheapest, &found.most_expensive];
        let verb = if ends.iter().all(|(_, cost)| cost.hook().is_some()) { "hook" } else { "cost" };
        let shown = ends
            .map(|(row, cost)| format!("{} {} (`{}`)", cost.shown(), section.clock.unit(), row.monitor()));
        let operation = text::name(&section.operation());
        sentences.push(match (verb, found.count) {
            ("hook", 1) => format!("A hook on one `{operation}` takes {}.", shown[0]),
            ("hook", _) => format!("A hook on one `{operation}` takes {} to {}.", shown[0], shown[1]),
            (_, 1) => format!("The cost of one `{operation}` changes by {}.", shown[0]),
            _ => format!("The cost of one `{operation}` changes by {} to {}.", shown[0], shown[1]),
        });
    }
    sentences
}

/// The number of cells with each outcome: `3 cells: 2 measured, 1 failed.`
pub(crate) fn counts(run: &Run) -> String {
    let words = ["measured", "measured in part", UNPROVEN, "failed", "unsupported", "skipped"];
    let parts: Vec<String> = words
        .into_iter()
        .map(|word| (run.count(word), word))
        .filter(|(count, word)| *count > 0 || *word == "measured")
        .map(|(count, word)| format!("{} {word}", text::grouped(count as u64)))
        .collect();
    format!("{}: {}.", text::count(run.measurements.len(), "cell"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn the_answer_names_both_ends_with_unit_and_percent() {
        let run = fixture::synthetic_run();
        let text = sentences(&run, &section::sections(&run)).join(" ");
        assert!(
            text.contains("the cheapest to watch `exec` is `bpf-lsm+count`: +444 instructions"),
            "{text}"
        );
        assert!(
            text.contains(
                "The most expensive is `audit+auditd`: +333,333 instructions per operation (+306 %)"
            )
        );
        assert!(text.contains("clock: instructions") && text.contains("kernel 6.1"));
        assert!(text.contains("2 failed, 2 unsupported, 2 skipped"), "{text}");
    }

    #[test]
    fn the_answer_ranks_by_the_hook_and_says_what_a_hook_is() {
        let run = fixture::divided_run();
        let text = sentences(&run, &section::sections(&run)).join(" ");
        for part in [
            "the cheapest to watch `exec` is `bpf-lsm+count`: its hook takes 178 instructions per operation \
             (+0.2 %). The most expensive is `audit+auditd`: its hook takes 331,000 instructions",
            "A hook on one `unshare-burst[as=user]` takes",
            cost::MEANING,
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn hooks_without_a_baseline_are_an_answer() {
        let mut run = fixture::divided_run();
        run.measurements.retain(|measurement| !measurement.cell.monitor.is_none());
        let text = sentences(&run, &section::sections(&run)).join(" ");
        assert!(text.contains("was not measured without a monitor"), "{text}");
        assert!(text.contains("its hook takes 178 instructions per operation. The most"), "{text}");
    }

    #[test]
    fn a_run_without_baselines_says_so() {
        let run = fixture::run_of(&[("kprobe+count", &[7])]);
        let text = sentences(&run, &section::sections(&run)).join(" ");
        assert_eq!(text, "The run has no monitor with a baseline `none`. 1 cell: 1 measured.");
    }

    #[test]
    fn the_answer_skips_refused_operations_and_losses() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let refusing = sections.iter().find(|section| section.operation().contains("as=user")).unwrap();
        let found = extremes(refusing).unwrap();
        assert_eq!(found.cheapest.0.monitor(), "kprobe+count");
    }
}
