//! The comparison of a run with published measurements of the same questions. Only ratios
//! are compared: an instruction is not a microsecond, and the published machines differ
//! from ours. Each line says whether the two are like for like.

use hookbench_model::{Cell, Schedule};

use crate::section::{Row, Section};
use crate::text;

mod publications;

pub use publications::{CLOUDFLARE, LWN, Publication, WHY_THEY_DIFFER};
use publications::{PublishedCondition, RatioRemark};

/// A publication compared with the run, on one kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct LiteratureComparison {
    /// The publication.
    pub publication: &'static Publication,
    /// The kernel of our cells; `None` when the run has no matching cell.
    pub kernel: Option<String>,
    /// One per published condition and matching cell.
    pub lines: Vec<ComparedCondition>,
    /// Ratios of two lines that are more telling than those to the first.
    pub remarks: Vec<String>,
}

/// A published number compared with one of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedCondition {
    /// The condition, in the publication's words.
    pub condition: &'static str,
    /// Its number, in the publication's unit.
    pub published: u64,
    /// The ratio of that number to the publication's base.
    pub ratio: f64,
    /// Our monitor that matches it.
    pub monitor: &'static str,
    /// Whether the two are like for like, and why.
    pub likeness: String,
    /// The matching cell, if the run has it.
    pub ours: Option<MatchingCell>,
}

/// A cell of the run in a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchingCell {
    /// `execve-noop[env_pages=0 ld_preload=ignored], delivered`
    pub cell: String,
    /// Its median with the unit: `442,333 instructions`.
    pub p50: String,
    /// The ratio of that median to the one of the same cell under `none`. Published numbers
    /// are whole costs too, so side effects are in it.
    pub ratio: f64,
    /// The hook of the monitor, if it is known: `178 (98 %)`.
    pub hook: Option<String>,
    schedule: Schedule,
}

impl LiteratureComparison {
    /// Whether one of our cells has a hook.
    pub fn has_hooks(&self) -> bool {
        self.lines.iter().any(|line| line.ours.as_ref().is_some_and(|ours| ours.hook.is_some()))
    }
}

/// What a hook means in a comparison, for readers.
pub const HOOK_MEANING: &str = "Published numbers are whole costs, so the ratios here contain side effects. The hook \
                                stands next to them.";

/// The two kernels that differ only in audit: without it, and with it.
const PAIR: [&str; 2] = ["audit-pair-n", "audit-pair-y"];

/// The comparisons with all publications, one per kernel with matching cells. A publication
/// without any has one comparison without our numbers.
pub fn compare(sections: &[Section<'_>]) -> Vec<LiteratureComparison> {
    [&LWN, &CLOUDFLARE].into_iter().flat_map(|publication| compare_with(publication, sections)).collect()
}

fn compare_with(publication: &'static Publication, sections: &[Section<'_>]) -> Vec<LiteratureComparison> {
    let mut kernels: Vec<Option<&str>> = Vec::new();
    for section in sections.iter().filter(|section| is_comparable(publication, section)) {
        let kernel = Some(section.cell.kernel.as_str());
        if section.baseline().is_some() && !kernels.contains(&kernel) {
            kernels.push(kernel);
        }
    }
    let [without, with] = PAIR.map(Some);
    if kernels.contains(&with) {
        // The kernel without audit is the base for the other and has no comparison itself.
        kernels.retain(|kernel| *kernel != without);
    }
    if kernels.is_empty() {
        kernels.push(None);
    }
    kernels.into_iter().map(|kernel| comparison(publication, sections, kernel)).collect()
}

