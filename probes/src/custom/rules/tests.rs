//! Whole files, as auditctl reads them.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> RuleFile {
    RuleFile::read(text.as_bytes()).unwrap()
}

/// The numbers and reasons of the refused lines.
fn problems(text: &str) -> Vec<(usize, String)> {
    let file = read(text);
    file.problems().map(|(line, problem)| (line.number, problem.to_string())).collect()
}

/// The only problem of a line.
fn problem(line: &str) -> String {
    let found = problems(line);
    assert_eq!(found.len(), 1, "{line}: {found:?}");
    found[0].1.clone()
}

#[test]
fn what_auditctl_takes_has_no_problem() {
    for line in [
        "-a always,exit -F arch=b64 -S open,openat -F exit=-EACCES -F auid>=1000 -F auid!=unset -k access",
        "-a exit,always -S open",
        "-a always,exit -F dir=/etc/NetworkManager/ -F perm=wa -F key=x",
        "-A never,exit -F arch=b32 -S all",
        "-S open -a always,exit",
        "-a task,never",
        "-a never,filesystem -F fstype=tracefs",
        "-a always,exclude -F msgtype=CWD",
        "-a exclude,never -F auid=unset",
        "-a never,user -F subj_type=crond_t",
        "-a always,exit -F dir=/home -F uid=0 -k home",
        "-a always,exit -F path=/usr/bin/su -F perm=x -k privileged",
        "-a always,exit -F exe=/usr/bin/su -k su",
        "-a always,exit -S execve -C uid!=euid -F euid=0",
        "-w /etc/passwd -p wa -k identity",
        r"-w /my\ files -p rwxa -k a\ b",
        "-D",
        "-D -k old",
        "-b 8192 -f 1",
        "-b 0x10",
        "-r 100",
        "-e 2",
        "-i",
        "-c",
        "-q /mnt,/sub",
        "-t",
        "-m hello",
        "--backlog_wait_time 60000",
        "--backlog_wait_time=0",
        "--loginuid-immutable",
        "--reset-lost",
        "-W /etc/passwd -p wa -k identity",
        "-d always,exit -S open",
        "-l",
        "-s",
        "-v",
        "  # an indented comment",
        "    ",
        "",
    ] {
        assert_eq!(problems(line), [], "{line}");
    }
}

