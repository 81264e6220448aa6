//! `hookbench man`: writes man pages, generated from the command line, for packages.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

/// Arguments of `hookbench man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes one page for `command`, and one for each of its subcommands that `--help` shows.
///
/// # Errors
/// When a page cannot be written.
pub fn man(args: &Args, command: clap::Command) -> Result<ExitCode> {
    let failed = || format!("failed to write the man pages into {}", args.out.display());
    std::fs::create_dir_all(&args.out).with_context(failed)?;
    clap_mangen::generate_to(command, &args.out).with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::cli::command;

    #[test]
    fn each_subcommand_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        man(&Args { out: folder.path().join("man1") }, command()).unwrap();
        let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
        assert!(page("hookbench.1").contains("hookbench"));
        for verb in command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let text = page(&format!("hookbench-{}.1", verb.get_name()));
            assert!(text.contains(".SH NAME"), "{text}");
        }
    }
}
