//! What a run records about scenarios and policies: the tables of the crate `scenarios` in the types of `results`.

use hookbench_results::described::{PolicyRecord, ScenarioRecord, WayRecord};
use hookbench_results::digest::sha256;
use hookbench_results::{Environment, ScenarioOutcome};
use hookbench_scenarios::exchange::Tried;
use hookbench_scenarios::{Kind, PolicyName, SCENARIOS, Scenario};

use super::cell::Ended;
use crate::session::embedded;

/// Adds all scenarios and policies to `environment`, whatever the run selects. A custom way belongs to each scenario
/// of the run.
pub(crate) fn describe(environment: &mut Environment, custom: Option<&WayRecord>, of: &[&'static Scenario]) {
    environment.scenarios = SCENARIOS.iter().map(|scenario| record(scenario)).collect();
    for scenario in environment.scenarios.iter_mut().filter(|record| of.iter().any(|s| s.name == record.name))
    {
        scenario.ways.extend(custom.cloned());
    }
    environment.policies = PolicyName::all().filter(|name| !name.is_none()).map(policy).collect();
    environment.scenario_program = sha256(embedded::SCENARIOS);
}

fn record(scenario: &Scenario) -> ScenarioRecord {
    let ways = scenario.ways.iter().map(|way| WayRecord {
        name: way.name.into(),
        about: way.about.into(),
        allowed: way.kind == Kind::Allowed,
        as_root: way.as_root,
        custom: None,
    });
    ScenarioRecord {
        name: scenario.name.into(),
        about: scenario.about.into(),
        effect: scenario.effect.into(),
        ways: ways.collect(),
    }
}

fn policy(name: PolicyName) -> PolicyRecord {
    PolicyRecord {
        name: name.to_string(),
        about: name.policy.about.into(),
        action: name.policy.action,
        grade: name.grade,
        keeps_records: name.policy.keeps_records(),
    }
}

impl From<Ended<Tried>> for ScenarioOutcome {
    fn from(ended: Ended<Tried>) -> ScenarioOutcome {
        match ended {
            Ended::Done(tried) => ScenarioOutcome::Tried(tried),
            Ended::Unsupported(why) => ScenarioOutcome::Unsupported(why),
            Ended::Failed(failure) => ScenarioOutcome::Failed(failure),
        }
    }
}
