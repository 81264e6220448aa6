//! Names and globs on the command line and in plans: `bpf-lsm+*` chooses from
//! what there is, and a name that chooses nothing is an error that says what
//! there is.

use anyhow::{Result, bail};
use globset::GlobBuilder;

/// Those of `known` that a pattern chooses, in the order of `known`.
///
/// # Errors
/// When a pattern is none, or chooses nothing; the error lists what is known.
pub fn select(kind: &str, patterns: &[String], known: &[String]) -> Result<Vec<String>> {
    let mut chosen = vec![false; known.len()];
    for pattern in patterns {
        let glob = match GlobBuilder::new(pattern).literal_separator(false).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => bail!("not a {kind} or a glob: {pattern:?}: {}", error.kind()),
        };
        let mut any = false;
        for (name, chosen) in known.iter().zip(&mut chosen) {
            if glob.is_match(name) {
                (*chosen, any) = (true, true);
            }
        }
        if !any {
            bail!("unknown {kind} {pattern:?}; known are: {}", known.join(", "));
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
    fn globs_choose_in_the_order_of_what_is_known() {
        let known = names(&["none", "audit+rules", "bpf-lsm+count", "bpf-lsm+ringbuf"]);
        let chosen = select("monitor", &names(&["bpf-lsm+*", "none"]), &known).unwrap();
        assert_eq!(chosen, ["none", "bpf-lsm+count", "bpf-lsm+ringbuf"]);
    }

    #[test]
    fn what_chooses_nothing_is_said_with_what_there_is() {
        let error = select("monitor", &names(&["bpf+*"]), &names(&["none", "audit+rules"])).unwrap_err();
        assert_eq!(error.to_string(), "unknown monitor \"bpf+*\"; known are: none, audit+rules");
        assert!(select("monitor", &names(&["[z"]), &names(&["none"])).is_err());
    }
}
