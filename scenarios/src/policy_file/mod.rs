//! Policies as files that a user takes away. A mechanism whose policy is made from the tables of a scenario renders
//! the same rules here that it applies in the guest. The files are in `probes/policies/SCENARIO`, and a test compares
//! them with what this renders.

use crate::policy::{Grade, PolicyName};
use crate::scenario::Scenario;
use crate::subject::Subject;

pub(crate) mod audit;
pub(crate) mod function;
pub(crate) mod landlock;
mod lines;
pub(crate) mod seccomp;
#[cfg(test)]
mod tests;

pub use lines::lines;

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
        "landlock" => landlock::file(&subject).and_then(|text| file("landlock.rules".into(), text)),
        "sysctl" if subject.settings.is_empty() => None,
        "sysctl" => {
            let lines = subject
                .settings
                .iter()
                .map(|(name, value)| format!("{name} = {}\n", value.unwrap_or_default()));
            let text = format!("# {}\n{}", scenario.about, lines.collect::<String>());
            file(graded("sysctl", "conf"), text)
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

/// The source of the object called `object`, under the name `name`.
fn source(object: &str, name: &str) -> Option<PolicyFile> {
    let (_, text) = SOURCES.iter().find(|(known, _)| *known == object)?;
    Some(PolicyFile { name: name.into(), text: (*text).into() })
}
