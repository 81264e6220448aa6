//! The facts to choose a monitor by, on one kernel: its cost for each behaviour, its
//! losses, its enforcement, its scope and the kernels that have it. Formats render them.

use std::cmp::Reverse;

use hookbench_model::{DenyScope, Enforcement, Schedule};
use hookbench_results::Run;
use hookbench_results::environment::MonitorRecord;

use crate::section::{Row, Section};
use crate::{cost, default_kernel, summary, text};

/// The table to choose a monitor by, for one kernel.
pub struct Decision<'s, 'a> {
    /// The columns of costs: an operation for each behaviour.
    pub operations: Vec<CostColumn<'s, 'a>>,
    /// One per monitor except `none`, by its cost on the first operation.
    pub monitors: Vec<MonitorChoice<'s, 'a>>,
}

/// One column of costs.
pub struct CostColumn<'s, 'a> {
    /// The watched behaviour; `None` for an operation that no monitor watches.
    pub behaviour: Option<String>,
    /// The section with its numbers.
    pub section: &'s Section<'a>,
}

/// One monitor.
pub struct MonitorChoice<'s, 'a> {
    /// Its name.
    pub monitor: String,
    /// Its mechanism.
    pub mechanism: String,
    /// The description of the monitor, if the run has one.
    pub record: Option<&'s MonitorRecord>,
    /// Its row for each operation, if there is one.
    pub costs: Vec<Option<&'s Row<'a>>>,
    /// The events that it lost in a burst, if there was one.
    pub lost: Option<BurstLoss>,
    /// The number of kernels on which it has a number, and the names of the others.
    pub kernels: (usize, Vec<String>),
}

/// The events that a monitor lost in a burst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurstLoss {
    /// The number of lost events.
    pub lost: u64,
    /// The number of all events.
    pub of: u64,
    /// The operation of the burst.
    pub operation: String,
}

impl BurstLoss {
    /// `0 of 240`, `180 of 240 (75 %)`
    pub fn shown(&self) -> String {
        let (lost, of) = (text::grouped(self.lost), text::grouped(self.of));
        let share = self.lost as f64 * 100.0 / self.of as f64;
        match self.lost {
            0 => format!("0 of {of}"),
            _ if share < 0.5 => format!("{lost} of {of} (< 1 %)"),
            _ => format!("{lost} of {of} ({share:.0} %)"),
        }
    }
}

/// The enforcement of a monitor, in a word or three.
pub fn ability(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Observes => "observe",
        Enforcement::Denies(DenyScope::Policy) => "deny",
        Enforcement::Denies(DenyScope::Everyone) => "deny to all",
        Enforcement::Kills => "kill",
        Enforcement::Expects(_) => "refuse",
    }
}

/// The mechanisms that can deny an operation before it happens, for runs from before
/// their records said so. The list is closed: a new mechanism says it in its row in
/// `probes`, and the run records it.
const DENYING_IN_OLDER_RUNS: [&str; 9] =
    ["apparmor", "bpf-lsm", "fanotify", "fmod-ret", "landlock", "lsm-cgroup", "seccomp", "selinux", "tomoyo"];

/// Whether `mechanism` can deny an operation before it happens, as the run says, or as is
/// known of runs that do not say it.
pub fn can_refuse(record: Option<&MonitorRecord>, mechanism: &str) -> bool {
    let recorded = record.and_then(|record| record.can_refuse);
    recorded.unwrap_or_else(|| DENYING_IN_OLDER_RUNS.contains(&mechanism))
}

impl MonitorChoice<'_, '_> {
    /// Whether its mechanism could deny the operations that this monitor only observes.
    pub fn could_deny(&self) -> bool {
        let observes = self.record.is_none_or(|record| record.enforcement == Enforcement::Observes);
        observes && can_refuse(self.record, &self.mechanism)
    }
}

