//! `cargo xtask`: the tasks of developers, one word each. Most install what is missing
//! first. It depends on no other crate, and works when hookbench does not build.

mod bench;
mod docs;
mod fuzz;
mod generate;
mod numbers;
mod perf;
mod reference;
mod run;
mod scenarios;
mod setup;
mod test;

use std::process::ExitCode;

use run::{Failure, Result};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup [--yes]  install the packages that building and running hookbench need; asks before it uses
                 sudo, unless --yes is given, CI is set or root runs it
  bench [ARGS]   run the quick plan (`hookbench run ARGS`) and print where its report is
  test           check formatting, lints, documentation and links, and run every test but the slow ones
  test --slow [NAME...]
                 run the slow tests, which take minutes or start services; only those with NAME in theirs
  ci             the same as test
  numbers --against REV [-- ARGS]
                 run the quick plan (`hookbench run ARGS`) with hookbench of REV and of the working tree,
                 and list the cells whose numbers moved; exit code 3 if any did
  perf           measure how fast hookbench itself is, and compare with its limits
  reference      run the plans full, sweeps and cpus on all their kernels, and publish the results in
                 results/published and reports/published
  docs [--links] check the links of the documentation and build docs as a book; with --links, only check
  man            write hookbench's man pages into target/man
  preview [PAGE] render invented runs into target/preview, and list the files with PAGE in their names
  fuzz [--seconds N] [TARGET...]
                 run the fuzz targets, 600 seconds each; needs nightly and cargo-fuzz
";

/// The commands that refuse arguments which they do not know here.
const COMMANDS: [&str; 7] = ["setup", "test", "ci", "perf", "reference", "man", "preview"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Failure::usage(format!("no command was given\n{USAGE}")));
    };
    let (consent, purpose) = (setup::Consent::Ask, setup::For::Use);
    match (command.as_str(), rest) {
        ("setup", []) => setup::setup(purpose, consent),
        ("setup", [yes]) if yes == "--yes" => setup::setup(purpose, setup::Consent::Given),
        ("bench", rest) => bench::bench(rest),
        ("test" | "ci", []) => test::test(),
        ("test", [slow, rest @ ..]) if slow == "--slow" => test::slow(rest),
        ("numbers", rest) => numbers::numbers(rest),
        ("perf", []) => perf::perf(),
        ("reference", []) => reference::reference(),
        ("docs", rest) => docs::docs(rest),
        ("man", []) => generate::man(),
        ("preview", []) => generate::preview(""),
        ("preview", [page]) => generate::preview(page),
        ("fuzz", rest) => fuzz::fuzz(rest),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        (known, [extra, ..]) if COMMANDS.contains(&known) => {
            Err(Failure::usage(format!("{known} does not take {extra:?}\n{USAGE}")))
        }
        _ => Err(Failure::usage(format!("there is no command {command:?}\n{USAGE}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(arguments: &[&str]) -> u8 {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        dispatch(&arguments).map_or_else(|failure| failure.code, |()| 0)
    }

    #[test]
    fn unknown_commands_and_arguments_are_usage_errors() {
        let wrong = [
            "",
            "tset",
            "test --fast",
            "setup x",
            "fuzz x",
            "perf x",
            "docs x",
            "man x",
            "preview x y",
            "numbers",
            "reference --plan",
        ];
        for arguments in wrong {
            assert_eq!(code(&arguments.split_whitespace().collect::<Vec<_>>()), 2, "{arguments:?}");
        }
        assert_eq!(code(&["--help"]), 0);
    }
}