#[test]
fn what_auditctl_refuses_is_said_with_a_remedy() {
    for (line, reason, remedy) in [
        ("-w /etc/passwd -p wa # users", "comment stands behind a rule", "lines of their own"),
        ("-w /etc/passwd -k \"my key\"", "the word \"key\\\"\" belongs to no option", "no quotes"),
        ("-w /etc/passwd extra", "\"extra\" belongs to no option", "remove it"),
        ("always,exit -S open", "\"always,exit\" belongs to no option", "remove it"),
        ("-k x -w /etc", "stands before what it belongs to", "behind -S, -w"),
        ("nonsense", "\"nonsense\" belongs to no option", "remove it"),
        ("\t-w /etc/passwd", "\"\\t-w\" belongs to no option", "replace the tab"),
        ("\t", "belongs to no option", "replace the tab"),
        ("\t# a comment behind a tab", "belongs to no option", "replace the tab"),
        ("-a always,exit -X open", "no option -X", "auditctl(8)"),
        ("-a always,exit --key x", "no option --key", "auditctl(8)"),
        ("-a always,exit -S", "-S lacks its value", "behind the option"),
        ("-a always -S open", "-a always is not a list and an action", "exclude, filesystem"),
        ("-a entry,always -S open", "is not a list and an action", "the lists are exit"),
        ("-a always,exit,x -S open", "is not a list and an action", "the lists are exit"),
        ("-a nonsense", "-a nonsense is not a list and an action", "the lists are exit"),
        ("-a exit,possible -S open", "skips -a exit,possible without an error", "use always"),
        ("-S open", "-S stands in a line without", "begin the rule"),
        ("-F arch=b64 -a always,exit", "-F stands in a line without", "begin the rule"),
        ("-C uid!=euid", "-C stands in a line without", "begin the rule"),
        ("-a always,exit -S open -a always,exit", "more than one of -a", "a line for each"),
        ("-a task,always -S open", "list task takes no system calls", "use the list exit"),
        ("-S open -a task,always", "list task takes no system calls", "use the list exit"),
        ("-a exclude,always -S open", "list exclude takes no system calls", "use the list exit"),
        ("-a always,exit -w /etc", "a watch (-w) stands in a rule", "-F path=PATH"),
        ("-w etc/passwd", "not an absolute path", "begin it with /"),
        ("-w /etc -p rwq", "-p rwq is unknown", "r, w, x and a"),
        ("-p wa -w /etc", "-p needs a watch", "-w PATH first"),
        ("-a always,exit -k x -F dir=/etc", "the key (-k) stands before", "-F key=KEY"),
        ("-a always,exit -F key=x", "a key needs something to watch", "path or perm"),
        ("-a always,exit -F arch", "-F arch is not a comparison", "operator"),
        ("-e 3", "-e 3 is unknown", "0, 1 or 2"),
        ("-f x", "-f x is unknown", "0, 1 or 2"),
        ("-b many", "-b many is not a number", "takes a number"),
        ("-r -1", "-r -1 is not a number", "takes a number"),
        ("--backlog_wait_time soon", "not a number", "takes a number"),
        ("-D -a always,exit -S open", "-D stands with other options", "alone"),
        ("-i -D", "\"-D\" belongs to no option", "remove it"),
        ("-R other.rules", "cannot read another", "copy its lines"),
    ] {
        let said = problem(line);
        assert!(said.contains(reason) && said.contains(remedy), "{line}: {said}");
    }
}

#[test]
fn a_file_that_is_not_lines_of_text_is_unreadable() {
    let why = |bytes: &[u8]| RuleFile::read(bytes).unwrap_err().to_string();
    assert!(why(b"# x\n-w /etc\r\n").starts_with("line 2 ends with CR LF"));
    assert!(why(b"\xef\xbb\xbf-w /etc\n").contains("byte order mark"));
    assert!(why(b"\xff\xfe-\0w\0").contains("UTF-16"));
    assert!(why(b"-\0w\0 \0/\0").contains("UTF-16"));
    assert!(why(b"-w /etc\n-w /\0x\n").starts_with("line 2 contains a NUL"));
    assert!(why(b"-w /\xe9tc\n").contains("line 1 is not UTF-8"));
    assert!(RuleFile::read(b"# \xe9\n-w /etc\n").is_ok());
    let long = |bytes: usize| format!("-w /{}\n", "x".repeat(bytes - 4));
    assert!(RuleFile::read(long(LONGEST_LINE).as_bytes()).is_ok());
    assert!(why(long(LONGEST_LINE + 1).as_bytes()).contains("line 1 has 6143 bytes"));
}

#[test]
fn rules_are_counted_as_the_file_leaves_them() {
    let numbers = |text: &str| {
        let file = read(text);
        let numbers: Vec<usize> = file.rules().map(|(line, _)| line.number).collect();
        (numbers, file.is_countable())
    };
    assert_eq!(numbers("-w /a\n-D\n# x\n-w /b\n-a task,never\n-b 9\n"), (vec![4, 5], true));
    assert_eq!(numbers("-w /a\n-w /b\n-D\n"), (vec![], true));
    assert_eq!(numbers("-w /a\n-W /a\n-D\n-w /b\n"), (vec![4], true));
    assert!(!numbers("-w /a\n-w /b\n-W /a\n").1);
    assert!(!numbers("-w /a -k x\n-D -k x\n").1);
    assert_eq!(numbers("-w /a\n-w b\n"), (vec![1], true));
}

