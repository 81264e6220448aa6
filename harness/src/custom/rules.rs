//! Files of audit rules: refuses, before a guest boots, what auditctl could not load. Lines that auditctl skips, because
//! the file tells it to read on (`-i`, `-c`), are a warning.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use hookbench_probes::custom::rules::{Line, Problem, RuleFile};

use super::payload::read_file;

/// A file of rules that can be loaded, at least in part.
pub(super) struct Rules {
    /// Its content.
    pub(super) bytes: Vec<u8>,
    /// A warning about lines that auditctl will refuse.
    pub(super) warning: Option<String>,
}

/// Reads the file of the monitor `text`, which is at `path`.
///
/// # Errors
/// When it cannot be read, holds no rule, or has a line at which auditctl stops.
pub(super) fn read(path: &Path, text: &str) -> Result<Rules> {
    let bytes = read_file(path).with_context(|| format!("no monitor {text:?}"))?;
    let name = path.display();
    let file = RuleFile::read(&bytes).map_err(|why| anyhow!("{name} is no file of audit rules: {why}"))?;
    let loads_none = file.rules().next().is_none();
    let problems: Vec<(&Line, &Problem)> = file.problems().collect();
    if loads_none && problems.is_empty() {
        let what = match file.lines() {
            [] => "is empty, or holds only comments",
            lines if lines.iter().any(Line::asks_for_rule) => "deletes the rules that it adds",
            _ => "holds only settings",
        };
        bail!("{name} {what}; add a rule, for example -a always,exit -F arch=b64 -S execve");
    }
    if let Some(line) = file.switches_off() {
        bail!("line {} of {name} switches audit off ({}); remove it", line.number, line.text);
    }
    let listed = list(&problems);
    let stops = loads_none || problems.iter().any(|(line, _)| !line.reads_on);
    ensure!(!stops, "auditctl would refuse {name}:\n{listed}");
    let warning = (!problems.is_empty())
        .then(|| format!("auditctl will refuse these lines of {name}, and load the others:\n{listed}"));
    Ok(Rules { bytes, warning })
}

/// A line of text for each problem.
fn list(problems: &[(&Line, &Problem)]) -> String {
    let lines =
        problems.iter().map(|(line, problem)| format!("  line {}: {}: {problem}", line.number, line.text));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The warning about a file, or why it is refused.
    fn outcome(bytes: impl AsRef<[u8]>) -> Result<Option<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rules");
        fs::write(&path, bytes).unwrap();
        read(&path, "audit:x.rules").map(|rules| rules.warning)
    }

    fn refused(bytes: impl AsRef<[u8]>) -> String {
        format!("{:#}", outcome(bytes).unwrap_err())
    }

    #[test]
    fn all_lines_at_which_auditctl_would_stop_are_named() {
        let why = refused("-D\n-w /etc # users\n-w /etc -p wa\nnonsense\n");
        assert!(why.contains("\n  line 2: -w /etc # users: a comment stands behind a rule; "), "{why}");
        assert!(why.contains("\n  line 4: nonsense: the word") && !why.contains("line 3"), "{why}");
        assert!(refused("-w /etc\r\n").contains("is no file of audit rules: line 1 ends with CR LF"));
        assert!(refused(b"\xef\xbb\xbf-w /etc\n").contains("byte order mark"));
    }

    #[test]
    fn a_file_that_leaves_no_rule_is_refused() {
        assert!(refused("").contains("is empty"));
        assert!(refused("# nothing\n").contains("only comments"));
        assert!(refused("-D\n-b 8192\n-e 2\n").contains("holds only settings; add a rule"));
        assert!(
            refused("-w /etc\n-e 0\n").contains("line 2 of") && refused("-e 0\n").contains("only settings")
        );
        assert!(refused("-w /etc\n-D\n").contains("deletes the rules that it adds"));
        assert!(refused("-i\n-w etc\n").contains("line 2: -w etc: \"etc\" is not an absolute path"));
        assert!(
            format!("{:#}", read(Path::new("nowhere/a.rules"), "audit:nowhere/a.rules").err().unwrap())
                .contains("no monitor \"audit:nowhere/a.rules\"")
        );
    }

    #[test]
    fn lines_that_auditctl_skips_are_a_warning() {
        assert_eq!(outcome("-i\n-w /etc\n").unwrap(), None);
        for ignore in ["-i", "-c"] {
            let warning = outcome(format!("{ignore}\n-w /etc\n-w etc\n")).unwrap().unwrap();
            assert!(warning.contains("and load the others:\n  line 3: -w etc: "), "{warning}");
        }
        assert!(refused("-w etc\n-i\n-w /etc\n").contains("line 1: -w etc"));
        assert!(refused("-i\r\n-w /etc\r\n").contains("CR LF"));
    }
}
