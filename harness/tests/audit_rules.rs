//! Custom audit rules in real guests: the rules that Debian ships, files in which auditctl refuses lines, and whether
//! hookbench reads a line as auditctl does.

use std::fs;
use std::path::{Path, PathBuf};

use common::cells::{LONG, paced, run, session_with};
use hookbench::custom::monitor::{CommandOptions, CustomMonitors};
use hookbench::session::guests::Needs;
use hookbench_model::{Caveat, Measured, Outcome};
use hookbench_probes::custom::rules::RuleFile;
use hookbench_vm::apt::Apt;
use hookbench_vm::cache::Cache;

mod common;

/// The outcome of execve-noop with `params` under the rules in each of `files`.
fn outcomes(files: &[PathBuf], params: &[(&str, &str)]) -> Vec<Outcome> {
    let texts: Vec<String> = files.iter().map(|file| format!("audit:{}", file.display())).collect();
    let monitors = CustomMonitors::read(&texts, &CommandOptions::default()).unwrap();
    let session = session_with(Needs { monitors, ..Needs::kernel("6.1") }, LONG);
    let outcome = |text: &String| {
        let mut planned = paced("execve-noop", "none", params);
        planned.cell.monitor = hookbench_plan::custom_monitor_name(text).unwrap().unwrap().0;
        run(&session, &planned, None)
    };
    texts.iter().map(outcome).collect()
}

/// Everything that an outcome says, in one line.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Measured(Measured { notes, caveats, .. }) => {
            let caveats = caveats.iter().map(Caveat::reason);
            caveats.chain(notes.iter().map(String::as_str)).collect::<Vec<_>>().join(" | ")
        }
        other => other.reason().to_string(),
    }
}

/// Asserts the word of an outcome, and parts of what it says.
fn assert_outcome(name: &str, outcome: &Outcome, word: &str, parts: &[&str]) {
    let said = said(outcome);
    assert_eq!(outcome.word(), word, "{name}: {said}");
    for part in parts {
        assert!(said.contains(part), "{name} does not say {part:?}: {said}");
    }
}

/// The folder of example rules in Debian's package auditd, unpacked into `folder`.
fn debians_rules(folder: &Path) -> PathBuf {
    let quiet = |message: &str| eprintln!("{message}");
    let lock = Cache::open().unwrap().lock(&quiet).unwrap();
    let apt = Apt::open(&lock, &["bookworm".into(), "bookworm-security".into()], &quiet).unwrap();
    apt.fetch(&["auditd".into()], folder).unwrap();
    folder.join("usr/share/doc/auditd/examples/rules")
}

/// Files without rules, and why they have none.
const WITHOUT_RULES: &[(&str, &str)] = &[
    ("10-base-config.rules", "holds only settings"),
    ("11-loginuid.rules", "holds only settings"),
    ("12-cont-fail.rules", "holds only settings"),
    ("12-ignore-error.rules", "holds only settings"),
    ("20-dont-audit.rules", "holds only comments"),
    ("31-privileged.rules", "holds only comments"),
    ("40-local.rules", "holds only comments"),
    ("99-finalize.rules", "holds only comments"),
];

/// Files with rules: without a login uid, the word and a part of the reason. With one, all but the first are
/// `measured`.
const WITH_RULES: &[(&str, &str, &str)] = &[
    ("22-ignore-chrony.rules", "failed", "line 2 was refused (Unknown user: chrony"),
    ("10-no-audit.rules", "measured", "takes the operations out of audit (-a task,never)"),
    ("21-no32bit.rules", "measured", "0 audit events by 1 rules"),
    ("23-ignore-filesystems.rules", "measured", "0 audit events by 2 rules"),
    ("30-nispom.rules", "measured", "hookbench made 3 empty folders and "),
    ("30-ospp-v42-1-create-failed.rules", "measured in part", "12 of 12 rules cannot match"),
    ("30-ospp-v42-1-create-success.rules", "measured in part", "6 of 6 rules cannot match"),
    ("30-ospp-v42-2-modify-failed.rules", "measured in part", "12 of 12 rules cannot match"),
    ("30-ospp-v42-2-modify-success.rules", "measured in part", "6 of 6 rules cannot match"),
    ("30-ospp-v42-3-access-failed.rules", "measured in part", "4 of 4 rules cannot match"),
    ("30-ospp-v42-3-access-success.rules", "measured in part", "2 of 2 rules cannot match"),
    ("30-ospp-v42-4-delete-failed.rules", "measured in part", "4 of 4 rules cannot match"),
    ("30-ospp-v42-4-delete-success.rules", "measured in part", "2 of 2 rules cannot match"),
    ("30-ospp-v42-5-perm-change-failed.rules", "measured in part", "4 of 4 rules cannot match"),
    ("30-ospp-v42-5-perm-change-success.rules", "measured in part", "2 of 2 rules cannot match"),
    ("30-ospp-v42-6-owner-change-failed.rules", "measured in part", "4 of 4 rules cannot match"),
    ("30-ospp-v42-6-owner-change-success.rules", "measured in part", "2 of 2 rules cannot match"),
    ("30-ospp-v42.rules", "measured in part", "31 of 33 rules cannot match"),
    ("30-pci-dss-v31.rules", "measured in part", "1 of 25 rules cannot match"),
    ("30-stig.rules", "measured in part", "14 of 34 rules cannot match, because the login uid (auid)"),
    ("32-power-abuse.rules", "measured in part", "1 of 1 rules cannot match"),
    ("41-containers.rules", "measured", "0 audit events by 4 rules"),
    ("42-injection.rules", "measured", "0 audit events by 7 rules"),
    ("43-module-load.rules", "measured", "0 audit events by 4 rules"),
    ("44-installers.rules", "measured", "0 audit events by 7 rules"),
    ("70-einval.rules", "measured", "0 audit events by 2 rules"),
    ("71-networking.rules", "measured", "0 audit events by 1 rules"),
];

