//! `hookbench kernel`: builds the kernels that no package has. How they are built is
//! the crate vm's; that they are measured is `run`'s.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use hookbench_vm::cache::Cache;
use hookbench_vm::pair;

use super::progress::Progress;

/// Arguments of `hookbench kernel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build kernels once, into the cache; it takes some minutes
    Build {
        /// What to build
        what: What,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Debian's Linux 6.1, trimmed, with audit compiled out and compiled in
    AuditPair,
}

/// Builds what is not in the cache yet.
///
/// # Errors
/// When something that is needed is missing, or it does not build.
pub fn kernel(args: &Args) -> Result<ExitCode> {
    let Verb::Build { what: What::AuditPair } = args.verb;
    let cache = Cache::open()?;
    let progress = Progress::begin("build", 0);
    let lease = pair::build(&cache, &|line| progress.say(line))?;
    drop(progress);
    let names = pair::HALVES.map(|half| half.name).join(",");
    eprintln!("built, in {}; measure with: hookbench run --kernel {names} …", lease.folder().display());
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_others_are_told_is_one() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let words = pair::COMMAND.strip_prefix("hookbench ").unwrap().split(' ');
        let Verb::Build { what } = <Line as clap::Parser>::try_parse_from(words).unwrap().args.verb;
        assert_eq!(what, What::AuditPair);
    }
}
