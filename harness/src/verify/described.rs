//! The description of each monitor that a run records: the table of `probes` in the
//! types of `results`. A report then needs nothing but the run.

use hookbench_probes::{Monitor, Scope};
use hookbench_results::Run;
use hookbench_results::environment::MonitorRecord;

/// The records of all monitors, in the order of reports.
pub(crate) fn monitors() -> Vec<MonitorRecord> {
    hookbench_probes::monitors().map(|monitor| record(&monitor)).collect()
}

/// Adds the descriptions to a run from before runs recorded them. They are not
/// measurements, so this hookbench's descriptions do no harm.
pub(crate) fn complete(run: &mut Run) {
    if run.environment.monitors.is_empty() {
        run.environment.monitors = monitors();
    }
}

fn record(monitor: &Monitor) -> MonitorRecord {
    let sink = monitor.sink;
    MonitorRecord {
        name: monitor.name(),
        about: sink.about.into(),
        sees: sink.watches.about().into(),
        enforcement: sink.enforcement,
        per_process: sink.scope == Scope::Process,
        can_refuse: Some(monitor.mechanism.info().can_refuse),
        since: sink.requires.since.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Enforcement;

    #[test]
    fn a_record_matches_the_monitor_table() {
        let all = monitors();
        let find = |name: &str| all.iter().find(|record| record.name.to_string() == name).unwrap();
        assert_eq!(all.len(), hookbench_probes::monitors().count());
        assert!(matches!(find("bpf-lsm+deny").enforcement, Enforcement::Denies(_)));
        assert_eq!(find("bpf-lsm+kill").enforcement, Enforcement::Kills);
        let can_refuse = |name| find(name).can_refuse == Some(true);
        assert!(can_refuse("bpf-lsm+count") && !can_refuse("kprobe+count"));
        assert!(find("landlock+fs").per_process && !find("audit+rules").per_process);
    }

    #[test]
    fn pictures_have_a_colour_for_every_mechanism() {
        for mechanism in hookbench_probes::MECHANISMS {
            let name = mechanism.info().name;
            assert!(hookbench_reports::plot::has_fixed_colour(name), "{name} has no row in plot/colour.rs");
        }
    }

    /// Reports keep a closed list for runs from before `can_refuse`.
    #[test]
    fn a_mechanism_that_can_refuse_in_an_older_run_can_refuse_today() {
        for record in monitors() {
            let older = MonitorRecord { can_refuse: None, ..record.clone() };
            let could = hookbench_reports::decision::can_refuse(Some(&older), record.name.mechanism());
            assert!(!could || record.can_refuse == Some(true), "{}", record.name);
        }
    }
}
