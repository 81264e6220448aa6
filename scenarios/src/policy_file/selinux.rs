//! SELinux modules: made from the tables of a scenario, in the Common Intermediate Language. A module has rules that
//! deny, which the compiler takes off the rules that allow; it gives files that the scenario names a type of their own.
//! Rules are on types of processes and of objects; SELinux does not see system calls.

use std::fmt::Write;

use crate::policy::Grade;
use crate::subject::Subject;

/// The policy that modules are added to in guests.
pub(crate) const BASE: &str = include_str!("../../../probes/policies/selinux-base.cil");

/// The domain of hookbench's own process, which modules leave alone.
pub(crate) const UNCONFINED: &str = "unconfined_t";
/// The domain of ordinary users.
pub(crate) const USER: &str = "user_t";

/// The types of a module: that of the files that it is about, that of the files that it allows, and the domain of
/// programs with a clean environment.
const TARGET: &str = "target_t";
const LISTED: &str = "listed_t";
const CLEAN: &str = "clean_t";
/// The attribute of all types but that of the files that it allows.
const UNLISTED: &str = "unlisted";

/// What stands for a call: its number, the rules of a textbook policy, and those that a complete one has in addition.
const BY_CALL: &[(i64, &[Rule], &[Rule])] = &[
    (libc::SYS_unshare, &[confined("self", "user_namespace", "create")], &[]),
    (libc::SYS_ptrace, &[confined("domain", "process", "ptrace")], &[]),
    (
        libc::SYS_mprotect,
        &[confined("self", "process", "execmem")],
        &[confined("self", "process", "execstack execheap"), confined("file_type", "file", "execmod")],
    ),
    (
        libc::SYS_init_module,
        &[confined(UNLISTED, "system", "module_load")],
        &[confined("domain", "system", "module_request")],
    ),
    (
        libc::SYS_mount,
        &[
            confined("fs_t", "filesystem", "mount"),
            Rule { subject: USER, ..confined("filesystem_type", "filesystem", "mount") },
        ],
        &[confined("file_type", "dir", "mounton"), confined("file_type", "file", "mounton")],
    ),
    (
        libc::SYS_connect,
        &[confined("domain", "tcp_socket", "connect"), confined("port_type", "tcp_socket", "name_connect")],
        &[
            confined("domain", "udp_socket", "connect write"),
            confined("domain", "rawip_socket", "connect write"),
        ],
    ),
];

/// A rule that denies something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The type of the process.
    subject: &'static str,
    /// The type of the object.
    object: &'static str,
    /// Its class.
    class: &'static str,
    /// What is denied.
    permissions: &'static str,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rule { subject, object, class, permissions } = self;
        write!(f, "(deny {subject} {object} ({class} ({permissions})))")
    }
}

/// A rule about the domains that a module confines.
const fn confined(object: &'static str, class: &'static str, permissions: &'static str) -> Rule {
    Rule { subject: "confined", object, class, permissions }
}

impl Rule {
    /// Whether it is about user namespaces, which not all kernels ask SELinux about.
    #[cfg_attr(not(feature = "guest"), allow(dead_code, reason = "the guest asks for it"))]
    pub(crate) fn is_about_namespaces(&self) -> bool {
        self.class == "user_namespace"
    }
}

/// The rules for `subject`.
pub(crate) fn rules(subject: &Subject) -> Vec<Rule> {
    if subject.scenario.text.is_some() {
        let cleans = confined(CLEAN, "process", "noatsecure");
        return if subject.has_native(libc::SYS_execve) { vec![cleans] } else { Vec::new() };
    }
    let mut rules = Vec::new();
    for (number, textbook, more) in BY_CALL.iter().filter(|(number, ..)| subject.has_native(*number)) {
        // What makes a mapping of a file executable is in the rule on the file.
        if !subject.files.is_empty() && *number == libc::SYS_mprotect {
            continue;
        }
        rules.extend(textbook.iter());
        if subject.grade == Grade::Complete {
            rules.extend(more.iter());
        }
    }
    rules.extend(subject.files.iter().map(|(_, letters)| on_file(subject, letters)));
    rules
}

/// The rule on a file, by the letters of `auditctl -p`.
fn on_file(subject: &Subject, letters: &str) -> Rule {
    let permissions = match letters.chars().next() {
        Some('x') => "execute execute_no_trans",
        Some('r') if subject.has_native(libc::SYS_mmap) => "execute",
        Some('r') => "read",
        _ if subject.scenario.allows_append => "write rename unlink",
        _ => "append write rename unlink",
    };
    confined(TARGET, "file", permissions)
}

/// The name of the module for `subject`, which is the space of its names as well.
fn name(subject: &Subject) -> String {
    format!("hookbench_{}", subject.scenario.policy.replace('-', "_"))
}

