//! Tampering with the monitor: root tries to blind the policy against user namespaces, or an ordinary user floods it; then
//! an ordinary user makes one. A policy that still sees or stops it has withstood.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use crate::child;
use crate::scenario::{Scenario, Way};
use crate::scene::Scene;
use crate::sys::{become_user, check, errno_of};
use crate::userns;

mod agent;
mod agent_freeze;
mod agent_kill;
mod agent_stop;
mod agent_trace;
mod audit;
mod audit_backlog;
mod audit_daemon;
mod audit_exclude;
mod audit_never;
mod audit_off;
mod audit_rate;
mod audit_rules;
mod bpf;
mod bpf_links;
mod bpf_maps;
mod bpf_ring;
mod flood;
mod ftrace_off;
mod kprobes_off;
mod settings_back;
mod tracefs_away;
mod tracing_off;
mod untouched;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    policy: "userns",
    textbook: userns::SCENARIO.textbook,
    complete: userns::SCENARIO.complete,
    spares_root: true,
    replaced: userns::SCENARIO.replaced,
    settings: userns::SCENARIO.settings,
    ..Scenario::named(
        "tamper",
        "an ordinary user gets into a new user namespace after the monitor was tampered with",
        "a process of the way ran in another user namespace than it began in",
        userns::has_effect,
    )
};

const WAYS: &[&Way] = &[
    &untouched::WAY,
    &ftrace_off::WAY,
    &kprobes_off::WAY,
    &tracing_off::WAY,
    &audit_off::WAY,
    &audit_never::WAY,
    &bpf_links::WAY,
    &bpf_maps::WAY,
    &tracefs_away::WAY,
    &settings_back::WAY,
    &audit_rules::WAY,
    &audit_daemon::WAY,
    &audit_backlog::WAY,
    &audit_rate::WAY,
    &audit_exclude::WAY,
    &bpf_ring::WAY,
    &agent_stop::WAY,
    &agent_freeze::WAY,
    &agent_trace::WAY,
    &flood::WAY,
    &agent_kill::WAY,
];

/// A way that tampers and is run by root.
const fn tampering(name: &'static str, about: &'static str, run: fn(&Scene) -> io::Result<()>) -> Way {
    Way { as_root: true, ..Way::ordinary(name, about, run) }
}

/// A way that tampers with the process that holds the policy.
const fn tampering_with_agent(
    name: &'static str,
    about: &'static str,
    run: fn(&Scene) -> io::Result<()>,
) -> Way {
    Way { has_agent: true, ..tampering(name, about, run) }
}

/// Tampers, has an ordinary user make a namespace, and undoes it. Whether the tampering was refused is left in the
/// shared memory: the policy's answer counts in any case.
///
/// # Errors
/// When there can be no child, or the tampering cannot be undone.
fn then_unshare(
    scene: &Scene,
    tamper: impl FnOnce() -> io::Result<()>,
    undo: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let tampered = tamper();
    if let Err(error) = &tampered {
        scene.shared.hindered.store(errno_of(error), Ordering::SeqCst);
    }
    child::run(|| {
        scene.leave(become_user().and_then(|()| unshare(scene)));
        Ok(())
    })?;
    if tampered.is_ok() { undo() } else { Ok(()) }
}

fn unshare(scene: &Scene) -> io::Result<()> {
    // SAFETY: changes nothing but this process's credentials.
    scene.window(|| check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }))?;
    userns::arrive(scene)
}

/// Writes `off` to a file of the kernel, has an ordinary user make a namespace, and writes `on`.
fn switched_off(scene: &Scene, file: &str, off: &str, on: &str) -> io::Result<()> {
    then_unshare(scene, || fs::write(file, off), || fs::write(file, on))
}
