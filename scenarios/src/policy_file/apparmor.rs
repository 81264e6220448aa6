//! AppArmor profiles: made from the tables of a scenario. A profile allows what it lists, so it lists everything, and
//! then what it denies. Rules are by path, and by kinds of operations; AppArmor does not see system calls.

use std::fmt::Write;

use crate::policy::Grade;
use crate::subject::Subject;

/// All that a profile can say. It is allowed, and what a scenario is about is denied after it.
const ALLOWED: &[&str] = &[
    "/{,**} rwlkm",
    "capability",
    "network",
    "mount",
    "remount",
    "umount",
    "pivot_root",
    "ptrace",
    "signal",
    "unix",
    "dbus",
    "mqueue",
    "userns",
    "change_profile",
];

/// What stands for a call: its number, the rules of a textbook policy and those of a complete one.
const BY_CALL: &[(i64, &[&str], &[&str])] = &[
    (libc::SYS_unshare, &["userns"], &["userns"]),
    (libc::SYS_init_module, &["capability sys_module"], &["capability sys_module"]),
    (libc::SYS_ptrace, TRACE, TRACE),
    (libc::SYS_process_vm_readv, READ, READ),
    // Media are devices. To deny what is mounted already at another place is to deny everything.
    (libc::SYS_mount, &["mount /dev/**"], &["mount"]),
    (libc::SYS_connect, CONNECT, SEND),
];
const TRACE: &[&str] = &["ptrace (trace, tracedby)"];
const READ: &[&str] = &["ptrace (read, readby)"];
const CONNECT: &[&str] = &["network (connect) inet stream", "network (connect) inet6 stream"];
const SEND: &[&str] = &[
    "network (connect) inet",
    "network (connect) inet6",
    "network (send) inet dgram",
    "network (send) inet6 dgram",
];

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The rule, without the comma.
    pub(crate) text: String,
    /// The file in the kernel's list of features and the word that has to be in it, for rules that not all kernels know.
    pub(crate) needs: Option<(&'static str, &'static str)>,
}

/// The rules for `subject`, without those that allow everything.
pub(crate) fn rules(subject: &Subject) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (_, textbook, complete) in BY_CALL.iter().filter(|(number, ..)| subject.has_native(*number)) {
        let texts = if subject.grade == Grade::Complete { complete } else { textbook };
        rules.extend(texts.iter().map(|text| deny(text)));
    }
    if executes_clean(subject) {
        rules.push(Rule { text: "/{,**} Cx -> clean".into(), needs: None });
        return rules;
    }
    rules.extend(subject.files.iter().flat_map(|(path, letters)| on_file(subject, path, letters)));
    rules
}

/// The rules on a file, by the letters of `auditctl -p`.
fn on_file(subject: &Subject, path: &str, letters: &str) -> Vec<Rule> {
    let is_complete = subject.grade == Grade::Complete;
    let accesses = match letters.chars().next() {
        // To map a program's text is to execute it without the call.
        Some('x') if is_complete => "xm",
        Some('x') => "x",
        Some('r') if subject.has_native(libc::SYS_mmap) => "m",
        Some('r') => "r",
        _ => "w",
    };
    let mut rules = vec![deny(&format!("{path} {accesses}"))];
    // To deny writing is to deny appending, unless a rule of a higher priority allows that.
    if is_complete && subject.scenario.allows_append {
        rules.push(Rule { text: format!("priority=1 {path} a"), needs: None });
    }
    rules
}

fn deny(text: &str) -> Rule {
    let needs = (text == "userns").then_some(("namespaces/mask", "userns_create"));
    Rule { text: format!("audit deny {text}"), needs }
}

/// Whether all programs are executed with a clean environment: AppArmor has no rules on variables, but the kernel can
/// tell the loader of programs that it changes profiles, and then the loader drops the dangerous ones.
fn executes_clean(subject: &Subject) -> bool {
    subject.scenario.text.is_some() && subject.has_native(libc::SYS_execve)
}

/// The name of the profile for `subject`.
pub(crate) fn name(subject: &Subject) -> String {
    format!("hookbench-{}", subject.scenario.policy)
}

/// The file with the profile; it denies nothing if there are no rules.
pub(crate) fn profile(subject: &Subject) -> String {
    let name = name(subject);
    let mut text = format!(
        "# {}\n# Load it with: apparmor_parser -r FILE (AppArmor 4.1)\n# Run a program in it with: aa-exec -p {name} -- PROGRAM\n\
         abi <abi/4.0>,\n\nprofile {name} flags=(attach_disconnected) {{\n  # Everything is allowed but what follows.\n",
        subject.scenario.about
    );
    let cleans = executes_clean(subject);
    list(&mut text, "  ", (!cleans).then_some("/{,**} ix"));
    for rule in rules(subject) {
        let _ = writeln!(text, "  {},", rule.text);
    }
    if cleans {
        text += "\n  # Programs are in this profile, which allows everything. As the profile changes, the loader drops\n  \
                 # LD_PRELOAD and its relatives.\n  profile clean flags=(attach_disconnected) {\n";
        list(&mut text, "    ", Some("/{,**} ix"));
        text += "  }\n";
    }
    text += "}\n";
    text
}

/// Lists what is allowed.
fn list(text: &mut String, indentation: &str, executing: Option<&str>) {
    for rule in ALLOWED.iter().chain(&executing) {
        let _ = writeln!(text, "{indentation}{rule},");
    }
}

/// The file with the profile; `None` if AppArmor has no rules about the scenario.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    (!rules(subject).is_empty()).then(|| profile(subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scenario: &str, policy: &str) -> Vec<String> {
        let subject = Subject::of(crate::find(scenario).unwrap(), policy.parse().unwrap());
        rules(&subject).into_iter().map(|rule| rule.text).collect()
    }

    #[test]
    fn a_log_may_be_appended_to_by_a_rule_of_a_higher_priority() {
        assert_eq!(texts("evidence", "apparmor+deny"), ["audit deny /run/scene/log w"]);
        let complete = texts("evidence", "apparmor+deny[complete]");
        assert_eq!(complete, ["audit deny /run/scene/log w", "priority=1 /run/scene/log a"]);
    }

    #[test]
    fn a_program_is_executed_and_a_library_is_mapped() {
        assert_eq!(texts("exec", "apparmor+deny"), ["audit deny /run/scene/vulnerable x"]);
        assert_eq!(texts("exec", "apparmor+deny[complete]"), ["audit deny /run/scene/vulnerable xm"]);
        assert_eq!(texts("library", "apparmor+deny"), ["audit deny /run/scene/libvulnerable.so m"]);
        assert!(texts("self-delete", "apparmor+deny[complete]").is_empty());
    }

    #[test]
    fn a_broken_profile_denies_nothing_that_is_there() {
        let subject = Subject::of(crate::find("ptrace").unwrap(), "apparmor+deny".parse().unwrap());
        assert!(!profile(&subject.clone().broken()).contains("deny"));
        assert!(profile(&subject).contains("audit deny ptrace (trace, tracedby)"));
    }
}
