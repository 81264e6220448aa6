//! The opening paragraph: the run's answer, computed from its numbers. Which
//! section it speaks of, and in which words; how it is set is the formats'.

use hookbench_results::baseline::Added;
use hookbench_results::{Run, Schedule};

use crate::section::{Row, Section};
use crate::{default_kernel, text};

/// Workloads that make the better headline come first; others follow in the
/// order of the run, `null-syscall` last: nothing watches it.
const HEADLINES: [&str; 1] = ["execve-noop"];
/// The floor: a system call that no monitor has an interest in.
const FLOOR: &str = "null-syscall";

/// The sentences that open every report.
pub fn sentences(run: &Run, sections: &[Section<'_>]) -> Vec<String> {
    let mut sentences = Vec::new();
    match headline(sections) {
        Some(section) => {
            sentences.extend(answer(section));
            sentences.extend(others(section, sections));
        }
        None => sentences.push("No monitor was measured beside its baseline `none` in this run.".into()),
    }
    sentences.push(counts(run));
    sentences
}

/// The section that the opening speaks of and shows: of the [`default_kernel`] kernel where
/// that has one with costs, and else of the first that has.
pub fn headline<'s, 'a>(sections: &'s [Section<'a>]) -> Option<&'s Section<'a>> {
    let chosen = default_kernel::default_kernel(sections).and_then(|kernel| headline_of(sections, kernel));
    chosen.or_else(|| {
        default_kernel::all_kernels(sections).iter().find_map(|kernel| headline_of(sections, kernel))
    })
}

/// The section that speaks for `kernel`: it has costs, and of those it is booted as
/// usual, paced, and of the workload that matters most.
pub fn headline_of<'s, 'a>(sections: &'s [Section<'a>], kernel: &str) -> Option<&'s Section<'a>> {
    let with_costs = sections.iter().filter(|section| section.costs().next().is_some());
    with_costs.filter(|section| section.cell.kernel == kernel).min_by_key(|section| rank(section))
}

/// What makes the better headline is less.
pub(crate) fn rank(section: &Section<'_>) -> impl Ord + use<> {
    let workload = section.cell.workload.as_str();
    let place = HEADLINES.iter().position(|name| *name == workload).unwrap_or(HEADLINES.len());
    let unusual = (!section.cell.boot.is_default(), section.cell.schedule != Schedule::Paced);
    (workload == FLOOR, place, unusual)
}

/// The cheapest and the dearest of the monitors that saw every operation, or,
/// where nothing was watched, of all.
pub(crate) fn extremes<'s, 'a>(section: &'s Section<'a>) -> Option<Extremes<'s, 'a>> {
    let saw: Vec<_> = section.costs().filter(|(row, _)| row.saw_everything()).collect();
    let watched = !saw.is_empty();
    let costs = if watched { saw } else { section.costs().collect() };
    let cheapest = costs.iter().copied().min_by_key(|(_, added)| added.p50)?;
    let dearest = costs.iter().copied().max_by_key(|(_, added)| added.p50)?;
    Some(Extremes { count: costs.len(), watched, cheapest, dearest })
}

/// As far as watching alone moves the median of `section` the wrong way: a monitor
/// that lets everything pass makes nothing cheaper, but what attaching leaves of memory
/// and caches of the kernel may. A cost up to this is not told from nothing. 0 where
/// no such monitor is below `none`.
pub fn floor(section: &Section<'_>) -> u64 {
    let watching = section.costs().filter(|(row, _)| {
        row.measured().is_some_and(|measured| measured.events.is_some() && measured.refused.is_none())
    });
    let below = watching.filter(|(_, added)| added.p50 < 0).map(|(_, added)| added.p50.unsigned_abs());
    below.max().unwrap_or(0)
}

/// The monitors of `section` that saw everything and whose cost is not told from
/// nothing; none where every cost is.
pub(crate) fn within_floor<'s, 'a>(section: &'s Section<'a>) -> Vec<&'s Row<'a>> {
    let floor = floor(section);
    let saw = section.costs().filter(|(row, _)| row.saw_everything());
    saw.filter(|(_, added)| floor > 0 && added.p50.unsigned_abs() <= floor).map(|(row, _)| row).collect()
}

/// The cheapest of those that saw everything and are above the floor.
pub(crate) fn cheapest_above_floor<'s, 'a>(section: &'s Section<'a>) -> Option<(&'s Row<'a>, Added)> {
    let floor = i64::try_from(floor(section)).unwrap_or(i64::MAX);
    let saw = section.costs().filter(|(row, _)| row.saw_everything());
    saw.filter(|(_, added)| added.p50 > floor).min_by_key(|(_, added)| added.p50)
}

/// What the floor means, wherever it is said.
pub const FLOOR_MEANING: &str = "what attaching alone may move this median by";

pub(crate) struct Extremes<'s, 'a> {
    pub count: usize,
    pub watched: bool,
    pub cheapest: (&'s Row<'a>, Added),
    pub dearest: (&'s Row<'a>, Added),
}

/// `On kernel 6.1, one execve-noop costs 95,595 instructions when nothing watches it (…).`
pub(crate) fn baseline_sentence(section: &Section<'_>) -> String {
    let unit = section.clock.unit();
    let base = section.baseline().and_then(|row| row.summary).map_or(0, |summary| summary.p50);
    format!(
        "On kernel {}, one `{}` costs {} {unit} when nothing watches it (median, {} schedule, clock: {}).",
        text::name(&section.kernel()),
        text::name(&section.operation()),
        text::grouped(base),
        section.cell.schedule,
        section.clock.name(),
    )
}

