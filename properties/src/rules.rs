//! A file of audit rules.

use hookbench_probes::custom::rules::RuleFile;

use crate::memory;

/// Each line of a file that can be read stands in it under its number. A line either has a problem, with a reason and a
/// remedy of limited length, or auditctl may take it; only then does its rule count.
pub fn holds(bytes: &[u8]) {
    let room = 4_096 * bytes.len() + (4 << 20);
    let file = match memory::within(room, || RuleFile::read(bytes)) {
        Ok(file) => file,
        Err(why) => return assert!(why.to_string().len() <= 4_096, "{why}"),
    };
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    for line in file.lines() {
        let text = str::from_utf8(lines[line.number - 1]).expect("text");
        assert_eq!(text.trim(), line.text);
        assert!(!line.words.is_empty() && line.words.concat().len() <= text.len());
    }
    for (line, problem) in file.problems() {
        assert!(!problem.reason.is_empty() && !problem.remedy.is_empty());
        assert!(problem.to_string().len() <= 12 * line.text.len() + 4_096, "{problem}");
    }
    for (line, rule) in file.rules() {
        assert!(line.problem.is_none() && file.counts(line) && line.asks_for_rule());
        // Only fields of the login uid are judged.
        let judged = rule.fields.iter().any(|field| matches!(field.name.as_str(), "auid" | "loginuid"));
        assert!(judged || [None, Some(0), Some(1000)].into_iter().all(|login| rule.can_match(login)));
    }
    if let Some(lock) = file.lock() {
        assert!(file.rules().all(|(line, _)| line.number <= lock.number));
    }
}
