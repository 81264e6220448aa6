//! The security modules that are active in real guests: what the boot line asks for, or else the kernel's own.

mod common;

use hookbench::session::guests::ExactSession;
use hookbench_model::{Boot, Cell, Profile, Schedule};
use hookbench_plan::Planned;
use hookbench_results::Run;
use hookbench_results::store;

use common::Place;
use common::cells::{LONG, measured, planned, session};

fn modules(session: &ExactSession, kernel: &str, profile: Profile, monitor: &str) -> String {
    let planned = planned(kernel, "null-syscall", monitor, &[], Schedule::Paced);
    let cell = Cell { boot: Boot { profile, ..Boot::default() }, ..planned.cell };
    measured(session, &Planned { cell, ..planned }).lsm
}

#[test]
fn guests_have_the_security_modules_of_their_boot_line() {
    let session = session("6.1", LONG);
    assert_eq!(modules(&session, "6.1", Profile::Lean, "none"), "lockdown,capability,bpf");
    assert_eq!(modules(&session, "6.1", Profile::Lean, "selinux+idle"), "lockdown,capability,selinux,bpf");
    let debian = modules(&session, "6.1", Profile::Debian, "none");
    assert_eq!(debian, "lockdown,capability,landlock,yama,apparmor,tomoyo,bpf");
}

/// The mirror no longer has this kernel's configuration, which says what its own list is.
#[test]
fn a_kernel_without_a_configuration_has_its_own_security_modules() {
    let modules = modules(&session("7.1", LONG), "7.1", Profile::Debian, "none");
    assert!(modules.contains("apparmor") && modules.contains("landlock"), "{modules}");
}

#[test]
fn a_run_lists_them_with_its_boot_lines_also_when_it_resumes() {
    let place = Place::new();
    let line = "--kernel 6.1 --workload null-syscall --monitor none,audit+off,selinux+idle --samples 3";
    place.succeed("run", line);
    let run: Run = store::load(&place.at("run")).unwrap();
    let kernel = &run.environment.kernels[0];
    let labels = |list: &[(String, String)]| list.iter().map(|(label, _)| label.clone()).collect::<Vec<_>>();
    assert_eq!(labels(&kernel.security_modules), labels(&kernel.boot_lines));
    let all: Vec<_> = kernel.security_modules.iter().map(|(_, list)| &**list).collect();
    assert!(
        all.contains(&"lockdown,capability,bpf") && all.contains(&"lockdown,capability,selinux,bpf"),
        "{all:?}"
    );
    let report = std::fs::read_to_string(place.at("run/report.md")).unwrap();
    assert!(report.contains("security modules, lean: other monitors"), "{report}");
    let before = std::fs::read(place.at("run/run.json")).unwrap();
    place.succeed("run", line);
    assert_eq!(std::fs::read(place.at("run/run.json")).unwrap(), before);
}
