//! The process that makes the operations: the agent's descriptors are in no number.

mod common;

use std::collections::BTreeSet;

use hookbench::run::runner::spec;
use hookbench::session::guests::ExactSession;
use hookbench_analysis::attribution::Profile;
use hookbench_model::Schedule;
use hookbench_plan::Planned;

use common::cells::{LONG, planned, session};

const KERNEL: &str = "6.12";

/// Functions that walk a descriptor table.
const WALKERS: [&str; 2] = ["dup_fd", "do_close_on_exec"];

/// How many instructions each execve spends on walking descriptor tables.
fn walks(session: &ExactSession, monitor: &str) -> BTreeSet<u64> {
    let planned = Planned { samples: 20, ..planned(KERNEL, "execve-noop", monitor, &[], Schedule::Paced) };
    let attributed = session.attribute(&planned.cell, &spec(&planned, None));
    let profile = attributed.unwrap_or_else(|error| panic!("{monitor}: {error:#}")).profile();
    let walking: Vec<bool> = (0..profile.paths.len()).map(|path| is_walk(&profile, path)).collect();
    let walk = |operation: &Vec<(usize, u64)>| {
        operation.iter().filter(|(path, _)| walking[*path]).map(|(_, count)| count).sum()
    };
    profile.operations.iter().map(walk).collect()
}

/// Whether `path` ends in one of [`WALKERS`], or in the search of a bitmap below one.
fn is_walk(profile: &Profile, path: usize) -> bool {
    let name = |path: usize| &*profile.functions[profile.paths[path].function].name;
    let searched = profile.paths[path].caller.filter(|_| name(path).contains("find_"));
    [Some(path), searched].into_iter().flatten().any(|path| WALKERS.contains(&name(path)))
}

#[test]
fn a_monitor_with_many_descriptors_does_not_change_what_an_execve_does_with_its_own() {
    let session = session(KERNEL, LONG);
    let none = walks(&session, "none");
    assert!(none.iter().all(|&walk| walk > 0), "{none:?}");
    for monitor in ["kprobe+count", "tracepoint+count", "bpf-lsm+ringbuf", "audit+rules"] {
        assert_eq!(walks(&session, monitor), none, "{monitor}");
    }
}
