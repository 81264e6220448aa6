//! The opening paragraph of a report: the answer, computed from the numbers of the run.
//! Here are the choice of the section and the sentences; formats set them.

use hookbench_analysis::baseline::Added;
use hookbench_model::Schedule;
use hookbench_model::measurement::UNPROVEN;
use hookbench_results::Run;

use crate::section::{Row, Section};
use crate::{default_kernel, text};

/// The workloads that are preferred for the headline. Others follow in the order of the
/// run, and `null-syscall` is last, because no monitor watches it.
const HEADLINES: [&str; 1] = ["execve-noop"];
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
    sentences.push(counts(run));
    sentences
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
    let cheapest = costs.iter().copied().min_by_key(|(_, added)| added.p50)?;
    let most_expensive = costs.iter().copied().max_by_key(|(_, added)| added.p50)?;
    Some(Extremes { count: costs.len(), watched, cheapest, most_expensive })
}

/// The largest amount by which a monitor that only observes lowers the median of
/// `section`, in the clock's unit. Observing makes no operation cheaper, but attaching
/// changes the kernel's memory and caches, and that can. A cost up to this amount is
/// indistinguishable from zero. 0 if no such monitor is below `none`.
pub fn floor(section: &Section<'_>) -> u64 {
    let watching = section.costs().filter(|(row, _)| {
        row.measured().is_some_and(|measured| measured.events.is_some() && measured.refused.is_none())
    });
    let below = watching.filter(|(_, added)| added.p50 < 0).map(|(_, added)| added.p50.unsigned_abs());
    below.max().unwrap_or(0)
}

/// The monitors of `section` that saw everything and have a cost that is
/// indistinguishable from zero.
pub(crate) fn within_floor<'s, 'a>(section: &'s Section<'a>) -> Vec<&'s Row<'a>> {
    let floor = floor(section);
    let saw = section.costs().filter(|(row, _)| row.saw_everything());
    saw.filter(|(_, added)| floor > 0 && added.p50.unsigned_abs() <= floor).map(|(row, _)| row).collect()
}

/// The cheapest monitor that saw everything and costs more than the [`floor`].
pub(crate) fn cheapest_above_floor<'s, 'a>(section: &'s Section<'a>) -> Option<(&'s Row<'a>, Added)> {
    let floor = i64::try_from(floor(section)).unwrap_or(i64::MAX);
    let saw = section.costs().filter(|(row, _)| row.saw_everything());
    saw.filter(|(_, added)| added.p50 > floor).min_by_key(|(_, added)| added.p50)
}

/// The meaning of the [`floor`], for readers.
pub const FLOOR_MEANING: &str = "the amount by which attaching alone can move this median";

/// The two ends of the costs of a section.
pub(crate) struct Extremes<'s, 'a> {
    /// The number of costs.
    pub count: usize,
    /// Whether the costs are those of monitors that saw every operation.
    pub watched: bool,
    /// The lowest cost.
    pub cheapest: (&'s Row<'a>, Added),
    /// The highest cost.
    pub most_expensive: (&'s Row<'a>, Added),
}

/// `On kernel 6.1, one execve-noop costs 95,595 instructions without a monitor (…).`
pub(crate) fn baseline_sentence(section: &Section<'_>) -> String {
    let unit = section.clock.unit();
    let base = section.baseline().and_then(|row| row.summary).map_or(0, |summary| summary.p50);
    format!(
        "On kernel {}, one `{}` costs {} {unit} without a monitor (median, {} schedule, clock: {}).",
        text::name(&section.kernel()),
        text::name(&section.operation()),
        text::grouped(base),
        section.cell.schedule,
        section.clock.name(),
    )
}

fn answer(section: &Section<'_>) -> Vec<String> {
    let Some(Extremes { count, watched, cheapest, most_expensive }) = extremes(section) else {
        return Vec::new();
    };
    let unit = section.clock.unit();
    let (least, most) = (cost(&cheapest, unit), cost(&most_expensive, unit));
    let what = behaviour(most_expensive.0).map_or_else(String::new, |name| format!(" to watch `{name}`"));
    let of = if watched { "that saw every operation" } else { "measured" };
    let near = within_floor(section).len();
    let end = match count {
        _ if near > 1 => format!(
            "Of the {count} monitors {of}, {near} are within {} {unit} of that. Their costs are indistinguishable \
             from zero, because attaching alone can move this median by that amount. The most expensive{what} \
             is {}: {most}.",
            text::grouped(floor(section)),
            named(most_expensive.0),
        ),
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

/// `+444 instructions per operation (+0.4 %)`
pub(crate) fn cost((_, added): &(&Row<'_>, Added), unit: &str) -> String {
    let share =
        if added.ratio.is_finite() { format!(" ({})", text::percent(added.ratio)) } else { String::new() };
    format!("{} {unit} per operation{share}", text::signed(added.p50))
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
        let ends = [&found.cheapest, &found.most_expensive].map(|end| {
            format!("{} {} (`{}`)", text::signed(end.1.p50), section.clock.unit(), end.0.monitor())
        });
        let operation = text::name(&section.operation());
        sentences.push(match found.count {
            1 => format!("The cost of one `{operation}` changes by {}.", ends[0]),
            _ => format!("The cost of one `{operation}` changes by {} to {}.", ends[0], ends[1]),
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
    fn an_observer_with_a_negative_cost_sets_the_floor() {
        let mut run = fixture::synthetic_run();
        for measurement in &mut run.measurements {
            let cell = &measurement.cell;
            let exec = cell.workload == "execve-noop" && cell.monitor.to_string() == "bpf-lsm+count";
            if let (true, hookbench_model::Outcome::Measured(measured)) = (exec, &mut measurement.outcome) {
                measured.samples = vec![107_000; 50];
            }
        }
        let sections = section::sections(&run);
        assert_eq!(floor(&sections[0]), 2_000);
        let near: Vec<String> = within_floor(&sections[0]).iter().map(|row| row.monitor()).collect();
        assert_eq!(near, ["bpf-lsm+count", "kprobe+count"]);
        let text = sentences(&run, &sections).join(" ");
        assert!(text.contains("2 are within 2,000 instructions of that"), "{text}");
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