fn answer(section: &Section<'_>) -> Vec<String> {
    let Some(Extremes { count, watched, cheapest, dearest }) = extremes(section) else { return Vec::new() };
    let unit = section.clock.unit();
    let (cheap, dear) = (cost(&cheapest, unit), cost(&dearest, unit));
    let what = behaviour(dearest.0).map_or_else(String::new, |name| format!(" to watch `{name}`"));
    let of = if watched { "that saw every operation" } else { "measured" };
    let near = within_floor(section).len();
    let end = match count {
        _ if near > 1 => format!(
            "Of the {count} monitors {of}, {near} are within {} {unit} of that, {FLOOR_MEANING}: not told \
             from nothing; the dearest{what} is `{}`: {dear}.",
            text::grouped(floor(section)),
            dearest.0.monitor(),
        ),
        1 => format!("The only monitor {of} is `{}`: {cheap}.", cheapest.0.monitor()),
        _ => format!(
            "Of the {count} monitors {of}, the cheapest{what} is `{}`: {cheap}; the dearest is `{}`: {dear}.",
            cheapest.0.monitor(),
            dearest.0.monitor(),
        ),
    };
    vec![baseline_sentence(section), end]
}

/// `+444 instructions per operation (+0.4 %)`
pub(crate) fn cost((_, added): &(&Row<'_>, Added), unit: &str) -> String {
    let share =
        if added.ratio.is_finite() { format!(" ({})", text::percent(added.ratio)) } else { String::new() };
    format!("{} {unit} per operation{share}", text::signed(added.p50))
}

/// What the operation is watched for; nothing when it raises fewer events than
/// there are operations, as one does that is only there to prove the monitor alive.
pub(crate) fn behaviour(row: &Row<'_>) -> Option<String> {
    let measured = row.measured()?;
    let events = measured.events.as_ref()?;
    let performed = events.expected >= measured.samples.len() as u64;
    Some(text::name(&events.behaviour)).filter(|name| performed && !name.is_empty())
}

/// One sentence for each other workload: its first section that is like `said`.
fn others(said: &Section<'_>, sections: &[Section<'_>]) -> Vec<String> {
    let mut told = vec![said.cell.workload.as_str()];
    let mut sentences = Vec::new();
    for section in sections {
        let like = (&section.cell.kernel, section.cell.boot, section.cell.schedule, section.clock)
            == (&said.cell.kernel, said.cell.boot, said.cell.schedule, said.clock);
        let workload = section.cell.workload.as_str();
        let Some(found) = extremes(section).filter(|_| like && !told.contains(&workload)) else { continue };
        told.push(workload);
        let ends = [&found.cheapest, &found.dearest].map(|end| {
            format!("{} {} (`{}`)", text::signed(end.1.p50), section.clock.unit(), end.0.monitor())
        });
        let operation = text::name(&section.operation());
        sentences.push(match found.count {
            1 => format!("One `{operation}` changes by {}.", ends[0]),
            _ => format!("One `{operation}` changes by {} to {}.", ends[0], ends[1]),
        });
    }
    sentences
}

/// How the cells of the run ended.
pub(crate) fn counts(run: &Run) -> String {
    let words = ["measured", "failed", "unsupported", "skipped"];
    let parts: Vec<String> = words
        .into_iter()
        .map(|word| (run.count(word), word))
        .filter(|(count, word)| *count > 0 || *word == "measured")
        .map(|(count, word)| format!("{} {word}", text::grouped(count as u64)))
        .collect();
    format!("Of {}: {}.", text::count(run.measurements.len(), "cell"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn the_answer_names_the_cheapest_and_the_dearest_with_unit_and_percent() {
        let run = fixture::synthetic_run();
        let text = sentences(&run, &section::sections(&run)).join(" ");
        assert!(
            text.contains("the cheapest to watch `exec` is `bpf-lsm+count`: +444 instructions"),
            "{text}"
        );
        assert!(text.contains("the dearest is `audit+auditd`: +333,333 instructions per operation (+306 %)"));
        assert!(text.contains("clock: instructions") && text.contains("kernel 6.1"));
        assert!(text.contains("2 failed, 2 unsupported, 2 skipped"), "{text}");
    }

    #[test]
    fn watching_that_makes_cheaper_is_the_floor_of_all_costs() {
        let mut run = fixture::synthetic_run();
        for measurement in &mut run.measurements {
            let cell = &measurement.cell;
            let exec = cell.workload == "execve-noop" && cell.monitor.to_string() == "bpf-lsm+count";
            if let (true, hookbench_results::Outcome::Measured(measured)) = (exec, &mut measurement.outcome) {
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
        assert_eq!(
            text,
            "No monitor was measured beside its baseline `none` in this run. Of 1 cell: 1 measured."
        );
    }

    #[test]
    fn refused_operations_and_losses_are_no_answer() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let refusing = sections.iter().find(|section| section.operation().contains("as=user")).unwrap();
        let found = extremes(refusing).unwrap();
        assert_eq!(found.cheapest.0.monitor(), "kprobe+count");
    }
}
