//! Patterns: globs that match the name of a monitor or of a cell.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use crate::scenario::WayChange;
use hookbench_model::Cell;

/// A glob that matches the monitor's name (`bpf-lsm+*`), that name with its parameters
/// (`audit+rules[unmatched=20]`) or the cell's whole name (`6.1/*/execve-noop*`). A text that
/// equals one of the three matches too, because globs read the brackets of names as classes.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// Whether `cell` matches.
    pub fn matches(&self, cell: &Cell) -> bool {
        let names = [cell.monitor.to_string(), cell.tuned_monitor(), cell.to_string()];
        names.iter().any(|name| *name == self.text || self.glob.is_match(name))
    }

    /// Whether the way, its cell or its policy matches.
    pub fn matches_way(&self, change: &WayChange) -> bool {
        let name = change.name();
        name == self.text || self.glob.is_match(name) || self.matches_cell(&change.cell)
    }

    /// Whether the cell of scenarios called `cell` or its policy matches.
    pub(super) fn matches_cell(&self, cell: &str) -> bool {
        let policy = cell.rsplit('/').next().unwrap_or_default();
        [cell, policy].iter().any(|name| *name == self.text || self.glob.is_match(name))
    }

    /// Whether the pattern contains the name `none`, as in `none` and `6.1/*/none`.
    pub(super) fn names_none(&self) -> bool {
        self.text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "none")
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

/// Why a text is not a glob.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a glob: {text:?}: {why}; expected a glob of monitors or cells, as in bpf-lsm+* or 6.1/*/none")]
pub struct NotAPattern {
    text: String,
    why: String,
}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |why: String| NotAPattern {
            text: text.chars().take(80).collect(),
            why: why.escape_debug().to_string(),
        };
        if text.is_empty() {
            return Err(error("it is empty".into()));
        }
        let glob = GlobBuilder::new(text).literal_separator(false).build();
        let glob = glob.map_err(|cause| error(cause.kind().to_string()))?;
        Ok(Pattern { text: text.into(), glob: glob.compile_matcher() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_the_monitor_or_the_whole_cell() {
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
    fn a_pattern_names_none_by_its_word() {
        let names = |text: &str| text.parse::<Pattern>().unwrap().names_none();
        assert!(["none", "6.1/*/none", "{none,audit+*}"].map(names).iter().all(|names| *names));
        assert!(!["*", "6.1/*", "no*", "nonesuch"].map(names).iter().any(|names| *names));
    }

    #[test]
    fn an_invalid_glob_is_quoted_with_an_example() {
        for text in ["", "[z", "{a,b", "[b-a]"] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("bpf-lsm+*"), "{error}");
        }
    }
}