/// The paths of the files that the module gives a type, and their contexts.
pub(crate) fn labels(subject: &Subject) -> Vec<(String, String)> {
    let name = name(subject);
    let context = |kind| format!("system_u:object_r:{name}.{kind}");
    let targets = targets(subject).map(|path| (path.clone(), context(TARGET)));
    let listed = subject.scenario.allowed_files.iter().map(|path| (path.to_string(), context(LISTED)));
    targets.chain(listed).collect()
}

/// The files that the module is about. To say who may change the loader's own list is not to say who gets variables.
fn targets(subject: &Subject) -> impl Iterator<Item = &String> {
    subject.files.iter().map(|(path, _)| path).filter(|_| subject.scenario.text.is_none())
}

/// The file with the module; it denies nothing if there are no rules.
pub(crate) fn module(subject: &Subject) -> String {
    let mut text = format!(
        "; {}\n; Load it with: semodule -i FILE (SELinux userspace 3.6){}\n(block {}\n",
        subject.scenario.about,
        if labels(subject).is_empty() { "" } else { ", then run restorecon on the files that it names" },
        name(subject)
    );
    let whom = match subject.scenario.spares_root {
        true => format!("({USER})"),
        false => format!("(and (domain) (not ({UNCONFINED})))"),
    };
    let _ = writeln!(text, "    (typeattribute confined)\n    (typeattributeset confined {whom})");
    types(&mut text, subject);
    for rule in rules(subject) {
        if rule.object == CLEAN {
            text += "    ; Programs run in a domain of their own. As the domain changes, the loader drops LD_PRELOAD and\n    \
                     ; its relatives, unless noatsecure is allowed.\n";
            let _ = writeln!(
                text,
                "    (type {CLEAN})\n    (typeattributeset domain ({CLEAN}))\n    (roletype system_r {CLEAN})\n    \
                 (roletype user_r {CLEAN})\n    (typetransition confined file_type process {CLEAN})\n    \
                 (dontaudit confined {CLEAN} (process (noatsecure)))"
            );
        }
        let _ = writeln!(text, "    {rule}");
    }
    text.truncate(text.trim_end().len());
    text += ")\n";
    text
}

/// Writes the types of files.
fn types(text: &mut String, subject: &Subject) {
    let mut declare = |kind: &str, paths: &mut dyn Iterator<Item = &str>| {
        let mut paths = paths.peekable();
        if paths.peek().is_none() {
            return;
        }
        let _ = writeln!(
            text,
            "    (type {kind})\n    (typeattributeset file_type ({kind}))\n    (roletype object_r {kind})"
        );
        for path in paths {
            let _ = writeln!(text, "    (filecon \"{path}\" file (system_u object_r {kind} ((s0) (s0))))");
        }
    };
    declare(TARGET, &mut targets(subject).map(String::as_str));
    declare(LISTED, &mut subject.scenario.allowed_files.iter().copied());
    if rules(subject).iter().any(|rule| rule.object == UNLISTED) {
        let _ = writeln!(
            text,
            "    (typeattribute {UNLISTED})\n    (typeattributeset {UNLISTED} (not ({LISTED})))"
        );
    }
}

/// The file with the module; `None` if SELinux has no rules about the scenario.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    (!rules(subject).is_empty()).then(|| module(subject))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyName;
    use crate::{SCENARIOS, policy_file};

    #[test]
    fn the_policy_of_guests_has_what_modules_deny() {
        let names = || PolicyName::all().filter(|name| name.policy.mechanism == "selinux");
        let all = SCENARIOS.iter().flat_map(|scenario| names().map(|name| Subject::of(scenario, name)));
        for rule in all.flat_map(|subject| rules(&subject)) {
            let head = format!("(class {} (", rule.class);
            let class = BASE.lines().find_map(|line| line.strip_prefix(&head)).unwrap_or_default();
            let known: Vec<&str> = class.trim_end_matches(')').split(' ').collect();
            assert!(rule.permissions.split(' ').all(|permission| known.contains(&permission)), "{rule}");
            let is_known = |kind: &str| BASE.contains(&format!(" {kind})\n"));
            let own = [TARGET, CLEAN, UNLISTED, "self"];
            assert!(own.contains(&rule.object) || is_known(rule.object), "{rule}");
        }
    }

    #[test]
    fn a_module_is_balanced_and_its_types_are_in_its_own_space() {
        for scenario in SCENARIOS {
            for name in PolicyName::all().filter(|name| name.policy.mechanism == "selinux") {
                let Some(file) = policy_file::policy_file(scenario, name) else { continue };
                let count = |bracket| file.text.matches(bracket).count();
                assert_eq!(count('('), count(')'), "{}", file.text);
                assert!(file.text.contains("(block hookbench_"), "{}", file.text);
            }
        }
    }
}