/// The decision on `kernel`; `None` when no monitor has a cost there.
pub fn decide<'s, 'a>(run: &'s Run, sections: &'s [Section<'a>], kernel: &str) -> Option<Decision<'s, 'a>> {
    let operations = operations(sections, kernel);
    if operations.is_empty() {
        return None;
    }
    let mut monitors: Vec<MonitorChoice<'s, 'a>> = Vec::new();
    for (column, operation) in operations.iter().enumerate() {
        for row in operation.section.rows.iter().filter(|row| is_choice(row)) {
            let monitor = row.monitor();
            let place = monitors.iter().position(|line| line.monitor == monitor).unwrap_or_else(|| {
                monitors.push(monitor_choice(run, sections, kernel, row, operations.len()));
                monitors.len() - 1
            });
            monitors[place].costs[column] = Some(row);
        }
    }
    Some(Decision { operations, monitors })
}

/// Whether it is a monitor with default parameters; others are in tables and sweeps.
fn is_choice(row: &Row<'_>) -> bool {
    !row.measurement.cell.monitor.is_none() && row.measurement.cell.tuning.is_empty()
}

/// For each behaviour the operation on `kernel` for which most monitors have a number;
/// last, an operation that no monitor watches.
fn operations<'s, 'a>(sections: &'s [Section<'a>], kernel: &str) -> Vec<CostColumn<'s, 'a>> {
    let of_kernel = sections.iter().filter(|section| section.cell.kernel == kernel);
    let mut with_costs: Vec<&Section<'_>> =
        of_kernel.filter(|section| section.costs().next().is_some()).collect();
    let preference = |section: &Section<'_>| {
        let usual = section.cell.boot.is_default() && section.cell.schedule == Schedule::Paced;
        Reverse((usual, section.costs().count()))
    };
    with_costs.sort_by_key(|section| preference(section));
    let mut operations: Vec<CostColumn<'_, '_>> = Vec::new();
    for section in with_costs {
        let behaviour = section.costs().find_map(|(row, _)| summary::behaviour(row));
        let known = operations.iter().any(|operation| match &behaviour {
            Some(_) => operation.behaviour == behaviour,
            None => operation.section.cell.workload == section.cell.workload,
        });
        if !known {
            operations.push(CostColumn { behaviour, section });
        }
    }
    operations.sort_by_key(|operation| (operation.behaviour.is_none(), summary::rank(operation.section)));
    operations
}

fn monitor_choice<'s, 'a>(
    run: &'s Run,
    sections: &'s [Section<'a>],
    kernel: &str,
    row: &Row<'a>,
    columns: usize,
) -> MonitorChoice<'s, 'a> {
    let name = &row.measurement.cell.monitor;
    MonitorChoice {
        monitor: row.monitor(),
        mechanism: name.mechanism().into(),
        record: run.environment.monitors.iter().find(|record| record.name == *name),
        costs: vec![None; columns],
        lost: lost(sections, kernel, row),
        kernels: kernels(sections, row),
    }
}

