//! `hookbench kernel`: builds the kernels that no package provides. The crate `vm` knows
//! how to build them; `hookbench run` measures them.

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
    /// Build kernels into the cache, once; this takes several minutes
    Build {
        /// Kernels to build
        what: What,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Debian's Linux 6.1, trimmed, with audit compiled out and compiled in
    AuditPair,
}

/// Builds the kernels that the cache does not have yet.
///
/// # Errors
/// When a build tool is missing, or the build fails.
pub fn kernel(args: &Args) -> Result<ExitCode> {
    let Verb::Build { what: What::AuditPair } = args.verb;
    let cache = Cache::open()?;
    let progress = Progress::begin("build", 0);
    let lease = pair::build(&cache, &|line| progress.say(line))?;
    drop(progress);
    let names = pair::HALVES.map(|half| half.name).join(",");
    eprintln!("built in {}; measure with: hookbench run --kernel {names} …", lease.folder().display());
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_command_in_other_messages_is_valid() {
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