#[test]
fn debians_example_rules_are_measured_or_say_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let rules = debians_rules(folder.path());
    let mut names: Vec<String> = fs::read_dir(&rules)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".rules"))
        .collect();
    names.sort();
    let known = WITHOUT_RULES.iter().map(|(name, _)| name).chain(WITH_RULES.iter().map(|(name, ..)| name));
    let mut known: Vec<&str> = known.copied().collect();
    known.sort_unstable();
    assert_eq!(names, known);
    for (name, why) in WITHOUT_RULES {
        let text = format!("audit:{}", rules.join(name).display());
        let error = CustomMonitors::read([&text], &CommandOptions::default()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let files: Vec<PathBuf> = WITH_RULES.iter().map(|(name, ..)| rules.join(name)).collect();
    for ((name, word, part), outcome) in WITH_RULES.iter().zip(outcomes(&files, &[])) {
        assert_outcome(name, &outcome, word, &[part]);
    }
    for ((name, ..), outcome) in WITH_RULES.iter().zip(outcomes(&files, &[("auid", "1000")])).skip(1) {
        assert_outcome(name, &outcome, "measured", &["0 audit events by", "no audit event was made"]);
    }
}

/// A rule that records each operation.
const EXEC: &str = "-a always,exit -F arch=b64 -S execve -k exec\n";

/// Files, of which each `EXEC` stands for that rule: the word, and parts of what is said. There are 20 untimed
/// operations and 10 timed ones.
const FILES: &[(&str, &str, &str, &[&str])] = &[
    ("deleted-before", "-w /etc/nix\n-D\nEXEC", "measured", &["30 audit events by 1 rules, 0 records lost"]),
    (
        "deleted-one",
        "EXEC-w /etc/a -p w\n-W /etc/a -p w\n-w /etc/b\n",
        "measured",
        &["30 audit events by 2 rules"],
    ),
    (
        "skipped",
        "-i\nEXEC-a always,exit -S nosuchcall\nEXEC-w relative\n",
        "measured in part",
        &[
            "4 rules asked for, 1 loaded: line 3 was refused (Syscall name unknown: nosuchcall): -a always,exit -S \
             nosuchcall; line 4 was refused (Error sending add rule data request (Rule exists)): -a always,exit",
            "line 5 was refused (\"relative\" is not an absolute path; begin it with /): -w relative",
            "30 audit events by 1 rules",
        ],
    ),
    (
        "skipped-setting",
        "-c\nEXEC-q /nowhere,/x\n",
        "measured in part",
        &[
            "1 rules loaded as asked for, but not every line: line 3 was refused (Error sending make_equivalent",
        ],
    ),
    (
        "stopped",
        "EXEC-a always,exit -S nosuchcall\n-a always,exit -S open -F nofield=3\n",
        "failed",
        &[
            "auditctl refused stopped.rules, and loads no line after the first one that it refuses: line 2 was \
             refused (Syscall name unknown: nosuchcall): -a always,exit -S nosuchcall; line 3 was refused (-F \
             unknown field: nofield)",
        ],
    ),
    (
        "none-left",
        "-i\n-a always,exit -S nosuchcall\n",
        "failed",
        &["no rule of none-left.rules is loaded", "line 2"],
    ),
    ("locked", "EXEC-e 2\n", "measured", &["30 audit events by 1 rules"]),
    (
        "locked-early",
        "-i\nEXEC-e 2\n-w /etc/x\n",
        "measured in part",
        &["2 rules asked for, 1 loaded: line 4 was refused (line 3 (-e 2) has locked the rules)"],
    ),
    (
        "limited",
        "-b 8192\n--backlog_wait_time 0\n-r 100\nEXEC",
        "measured",
        &["30 audit events by 1 rules", "line 3 (-r) limits audit to 100 records a second"],
    ),
    (
        "small-backlog",
        "-b 1\n--backlog_wait_time 0\nEXEC",
        "measured in part",
        &["audit records were lost, because more waited than the backlog (-b) takes"],
    ),
    (
        "limited-and-locked",
        "-r 20\nEXEC-e 2\n",
        "measured",
        &["audit events by 1 rules", "line 1 (-r) limits audit"],
    ),
    ("panic", "-f 2\nEXEC", "measured", &["0 records lost", "line 1 (-f 2) lets the kernel panic"]),
    (
        "panic-at-once",
        "-f 2 -r 3\nEXEC",
        "failed",
        &["audit records were lost, and with line 1 (-f 2 -r 3) the kernel"],
    ),
    ("no-user-messages", "EXEC-a never,user -F uid=0\n", "measured", &["30 audit events by 2 rules"]),
    ("no-messages", "EXEC-a always,exclude -F msgtype=USER\n", "measured", &["30 audit events by 2 rules"]),
    (
        "no-mark",
        "EXEC-a always,exclude -F msgtype>=1000\n",
        "measured",
        &["2 rules are loaded", "the audit events cannot be counted"],
    ),
    (
        "folders",
        "-w /etc/sudoers.d/ -p wa\n-w /srv/a/b -p wa\n-a always,exit -F dir=/home -F uid=0 -k home\nEXEC",
        "measured",
        &[
            "30 audit events by 4 rules",
            "hookbench made 3 empty folders and 1 empty file that the rules name: /etc/sudoers.d, /home, /srv/a, /srv/a/b",
        ],
    ),
    ("not-there", "EXEC-w /proc/nothing/x\n", "failed", &["line 2 was refused", "No such file or directory"]),
    (
        "only-users",
        "EXEC-a always,exit -S execve -F auid!=-1\n",
        "measured in part",
        &["1 of 2 rules cannot match", "line 2"],
    ),
];

/// Writes `FILES` into `folder`.
fn write_files(folder: &Path) -> Vec<PathBuf> {
    let write = |(name, text, ..): &(&str, &str, &str, &[&str])| {
        let path = folder.join(format!("{name}.rules"));
        fs::write(&path, text.replace("EXEC", EXEC)).unwrap();
        path
    };
    FILES.iter().map(write).collect()
}

#[test]
fn what_a_file_of_rules_does_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_files(folder.path());
    for ((name, _, word, parts), outcome) in FILES.iter().zip(outcomes(&files, &[])) {
        assert_outcome(name, &outcome, word, parts);
    }
}