fn comparison(
    publication: &'static Publication,
    sections: &[Section<'_>],
    kernel: Option<&str>,
) -> LiteratureComparison {
    let found: Vec<ComparedCondition> = publication
        .conditions
        .iter()
        .map(|condition| {
            compared_condition(publication, condition, ours(publication, condition, sections, kernel))
        })
        .collect();
    let remarks = publication.remarks.iter().filter_map(|remark| remark.sentence(&found)).collect();
    LiteratureComparison {
        publication,
        kernel: kernel.map(text::one_line),
        lines: best_matches(found),
        remarks,
    }
}

fn compared_condition(
    publication: &Publication,
    condition: &PublishedCondition,
    ours: Option<MatchingCell>,
) -> ComparedCondition {
    let [wanted, ..] = condition.schedules;
    let likeness = match &ours {
        Some(ours) if ours.schedule != wanted => {
            format!(
                "{}; the run has only the schedule `{}`, not `{wanted}`",
                condition.likeness, ours.schedule
            )
        }
        _ => condition.likeness.into(),
    };
    ComparedCondition {
        condition: condition.name,
        published: condition.published,
        ratio: condition.published as f64 / publication.base as f64,
        monitor: condition.monitor,
        likeness,
        ours,
    }
}

/// For each condition the lines with a number, or the first line if none has one.
fn best_matches(found: Vec<ComparedCondition>) -> Vec<ComparedCondition> {
    let measured: Vec<&str> =
        found.iter().filter(|line| line.ours.is_some()).map(|line| line.condition).collect();
    let mut lines: Vec<ComparedCondition> = Vec::new();
    for line in found {
        let named = lines.iter().any(|other| other.condition == line.condition);
        if line.ours.is_some() || (!named && !measured.contains(&line.condition)) {
            lines.push(line);
        }
    }
    lines
}

/// Whether the section's cells can be compared with `publication`.
fn is_comparable(publication: &Publication, section: &Section<'_>) -> bool {
    section.cell.workload == publication.workload && section.cell.boot.is_default()
}

/// The cell that matches `condition`: of the best schedule, and of those the one with the
/// smallest environment.
fn ours(
    publication: &Publication,
    condition: &PublishedCondition,
    sections: &[Section<'_>],
    kernel: Option<&str>,
) -> Option<MatchingCell> {
    let (name, value) = condition.param;
    let [without, with] = PAIR;
    let of_pair = kernel == Some(with);
    let kernel = if condition.compiled_out { Some(without).filter(|_| of_pair) } else { kernel };
    let fitting = sections.iter().filter(|section| {
        let cell = &section.cell;
        let given = cell.params.get(name) == Some(value);
        Some(cell.kernel.as_str()) == kernel && is_comparable(publication, section) && given
    });
    let rows = fitting.flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    rows.filter(|(_, row)| row.monitor() == condition.monitor && row.added.is_some())
        .filter(|(_, row)| row.measured().is_some_and(|measured| measured.refused.is_none()))
        .min_by_key(|(section, _)| {
            let place = condition.schedules.iter().position(|wanted| *wanted == section.cell.schedule);
            (place, env_pages(section), section.operation())
        })
        .and_then(|(section, row)| {
            let base = if of_pair { base_of_pair(section, sections) } else { None };
            matching_cell(section, row, base)
        })
}

/// The cost of the section's operation with audit compiled out.
fn base_of_pair(section: &Section<'_>, sections: &[Section<'_>]) -> Option<u64> {
    let twin = Cell { kernel: PAIR[0].into(), ..section.cell.baseline() };
    let twin = sections.iter().find(|other| other.cell.baseline() == twin)?;
    Some(twin.baseline()?.summary?.p50)
}

fn env_pages(section: &Section<'_>) -> u64 {
    section.cell.params.get("env_pages").and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

fn matching_cell(section: &Section<'_>, row: &Row<'_>, base: Option<u64>) -> Option<MatchingCell> {
    let value = row.summary?.p50;
    let ratio = base.map_or(row.added?.ratio, |base| value as f64 / base as f64);
    let cell = format!("{}, {}", section.operation(), section.cell.schedule);
    let p50 = format!("{} {}", text::grouped(value), section.clock.unit());
    let hook = row.cost.filter(|cost| cost.hook().is_some()).map(|cost| cost.with_share());
    ratio.is_finite().then_some(MatchingCell { cell, p50, ratio, hook, schedule: section.cell.schedule })
}

impl RatioRemark {
    /// The ratio of the two, published and ours; `None` when the run lacks one.
    fn sentence(&self, lines: &[ComparedCondition]) -> Option<String> {
        let by = |monitor| lines.iter().find(|line| line.monitor == monitor);
        let (over, under) = (by(self.over)?, by(self.under)?);
        let published = over.published as f64 / under.published as f64;
        // Ratios to `none`, because the two cells can have different schedules.
        let ours = over.ours.as_ref()?.ratio / under.ours.as_ref()?.ratio;
        let ours = Some(ours).filter(|ours| ours.is_finite())?;
        Some(format!("The ratio of {} is {published:.4} in the publication and {ours:.4} here.", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    fn compared(cells: &[(&str, &str, &str, Schedule, u64)]) -> Vec<LiteratureComparison> {
        let run = fixture::run_of_cells(cells);
        compare(&section::sections(&run))
    }

    const PLAIN: &str = "env_pages=0 ld_preload=ignored";
    const READING: &str = "env_pages=0 ld_preload=recorded";
    const WIDE: &str = "env_pages=32 ld_preload=recorded";

    #[test]
    fn a_condition_without_a_cell_has_no_number() {
        for comparison in compared(&[]) {
            assert_eq!(comparison.kernel, None);
            assert!(comparison.lines.iter().all(|line| line.ours.is_none()));
        }
    }

    #[test]
    fn published_ratios_are_those_of_the_publications() {
        let lwn = &compared(&[])[0];
        let numbers: Vec<(u64, String)> =
            lwn.lines.iter().map(|line| (line.published, text::ratio(line.ratio))).collect();
        let expected = [(518, "1.0000"), (522, "1.0077"), (663, "1.2799"), (543, "1.0483")];
        assert_eq!(numbers, expected.map(|(value, ratio)| (value, ratio.to_string())));
        assert_eq!(text::ratio(compared(&[])[1].lines[1].ratio), "1.1081");
    }

    #[test]
    fn the_like_for_like_cell_is_preferred() {
        let lwn = &compared(&[
            ("execve-noop", PLAIN, "none", Schedule::Paced, 1000),
            ("execve-noop", PLAIN, "none", Schedule::Delivered, 1000),
            ("execve-noop", PLAIN, "audit+idle", Schedule::Paced, 1200),
            ("execve-noop", PLAIN, "audit+auditd", Schedule::Paced, 1200),
            ("execve-noop", PLAIN, "audit+auditd", Schedule::Delivered, 1500),
            ("execve-noop", WIDE, "none", Schedule::Paced, 9000),
            ("execve-noop", WIDE, "bpf-lsm+perfbuf", Schedule::Paced, 9900),
            ("execve-noop", READING, "none", Schedule::Paced, 1000),
            ("execve-noop", READING, "bpf-lsm+perfbuf", Schedule::Paced, 1050),
        ])[0];
        let ours = |monitor| {
            lwn.lines.iter().find(|line| line.monitor == monitor).and_then(|line| line.ours.clone()).unwrap()
        };
        assert_eq!((ours("audit+auditd").ratio, ours("bpf-lsm+perfbuf").ratio), (1.5, 1.05));
        assert!(lwn.remarks[0].ends_with("1.2701 in the publication and 1.2500 here."), "{:?}", lwn.remarks);
        assert!(ours("audit+auditd").cell.ends_with("delivered"));
        assert!(ours("bpf-lsm+perfbuf").cell.contains("env_pages=0"));
    }

    #[test]
    fn the_pair_s_ratios_are_to_the_kernel_without_audit() {
        let mut run = fixture::run_of_cells(&[
            ("execve-noop", PLAIN, "none", Schedule::Paced, 1000),
            ("execve-noop", PLAIN, "none", Schedule::Paced, 1010),
            ("execve-noop", PLAIN, "audit+idle", Schedule::Paced, 1050),
        ]);
        for (measurement, kernel) in run.measurements.iter_mut().zip([PAIR[0], PAIR[1], PAIR[1]]) {
            measurement.cell.kernel = kernel.into();
        }
        let compared = compare(&section::sections(&run));
        let lwn = &compared[0];
        assert_eq!(lwn.kernel.as_deref(), Some(PAIR[1]));
        let ours = lwn.lines.iter().filter_map(|line| Some((line.monitor, line.ours.as_ref()?.ratio)));
        assert_eq!(ours.collect::<Vec<_>>(), [("none", 1.0), ("none", 1.01), ("audit+idle", 1.05)]);
        assert!(lwn.lines[0].likeness.starts_with("like for like"));
        assert_ne!(compared[1].kernel.as_deref(), Some(PAIR[1]), "the run has no matching cell");
    }

    #[test]
    fn ratios_are_those_of_whole_costs_with_the_hook_next_to_them() {
        let (old, new) = (fixture::synthetic_run(), fixture::divided_run());
        let idle = |run: &hookbench_results::Run| {
            let lwn = compare(&section::sections(run)).remove(0);
            let line = lwn.lines.iter().find(|line| line.monitor == "audit+idle").unwrap();
            (lwn.has_hooks(), line.ours.clone().unwrap())
        };
        let ((false, old), (true, new)) = (idle(&old), idle(&new)) else { panic!("hooks") };
        assert_eq!((old.ratio, old.hook), (new.ratio, None));
        assert_eq!(new.hook.as_deref(), Some("0"));
    }

    #[test]
    fn unshare_as_root_matches_cloudflare() {
        let cloudflare = &compared(&[
            ("unshare-burst", "as=root", "none", Schedule::Paced, 30_000),
            ("unshare-burst", "as=root", "bpf-lsm+deny", Schedule::Paced, 30_600),
            ("unshare-burst", "as=user", "none", Schedule::Paced, 30_000),
            ("unshare-burst", "as=user", "bpf-lsm+deny", Schedule::Paced, 9_000),
        ])[1];
        let ours: Vec<f64> =
            cloudflare.lines.iter().filter_map(|line| line.ours.as_ref()).map(|ours| ours.ratio).collect();
        assert_eq!(ours, [1.0, 1.02]);
    }
}
