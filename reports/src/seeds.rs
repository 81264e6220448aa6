//! The run beside the two published measurements that hookbench grew from.
//! Ratios only: an instruction is not a microsecond, and no number of theirs
//! is of a machine like ours. Which of our cells is the like-for-like one, or
//! that there is none, is said with each.

use hookbench_results::{Measurement, Run, Schedule, Summary, baseline};

use crate::section::Section;
use crate::text;

/// A published measurement and the run beside it, on one kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What was published, and where.
    pub source: &'static Source,
    /// The kernel of our cells; `None` when the run has none that compare.
    pub kernel: Option<String>,
    /// One per published condition, and per cell of ours that may stand for it.
    pub lines: Vec<Line>,
    /// Ratios of two lines that say more than those to the first.
    pub remarks: Vec<String>,
}

/// A publication.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Who and when.
    pub title: &'static str,
    /// Where.
    pub url: &'static str,
    /// What was measured there, and how.
    pub about: &'static str,
    /// The unit of its numbers.
    pub unit: &'static str,
    /// What its ratios are to, in its unit.
    pub base: u64,
    /// Our workload.
    pub workload: &'static str,
    conditions: &'static [Condition],
    remarks: &'static [Remark],
}

/// A published number beside one of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The condition, in the publication's words.
    pub condition: &'static str,
    /// Its number, in the source's unit.
    pub published: u64,
    /// That, to the source's base.
    pub ratio: f64,
    /// Our monitor that stands for it.
    pub monitor: &'static str,
    /// Whether it is like for like, and why.
    pub likeness: &'static str,
    /// Our number, if the run has it.
    pub ours: Option<Ours>,
}

/// A cell of ours in a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Ours {
    /// `execve-noop[env_pages=0 ld_preload=ignored], delivered`
    pub cell: String,
    /// Its median with the unit: `442,333 instructions`.
    pub p50: String,
    /// The median, in the clock's unit.
    pub value: u64,
    /// To the median of the same cell under `none`.
    pub ratio: f64,
}

/// One published condition and the cells that may stand for it, best first.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    name: &'static str,
    published: u64,
    monitor: &'static str,
    /// Name and value that the cell must have.
    param: (&'static str, &'static str),
    schedules: [Schedule; 3],
    likeness: &'static str,
}

/// The ratio of two conditions: their place in the source's list.
#[derive(Debug, PartialEq, Eq)]
struct Remark {
    over: usize,
    under: usize,
    text: &'static str,
}

/// Without a reader there is no delivery: the default schedule is the fair one.
const QUIET: [Schedule; 3] = [Schedule::Paced, Schedule::Delivered, Schedule::Burst];
/// With a reader, the record's whole way is what the published numbers hold.
const READ: [Schedule; 3] = [Schedule::Delivered, Schedule::Paced, Schedule::Burst];
const IGNORED: (&str, &str) = ("ld_preload", "ignored");
const RECORDED: (&str, &str) = ("ld_preload", "recorded");

/// KP Singh's case study as LWN reported it.
pub static LWN: Source = Source {
    title: "LWN, “Kernel runtime security instrumentation” (2019)",
    url: "https://lwn.net/Articles/798157/",
    about: "mean time of executing a no-op binary 100 times, rough by its author's own word",
    unit: "µs",
    base: 518,
    workload: "execve-noop",
    conditions: &[
        Condition {
            name: "audit compiled out",
            published: 518,
            monitor: "none",
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: stock kernels have audit compiled in; `none` is the nearest",
        },
        Condition {
            name: "audit compiled out",
            published: 518,
            monitor: "audit+off",
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: compiled in and off (audit=0)",
        },
        Condition {
            name: "audit without rules",
            published: 522,
            monitor: "audit+idle",
            param: IGNORED,
            schedules: QUIET,
            likeness: "like for like",
        },
        Condition {
            name: "audit recording execve",
            published: 663,
            monitor: "audit+auditd",
            param: IGNORED,
            schedules: READ,
            likeness: "like for like under `delivered`: LWN does not name the reader, auditd is the usual one",
        },
        Condition {
            name: "audit recording execve",
            published: 663,
            monitor: "audit+rules",
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: nobody reads the records",
        },
        Condition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+perfbuf",
            param: RECORDED,
            schedules: READ,
            likeness: "like for like: KRSI used the perf ring buffer",
        },
        Condition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+ringbuf",
            param: RECORDED,
            schedules: READ,
            likeness: "not like for like: the BPF ring buffer is younger than KRSI's prototype",
        },
        Condition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+perfbuf",
            param: IGNORED,
            schedules: READ,
            likeness: "not like for like: LD_PRELOAD is not read",
        },
        Condition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+ringbuf",
            param: IGNORED,
            schedules: READ,
            likeness: "not like for like: another buffer, and LD_PRELOAD is not read",
        },
    ],
    remarks: &[Remark {
        over: 3,
        under: 2,
        text: "audit recording execve (auditd) over audit without rules",
    }],
};

