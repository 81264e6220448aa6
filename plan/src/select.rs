//! Names and globs on the command line and in plans: `bpf-lsm+*` selects from the known
//! names. A name that selects nothing is an error that lists the known names.

use anyhow::{Result, bail};
use globset::GlobBuilder;

/// The names in `known` that a pattern selects, in the order of `known`.
///
/// # Errors
/// When a pattern is not a glob, or selects nothing; the error lists the known names.
pub fn select(kind: &str, patterns: &[String], known: &[String]) -> Result<Vec<String>> {
    let mut chosen = vec![false; known.len()];
    for pattern in patterns {
        let glob = match GlobBuilder::new(pattern).literal_separator(false).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => bail!("neither a {kind} nor a glob: {pattern:?}: {}", error.kind()),
        };
        let mut any = false;
        for (name, chosen) in known.iter().zip(&mut chosen) {
            if glob.is_match(name) {
                (*chosen, any) = (true, true);
            }
        }
        if !any {
            bail!("unknown {kind} {pattern:?}; known {kind}s: {}", known.join(", "));
        }
    }
    Ok(known.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(name, _)| name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn globs_select_in_the_order_of_the_known_names() {
        let known = names(&["none", "audit+rules", "bpf-lsm+count", "bpf-lsm+ringbuf"]);
        let chosen = select("monitor", &names(&["bpf-lsm+*", "none"]), &known).unwrap();
        assert_eq!(chosen, ["none", "bpf-lsm+count", "bpf-lsm+ringbuf"]);
    }

    #[test]
    fn a_pattern_that_selects_nothing_is_refused_with_the_known_names() {
        let error = select("monitor", &names(&["bpf+*"]), &names(&["none", "audit+rules"])).unwrap_err();
        assert_eq!(error.to_string(), "unknown monitor \"bpf+*\"; known monitors: none, audit+rules");
        assert!(select("monitor", &names(&["[z"]), &names(&["none"])).is_err());
    }
}
