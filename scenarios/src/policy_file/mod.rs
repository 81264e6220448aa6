//! Policies as files that a user takes away. A mechanism whose policy is made from the tables of a scenario renders
//! the same rules here that it applies in the guest. The files are in `probes/policies/SCENARIO`, and a test compares
//! them with what this renders.

use crate::policy::{Grade, PolicyName};
use crate::scenario::Scenario;
use crate::subject::Subject;

pub(crate) mod apparmor;
pub(crate) mod audit;
pub(crate) mod function;
pub(crate) mod ima;
pub(crate) mod kprobe;
pub(crate) mod landlock;
mod lines;
pub(crate) mod livepatch;
mod path;
pub(crate) mod seccomp;
pub(crate) mod selinux;
#[cfg(test)]
mod tests;

pub use lines::lines;
pub use path::policy_path;

/// Names and texts of the BPF policies, `SCENARIO/bpf-lsm.bpf.c`.
const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// A policy as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The file's name in the folder of the scenario.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The file of the policy called `name` for `scenario`; `None` if that policy has no file.
pub fn policy_file(scenario: &'static Scenario, name: PolicyName) -> Option<PolicyFile> {
    if scenario.policy != scenario.name {
        return policy_file(crate::find(scenario.policy)?, name);
    }
    let subject = Subject::of(scenario, name);
    let graded = |stem: &str, extension: &str| match name.grade {
        Grade::Textbook => format!("{stem}.{extension}"),
        Grade::Complete => format!("{stem}.complete.{extension}"),
    };
    let file = |name: String, text: String| Some(PolicyFile { name, text });
    match name.policy.mechanism {
        "audit" => {
            let text = audit::file(&subject);
            text.and_then(|text| file(graded("audit", "rules"), text))
        }
        "apparmor" => {
            let text = apparmor::file(&subject);
            text.and_then(|text| file(graded("apparmor", "profile"), text))
        }
        "selinux" => selinux::file(&subject).and_then(|text| file(graded("selinux", "cil"), text)),
        "kprobe" => {
            let text = kprobe::file(&subject);
            text.and_then(|text| file(graded("kprobe", "events"), text))
        }
        "landlock" => landlock::file(&subject).and_then(|text| file("landlock.rules".into(), text)),
        "livepatch" => livepatch::file(&subject).and_then(|text| file("livepatch.conf".into(), text)),
        "ima" => ima::file(&subject)
            .and_then(|text| file(graded(&format!("ima-{}", subject.action), "policy"), text)),
        "sysctl" if subject.settings.is_empty() => None,
        "sysctl" => {
            let is_sysctl = |name: &str| !name.starts_with('/');
            let lines = subject.settings.iter().map(|&(name, value)| {
                let value = value.unwrap_or_default();
                // Files in /sys are for systemd-tmpfiles.
                if is_sysctl(name) {
                    format!("{name} = {value}\n")
                } else {
                    format!("w {name} - - - - {value}\n")
                }
            });
            let text = format!("# {}\n{}", scenario.about, lines.collect::<String>());
            let stem =
                if subject.settings.iter().all(|(name, _)| is_sysctl(name)) { "sysctl" } else { "tmpfiles" };
            file(graded(stem, "conf"), text)
        }
        "seccomp" if subject.calls.is_empty() => None,
        "seccomp" => match name.grade {
            Grade::Textbook => file("seccomp.bpfasm".into(), seccomp::assembly(&subject)),
            Grade::Complete => file("seccomp.complete.json".into(), seccomp::json(&subject)),
        },
        "bpf-lsm" => source(&format!("{}/bpf-lsm", scenario.name), "bpf-lsm.bpf.c"),
        "fentry" | "fmod-ret" => {
            let kind = name.policy.mechanism.replace('-', "_");
            let source = source(&format!("{}/bpf-lsm", scenario.name), "bpf-lsm.bpf.c")?;
            file(format!("{}.bpf.c", name.policy.mechanism), function::on_functions(&source.text, &kind))
        }
        "tracepoint" => {
            let name = "sys-enter.bpf.c";
            source(&format!("{}/sys-enter", scenario.name), name).or_else(|| source("sys-enter", name))
        }
        _ => None,
    }
}

/// What a compiler of a security module makes the policy of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicySource {
    /// An AppArmor profile.
    Profile(String),
    /// SELinux modules: their file names and texts.
    Modules(Vec<(&'static str, String)>),
}

/// The source of the policy called `name` for `scenario`, if a compiler has to make it for the guest; `None` if there is
/// none. One that `is_broken` loads and denies nothing.
pub fn policy_source(scenario: &'static Scenario, name: PolicyName, is_broken: bool) -> Option<PolicySource> {
    let subject = Subject::of(scenario, name);
    let chosen = if is_broken { subject.clone().broken() } else { subject.clone() };
    match name.policy.mechanism {
        "apparmor" if !apparmor::rules(&subject).is_empty() => {
            Some(PolicySource::Profile(apparmor::profile(&chosen)))
        }
        "selinux" if !selinux::rules(&subject).is_empty() => {
            let module = selinux::module(&chosen);
            Some(PolicySource::Modules(vec![("base.cil", selinux::BASE.into()), ("module.cil", module)]))
        }
        _ => None,
    }
}

/// The source of the object called `object`, under the name `name`.
fn source(object: &str, name: &str) -> Option<PolicyFile> {
    let (_, text) = SOURCES.iter().find(|(known, _)| *known == object)?;
    Some(PolicyFile { name: name.into(), text: (*text).into() })
}
