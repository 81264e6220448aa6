//! Which cells are meant: a glob of the monitor's name or of the cell's.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use hookbench_model::Cell;

/// A glob. It chooses a cell when it matches the monitor's name (`bpf-lsm+*`), that
/// name with its parameters (`audit+rules[unmatched=20]`) or the whole name of the
/// cell (`6.1/*/execve-noop*`); and when it is one of the three letter by letter, for
/// the brackets of names are classes in globs.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// Whether `cell` is meant.
    pub fn matches(&self, cell: &Cell) -> bool {
        let names = [cell.monitor.to_string(), cell.tuned_monitor(), cell.to_string()];
        names.iter().any(|name| *name == self.text || self.glob.is_match(name))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The text is not a glob.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a glob: {text:?}: {why} (expected one of monitors or cells, as in bpf-lsm+* or 6.1/*/none)")]
pub struct NotAPattern {
    text: String,
    why: String,
}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: String| NotAPattern {
            text: text.chars().take(80).collect(),
            why: why.escape_debug().to_string(),
        };
        if text.is_empty() {
            return Err(wrong("it is empty".into()));
        }
        let glob = GlobBuilder::new(text).literal_separator(false).build();
        let glob = glob.map_err(|error| wrong(error.kind().to_string()))?;
        Ok(Pattern { text: text.into(), glob: glob.compile_matcher() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_of_the_monitor_or_of_the_whole_cell() {
        let cell: Cell = "6.1/tcg/mprotect-storm[to=r]/paced/audit+rules[unmatched=20]".parse().unwrap();
        let name = cell.to_string();
        for text in
            ["audit+*", "*", "audit+rules", "audit+rules[unmatched=20]", "6.1/*", "*/mprotect-storm*", &name]
        {
            assert!(text.parse::<Pattern>().unwrap().matches(&cell), "{text}");
        }
        for text in ["audit", "mprotect-storm*", "6.12/*", "none"] {
            assert!(!text.parse::<Pattern>().unwrap().matches(&cell), "{text}");
        }
    }

    #[test]
    fn what_is_no_glob_is_quoted() {
        for text in ["", "[z", "{a,b", "[b-a]"] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("bpf-lsm+*"), "{error}");
        }
    }
}