/// Cloudflare's live patch of user namespaces.
pub static CLOUDFLARE: Source = Source {
    title: "Cloudflare, “Live-patching security vulnerabilities inside the Linux kernel with eBPF LSM” (2022)",
    url: "https://blog.cloudflare.com/live-patch-security-vulnerabilities-with-ebpf-lsm/",
    about: "one unshare(CLONE_NEWUSER) by root, entry to exit of the system call; one call each, on different CPUs",
    unit: "cycles",
    base: 63_294,
    workload: "unshare-burst",
    conditions: &[
        Condition {
            name: "no policy",
            published: 63_294,
            monitor: "none",
            param: ("as", "root"),
            schedules: QUIET,
            likeness: "like for like",
        },
        Condition {
            name: "policy attached, root allowed",
            published: 70_138,
            monitor: "bpf-lsm+deny",
            param: ("as", "root"),
            schedules: QUIET,
            likeness: "like for like in what is timed and allowed; theirs hooks cred_prepare, ours userns_create",
        },
    ],
    remarks: &[],
};

/// Why the two kinds of numbers are not the same; printed with the comparison.
pub const WHY_THEY_DIFFER: &str = "Instructions differ from microseconds and cycles: a count of instructions knows \
     no cache miss, no mispredicted branch, no frequency and no second CPU. An execve that waits for memory takes \
     more time per instruction than code that runs from warm caches, so a monitor's share of the instructions \
     need not be its share of the time; and under the delivered schedule one CPU here pays for the reader too, \
     who there may have had a CPU of its own. Compare the ratios for direction and order, not digit by digit.";

/// The run beside all that was published, per kernel that has such cells; a
/// source without any is there once, without our numbers.
pub fn compare(run: &Run, sections: &[Section<'_>]) -> Vec<Comparison> {
    [&LWN, &CLOUDFLARE].into_iter().flat_map(|source| compare_with(source, run, sections)).collect()
}

fn compare_with(source: &'static Source, run: &Run, sections: &[Section<'_>]) -> Vec<Comparison> {
    let mut kernels: Vec<Option<&str>> = Vec::new();
    for section in sections.iter().filter(|section| section.cell.workload == source.workload) {
        let kernel = Some(section.cell.kernel.as_str());
        if section.baseline().is_some() && !kernels.contains(&kernel) {
            kernels.push(kernel);
        }
    }
    if kernels.is_empty() {
        kernels.push(None);
    }
    kernels.into_iter().map(|kernel| comparison(source, run, sections, kernel)).collect()
}