#[test]
fn operations_have_the_login_uid_that_rules_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("of-1000.rules");
    fs::write(&path, "-a always,exit -F arch=b64 -S execve -F auid=1000\n").unwrap();
    for (params, word, part) in [
        (&[("auid", "1000")][..], "measured", "30 audit events by 1 rules"),
        (&[], "measured in part", "0 audit events by 1 rules"),
        (
            &[("auid", "33")],
            "measured in part",
            "1 of 1 rules cannot match, because the login uid (auid) of the operations is 33",
        ),
    ] {
        assert_outcome(word, &outcomes(std::slice::from_ref(&path), params)[0], word, &[part]);
    }
}

/// Lines that auditctl takes or refuses without asking the kernel.
const LINES: &str = include_str!("custom/auditctl-lines.txt");

/// Loads each line with auditctl, and prints how each try ended: 0 or 1.
const TRY: &str = "out=
while IFS= read -r line; do
    /usr/sbin/auditctl -D
    printf '%s\\n' \"$line\" > /tmp/one.rules
    /usr/sbin/auditctl -R /tmp/one.rules
    out=\"$out$?\"
done < /own/lines > /dev/null 2>&1
/usr/sbin/auditctl -D
/usr/sbin/auditctl -e 0
echo \"ready $out\"
while :; do read -t 9 </dev/console; done
";

#[test]
fn hookbench_refuses_the_lines_that_auditctl_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let bring = ["try.sh", "lines"].map(|name| folder.path().join(name).display().to_string());
    fs::write(&bring[0], TRY).unwrap();
    fs::write(&bring[1], LINES).unwrap();
    let options = CommandOptions { ready: Some("ready".into()), bring: bring.to_vec() };
    let monitors = CustomMonitors::read([&"cmd:try=bash try.sh".to_string()], &options).unwrap();
    let session = session_with(Needs { monitors, ..Needs::kernel("6.1") }, LONG);
    let mut planned = paced("null-syscall", "none", &[]);
    planned.cell.monitor = "cmd:try".parse().unwrap();
    let notes = said(&run(&session, &planned, None));
    let codes = notes.split_once("ready ").unwrap_or_else(|| panic!("{notes}")).1;
    let codes: Vec<char> = codes.chars().take_while(char::is_ascii_digit).collect();
    assert_eq!(codes.len(), LINES.lines().count(), "{notes}");
    for (line, code) in LINES.lines().zip(codes) {
        let file = RuleFile::read(line.as_bytes()).unwrap();
        let problem = file.problems().next().map(|(_, problem)| problem.to_string());
        assert_eq!(problem.is_some(), code != '0', "auditctl ends with {code} on {line:?}: {problem:?}");
    }
}
