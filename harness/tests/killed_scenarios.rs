//! Machines that have rehearsed a scenario and die are replaced. The test is alone in its process, all of whose children it
//! kills.

mod common;

use common::cells::{LONG, session_of};
use common::processes::descendants;
use hookbench::scenario::{Outcome, ScenarioCell, ScenarioSession};
use hookbench::session::guests::ExactOptions;
use hookbench_model::History;
use hookbench_scenarios::find;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_machine_that_is_killed_between_two_cells_of_a_scenario_is_replaced() {
    let options = ExactOptions {
        budget: LONG,
        guests: Some(History::Forked),
        attribution: false,
        ..ExactOptions::default()
    };
    let session = ScenarioSession::new(session_of("6.1", options));
    let (scenario, policy) = (find("userns").unwrap(), "bpf-lsm+deny".parse().unwrap());
    let run = || session.run(ScenarioCell { kernel: "6.1", scenario, policy }, &[]);
    let alone = run();
    assert!(matches!(alone, Outcome::Done(_)), "{alone:?}");
    // The booted machine, and its copy that has rehearsed.
    let machines = descendants(std::process::id());
    assert!(machines.len() >= 2, "{machines:?}");
    for pid in machines {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
    // While they die a cell may still be asked of them; its guest is then a restored one.
    assert_eq!(run(), alone);
    assert_eq!(run(), alone);
    assert!(descendants(std::process::id()).len() >= 2);
}
