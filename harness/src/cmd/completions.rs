//! `hookbench completions`: prints a completion script, generated from the command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use clap_complete::Shell as Generator;

use super::say;

/// Arguments of `hookbench completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shell that reads the script
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the completion script for `command`.
///
/// # Errors
/// When the write to standard output fails.
pub fn completions(args: &Args, command: clap::Command) -> Result<ExitCode> {
    say::result(&script(args.shell, command))?;
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell, mut command: clap::Command) -> String {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let name = command.get_name().to_string();
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    use crate::cmd::cli::command;

    #[test]
    fn every_script_completes_every_subcommand_and_option() {
        for &shell in Shell::value_variants() {
            let script = script(shell, command());
            for verb in command().get_subcommands() {
                assert!(script.contains(verb.get_name()), "{shell:?}: {}", verb.get_name());
                for option in verb.get_arguments().filter(|argument| !argument.is_hide_set()) {
                    let long = option.get_long().unwrap_or_default();
                    assert!(script.contains(long), "{shell:?}: {} {long}", verb.get_name());
                }
            }
        }
    }

    #[test]
    fn bash_accepts_its_script() {
        let bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut bash = bash.unwrap();
        let script = script(Shell::Bash, command());
        bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = bash.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