#[test]
fn a_line_knows_whether_auditctl_reads_on_after_it() {
    let file = read("-w a\n-i\n-w b\n");
    assert!(file.ignores_errors());
    let seen: Vec<(usize, bool)> = file.problems().map(|(line, _)| (line.number, line.reads_on)).collect();
    assert_eq!(seen, [(1, false), (3, true)]);
}

#[test]
fn settings_are_those_of_the_last_line_that_makes_them() {
    let file = read("-r 5\n-f 2\n-r 100\n-e 2\n");
    assert_eq!(file.rate().map(|(line, rate)| (line.number, rate)), Some((3, 100)));
    assert_eq!(
        (file.panics().map(|line| line.number), file.lock().map(|line| line.number)),
        (Some(2), Some(4))
    );
    assert_eq!(read("-e 1\n-e 0\n").switches_off().map(|line| line.number), Some(2));
    assert_eq!(read("-e 0\n-e 1\n").switches_off(), None);
    let file = read("-r 5 -f 2\n-r 0 -f 1\n");
    assert_eq!((file.rate(), file.panics(), file.lock()), (None, None, None));
}

#[test]
fn a_rule_for_all_tasks_exempts_them() {
    let exempts = |text: &str| read(text).exempts_all().map(|line| line.number);
    assert_eq!(exempts("-w /etc\n-a task,never\n"), Some(2));
    assert_eq!(exempts("-a never,task -F uid=33\n-a always,task\n-a never,exit -S all\n"), None);
    assert_eq!(exempts("-a task,never\n-D\n-w /etc\n"), None);
}

#[test]
fn a_panic_becomes_a_message() {
    for (text, words) in [
        ("-b 2 -f 2 -e 2", "-b 2 -f 1 -e 2"),
        ("-f2", "-f1"),
        ("-w /2 -k -f2", "-w /2 -k -f2"),
        ("-f 1", "-f 1"),
    ] {
        assert_eq!(read(text).lines()[0].words_without_panic().join(" "), words);
    }
}

#[test]
fn a_rule_behind_the_lock_is_refused() {
    let found = problems("-w /a\n-e 2\n-w /b\n-m x\n");
    assert!(matches!(&found[..], [(3, why)] if why.contains("line 2 (-e 2)")), "{found:?}");
}

#[test]
fn a_rule_names_places_and_login_uids() {
    let file =
        read("-a always,exit -F dir=/home -F path=/a -F auid>=1000 -F auid!=unset\n-w /etc/x.d -p w\n");
    let rules: Vec<&Rule> = file.rules().map(|(_, rule)| rule).collect();
    assert_eq!(rules[0].places, [Place::Folder("/home".into()), Place::File("/a".into())]);
    assert_eq!(rules[1].places, [Place::Folder("/etc/x.d".into())]);
    assert_eq!([None, Some(0), Some(1000)].map(|login| rules[0].can_match(login)), [false, false, true]);
    let never = read("-a never,exit -F auid!=unset\n-a always,exclude -F auid!=unset\n");
    assert!(never.rules().all(|(_, rule)| rule.can_match(None)));
}

proptest! {
    #[test]
    fn any_lines_are_read_without_panic_and_a_rule_counts_once(
        lines in proptest::collection::vec(
            "( ?(-[a-zA-Z:]{1,2}|--?[a-z-]{0,12}|always,exit|exit,never|auid[!><=&]{0,2}[0-9unset-]{0,8}|/[a-z/]{0,4}|#|[\"\\\\\t]|.)){0,6}",
            0..8,
        )
    ) {
        let text = lines.join("\n");
        if let Ok(file) = RuleFile::read(text.as_bytes()) {
            prop_assert!(file.rules().count() <= file.lines().len());
            for (line, _) in file.rules() {
                prop_assert!(file.counts(line) && line.problem.is_none());
            }
            for line in file.lines() {
                prop_assert_eq!(text.split('\n').nth(line.number - 1).unwrap().trim(), &line.text);
            }
        }
    }
}