fn comparison(
    source: &'static Source,
    run: &Run,
    sections: &[Section<'_>],
    kernel: Option<&str>,
) -> Comparison {
    let found: Vec<Line> = source
        .conditions
        .iter()
        .map(|condition| line(source, condition, ours(source, condition, run, sections, kernel)))
        .collect();
    let remarks = source.remarks.iter().filter_map(|remark| remark.text(&found)).collect();
    Comparison { source, kernel: kernel.map(text::one_line), lines: chosen(found), remarks }
}

fn line(source: &Source, condition: &Condition, ours: Option<Ours>) -> Line {
    Line {
        condition: condition.name,
        published: condition.published,
        ratio: condition.published as f64 / source.base as f64,
        monitor: condition.monitor,
        likeness: condition.likeness,
        ours,
    }
}

/// Per condition the lines that have a number; of one that has none, the first.
fn chosen(found: Vec<Line>) -> Vec<Line> {
    let measured: Vec<&str> =
        found.iter().filter(|line| line.ours.is_some()).map(|line| line.condition).collect();
    let mut lines: Vec<Line> = Vec::new();
    for line in found {
        let named = lines.iter().any(|other| other.condition == line.condition);
        if line.ours.is_some() || (!named && !measured.contains(&line.condition)) {
            lines.push(line);
        }
    }
    lines
}

/// The cell that stands for `condition`: the first schedule that has one, and
/// of those the smallest environment.
fn ours(
    source: &Source,
    condition: &Condition,
    run: &Run,
    sections: &[Section<'_>],
    kernel: Option<&str>,
) -> Option<Ours> {
    let (name, value) = condition.param;
    let fitting = sections.iter().filter(|section| {
        let cell = &section.cell;
        let given = cell.params.get(name) == Some(value);
        Some(cell.kernel.as_str()) == kernel && cell.workload == source.workload && given
    });
    let rows = fitting.flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    rows.filter(|(_, row)| row.monitor() == condition.monitor && row.added.is_some())
        .filter(|(_, row)| row.measured().is_some_and(|measured| measured.refused.is_none()))
        .min_by_key(|(section, _)| {
            let place = condition.schedules.iter().position(|wanted| *wanted == section.cell.schedule);
            (place, env_pages(section), section.operation())
        })
        .and_then(|(section, row)| shown(section, row.measurement, run))
}

fn env_pages(section: &Section<'_>) -> u64 {
    section.cell.params.get("env_pages").and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

fn shown(section: &Section<'_>, measurement: &Measurement, run: &Run) -> Option<Ours> {
    let value = Summary::of(&measurement.measured()?.samples)?.p50;
    let ratio = baseline::added(run, measurement)?.ratio;
    let cell = format!("{}, {}", section.operation(), section.cell.schedule);
    let p50 = format!("{} {}", text::grouped(value), section.clock.unit());
    ratio.is_finite().then_some(Ours { cell, p50, value, ratio })
}

impl Remark {
    /// The ratio of the two, theirs and ours; `None` when the run lacks one.
    fn text(&self, lines: &[Line]) -> Option<String> {
        let (over, under) = (lines.get(self.over)?, lines.get(self.under)?);
        let (ours_over, ours_under) = (over.ours.as_ref()?, under.ours.as_ref()?);
        let published = over.published as f64 / under.published as f64;
        let ours = ours_over.value as f64 / ours_under.value as f64;
        let ours = Some(ours).filter(|ours| ours.is_finite())?;
        let what = self.text;
        Some(format!("To each other, {what}: {published:.4} published, {ours:.4} here."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    fn compared(cells: &[(&str, &str, &str, Schedule, u64)]) -> Vec<Comparison> {
        let run = fixture::run_of_cells(cells);
        compare(&run, &section::sections(&run))
    }

    const PLAIN: &str = "env_pages=0 ld_preload=ignored";
    const READING: &str = "env_pages=0 ld_preload=recorded";
    const WIDE: &str = "env_pages=32 ld_preload=recorded";

    #[test]
    fn what_is_not_in_the_run_has_no_number() {
        for comparison in compared(&[]) {
            assert_eq!(comparison.kernel, None);
            assert!(comparison.lines.iter().all(|line| line.ours.is_none()));
        }
    }

    #[test]
    fn published_ratios_are_those_of_the_sources() {
        let lwn = &compared(&[])[0];
        let numbers: Vec<(u64, String)> =
            lwn.lines.iter().map(|line| (line.published, text::ratio(line.ratio))).collect();
        let expected = [(518, "1.0000"), (522, "1.0077"), (663, "1.2799"), (543, "1.0483")];
        assert_eq!(numbers, expected.map(|(value, ratio)| (value, ratio.to_string())));
        assert_eq!(text::ratio(compared(&[])[1].lines[1].ratio), "1.1081");
    }

    #[test]
    fn the_like_for_like_cell_is_taken_when_there_is_one() {
        let lwn = &compared(&[
            ("execve-noop", PLAIN, "none", Schedule::Paced, 1000),
            ("execve-noop", PLAIN, "none", Schedule::Delivered, 1000),
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
        assert!(ours("audit+auditd").cell.ends_with("delivered"));
        assert!(ours("bpf-lsm+perfbuf").cell.contains("env_pages=0"));
    }

    #[test]
    fn unshare_as_root_stands_beside_cloudflare() {
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
