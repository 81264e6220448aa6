//! The policies of all mechanisms: attaching them, and reading what they recorded. A mechanism is a file and a row in
//! [`attach`].

use std::os::fd::RawFd;

use anyhow::Result;

use crate::exchange::Record;
use crate::policy::{Action, PolicyName};
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::subject::Subject;

mod apparmor;
mod appraise;
mod audit;
mod bpf;
mod bpf_lsm;
mod confining;
mod denials;
mod fanotify;
mod ima;
mod killer;
mod kprobe;
mod landlock;
mod livepatch;
mod modules;
mod seccomp;
mod selinux;
mod sysctl;
mod tracepoint;

use confining::Confining;

pub(super) use audit::listen as listen_to_audit;
pub(super) use bpf::{Settings, open as open_object, set_variable};

/// A policy that is attached until it is dropped.
pub(super) trait Attached {
    /// What is attached, as the kernel names it.
    fn names(&self) -> &[String];

    /// What this kernel lacks of it.
    fn lacks(&self) -> &[String];

    /// Forgets what was recorded so far. Does nothing for a policy that keeps no records.
    ///
    /// # Errors
    /// When records cannot be read.
    fn clear(&mut self) -> Result<()> {
        Ok(())
    }

    /// What was recorded in the window, by any process but this one. Nothing for a policy that keeps no records.
    ///
    /// # Errors
    /// When records cannot be read.
    fn records(&mut self, _window: (u64, u64)) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }

    /// How many records were lost since they were last cleared.
    ///
    /// # Errors
    /// When the kernel does not tell.
    fn lost(&self) -> Result<u64> {
        Ok(0)
    }

    /// A descriptor that can be read when there are records, for those that read them as they come.
    fn waits_on(&self) -> Option<RawFd> {
        None
    }

    /// Reads the records so far, and keeps them.
    ///
    /// # Errors
    /// When they cannot be read.
    fn collect(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether what was recorded keeps the policy from recording the same once more, as in a list that has each file
    /// once. The other ways then need another guest.
    ///
    /// # Errors
    /// When records cannot be read.
    fn is_spent(&mut self) -> Result<bool> {
        Ok(false)
    }
}

/// How attaching ended.
pub(super) enum Attach {
    /// The policy is attached.
    Attached(Box<dyn Attached>),
    /// This kernel cannot have it.
    Unsupported(String),
}

/// The policy `none`.
pub(super) fn nothing() -> impl Attached {
    Confining::default()
}

/// Attaches the policy called `name` for `scenario`. One that confines its caller sets how in `scene`.
///
/// # Errors
/// When the kernel should have it and refuses.
pub(super) fn attach(name: PolicyName, scenario: &'static Scenario, scene: &mut Scene) -> Result<Attach> {
    attach_about(name, Subject::of(scenario, name), scene)
}

/// Has `scene` confine each way by a policy that denies nothing yet, where policies are loaded into processes that are
/// confined already: those of AppArmor and SELinux. Returns whether it did.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn prepare(name: PolicyName, scenario: &'static Scenario, scene: &mut Scene) -> Result<bool> {
    let subject = Subject::of(scenario, name);
    match name.policy.mechanism {
        "apparmor" => apparmor::prepare(&subject, scene),
        "selinux" => selinux::prepare(&subject, scene),
        _ => Ok(false),
    }
}

/// As [`attach`], for a policy about `subject`.
///
/// # Errors
/// When the kernel should have it and refuses.
pub(super) fn attach_about(name: PolicyName, subject: Subject, scene: &mut Scene) -> Result<Attach> {
    match name.policy.mechanism {
        "none" => Ok(Attach::Attached(Box::new(nothing()))),
        "apparmor" => apparmor::attach(subject, scene),
        "audit" => audit::attach(subject),
        "bpf-lsm" => bpf_lsm::attach(&subject, bpf_lsm::On::Hooks),
        "fentry" => bpf_lsm::attach(&subject, bpf_lsm::On::Functions),
        "fmod-ret" => bpf_lsm::attach(&subject, bpf_lsm::On::Results),
        "fanotify" => fanotify::attach(&subject),
        "kprobe" => kprobe::attach(&subject),
        "ima" if subject.action == Action::Deny => appraise::attach(&subject, scene),
        "ima" => ima::attach(&subject, scene),
        "landlock" => landlock::attach(&subject, scene),
        "livepatch" => livepatch::attach(&subject),
        "sysctl" => sysctl::attach(&subject),
        "seccomp" => seccomp::attach(&subject, scene),
        "selinux" => selinux::attach(subject, scene),
        "tracepoint" => tracepoint::attach(subject),
        other => anyhow::bail!("the guest's program has no policies of {other}"),
    }
}