/// The largest loss in a burst on `kernel`.
fn lost(sections: &[Section<'_>], kernel: &str, of: &Row<'_>) -> Option<BurstLoss> {
    let bursts = sections.iter().filter(|section| {
        section.cell.kernel == kernel
            && section.cell.boot == of.measurement.cell.boot
            && section.cell.schedule == Schedule::Burst
    });
    let all = bursts.filter_map(|section| {
        let row = section.rows.iter().find(|row| same_monitor(row, of))?;
        let events = row.measured()?.events.as_ref().filter(|events| events.looks.is_none())?;
        let of = events.seen.saturating_add(events.lost);
        (of > 0).then(|| BurstLoss { lost: events.lost, of, operation: section.operation() })
    });
    all.max_by(|a, b| (a.lost as f64 / a.of as f64).total_cmp(&(b.lost as f64 / b.of as f64)))
}

fn same_monitor(row: &Row<'_>, other: &Row<'_>) -> bool {
    let (one, two) = (&row.measurement.cell, &other.measurement.cell);
    one.monitor == two.monitor && one.tuning == two.tuning
}

fn kernels(sections: &[Section<'_>], of: &Row<'_>) -> (usize, Vec<String>) {
    let has = |kernel: &str| {
        let of_kernel = sections.iter().filter(|section| section.cell.kernel == kernel);
        of_kernel.flat_map(|section| &section.rows).any(|row| row.summary.is_some() && same_monitor(row, of))
    };
    let (with, without): (Vec<&str>, Vec<&str>) =
        default_kernel::all_kernels(sections).into_iter().partition(|kernel| has(kernel));
    (with.len(), without.into_iter().map(text::one_line).collect())
}

impl<'s, 'a> Decision<'s, 'a> {
    /// Whether a cost of the decision is divided into hook and side effects.
    pub fn is_divided(&self) -> bool {
        self.operations.iter().any(|operation| operation.section.is_divided())
    }

    /// The meaning of its costs, for readers.
    pub fn meaning(&self) -> String {
        if self.is_divided() {
            format!(
                "A cost is the hook: what the monitor itself executes in one operation. {} Added: the whole \
                 difference of the medians, side effects included.",
                cost::SHARE_MEANING
            )
        } else {
            "A cost is what a monitor adds to the median of one operation.".into()
        }
    }

    /// The monitors that were measured enforcing on the first operation: those that deny
    /// it, or, if `kills`, those that kill the process that makes it.
    pub fn enforcing(&self, kills: bool) -> Vec<(&MonitorChoice<'s, 'a>, &'s Row<'a>)> {
        let enforcing = self.monitors.iter().filter_map(|line| {
            let row = line.costs.first().copied().flatten()?;
            let refused = row.measured()?.refused.as_ref().filter(|refused| refused.operations > 0)?;
            (refused.errno.starts_with("SIG") == kills).then_some((line, row))
        });
        enforcing.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn a_behaviour_has_one_column_and_the_headline_is_the_first() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let decision = decide(&run, &sections, "6.1").unwrap();
        let behaviours: Vec<_> =
            decision.operations.iter().map(|operation| operation.behaviour.as_deref()).collect();
        assert_eq!(behaviours, [Some("exec"), Some("userns"), None]);
        let workloads: Vec<_> =
            decision.operations.iter().map(|operation| &*operation.section.cell.workload).collect();
        assert_eq!(workloads, ["execve-noop", "unshare-burst", "null-syscall"]);
        assert!(decide(&run, &sections, "4.4").is_none());
    }

    #[test]
    fn a_monitor_has_its_loss_and_its_kernels() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let decision = decide(&run, &sections, "6.1").unwrap();
        let find = |name: &str| decision.monitors.iter().find(|line| line.monitor == name).unwrap();
        assert_eq!(find("audit+rules").kernels, (2, vec![]));
        assert_eq!(find("kretprobe+count").kernels, (0, vec!["6.1".to_string(), "6.12".to_string()]));
        assert!(find("audit+rules").lost.is_none());
        assert!(decision.monitors.iter().all(|line| line.monitor != "none"));
        assert!(find("bpf-lsm+count").could_deny() && !find("bpf-lsm+deny").could_deny());
        assert!(!find("audit+rules").could_deny());
    }

    #[test]
    fn a_recorded_ability_counts_more_than_the_list_for_older_runs() {
        let mut run = fixture::synthetic_run();
        for record in &mut run.environment.monitors {
            record.can_refuse = Some(record.name.mechanism() == "audit");
        }
        let sections = section::sections(&run);
        let decision = decide(&run, &sections, "6.1").unwrap();
        let find = |name: &str| decision.monitors.iter().find(|line| line.monitor == name).unwrap();
        assert!(find("audit+rules").could_deny() && !find("bpf-lsm+count").could_deny());
    }

    #[test]
    fn a_loss_is_shown_with_its_share() {
        let lost = |lost, of| BurstLoss { lost, of, operation: String::new() }.shown();
        assert_eq!(
            [lost(0, 240), lost(180, 240), lost(1, 4_000)],
            ["0 of 240", "180 of 240 (75 %)", "1 of 4,000 (< 1 %)"]
        );
    }
}
