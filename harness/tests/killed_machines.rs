//! Machines that die are replaced. The test is alone in its process, all of whose children it kills.

mod common;

use common::cells::{LONG, measured, paced, session_of};
use common::processes::descendants;
use hookbench::session::guests::ExactOptions;
use hookbench_model::History;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_machine_that_is_killed_between_two_cells_is_replaced() {
    let options = ExactOptions { budget: LONG, guests: Some(History::Forked), ..ExactOptions::default() };
    let session = session_of("6.1", options);
    let cell = |monitor| paced("mprotect-storm", monitor, &[("to", "r")]);
    let alone = measured(&session, &cell("kprobe+count"));
    // The booted machine, and its copy with the monitor.
    let machines = descendants(std::process::id());
    assert!(machines.len() >= 2, "{machines:?}");
    for pid in machines {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
    // While they die a cell may still be asked of them; it is then measured in a restored guest.
    assert_eq!(measured(&session, &cell("kprobe+count")), alone);
    assert_eq!(measured(&session, &cell("kprobe+count")), alone);
    assert!(descendants(std::process::id()).len() >= 2);
    drop(session);
    assert!(descendants(std::process::id()).is_empty());
}
