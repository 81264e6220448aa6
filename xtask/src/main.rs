//! `cargo xtask`: what a developer asks for in one word. Installs what is
//! missing, then runs the measurement or the tests. Depends on no other crate
//! of hookbench, so that it works when they do not build.

mod bench;
mod fuzz;
mod numbers;
mod packages;
mod perf;
mod reference;
mod run;
mod setup;
mod test;

use std::process::ExitCode;

use run::{Failure, Result};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup          install what building and running hookbench need
  bench [ARGS]   setup, then `hookbench run --plan quick ARGS` and its report
  perf           setup, then how quick hookbench itself is, beside its limits
  numbers --against REV [-- ARGS]
                 setup, then run the quick plan (`hookbench run ARGS`) with hookbench of REV and of the
                 working tree, and list the cells whose numbers moved; exit code 3 if any did
  reference      setup, then the plans full, sweeps and cpus on all their kernels, into results/published
                 and reports/published
  test           setup, then formatting, lints, documentation and every test but the slow ones
  test --slow [NAME...]
                 setup, then the slow ones: those that take minutes, or start services
  ci             the same as test
  fuzz [--seconds N] [TARGET...]
                 run the fuzz targets, 600 seconds each; needs nightly and cargo-fuzz
";

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
        return Err(Failure::usage(format!("no command\n{USAGE}")));
    };
    match (command.as_str(), rest) {
        ("setup", []) => setup::setup(setup::For::Use),
        ("bench", rest) => bench::bench(rest),
        ("perf", []) => perf::perf(),
        ("numbers", rest) => numbers::numbers(rest),
        ("reference", []) => reference::reference(),
        ("test" | "ci", []) => test::test(),
        ("test", [slow, rest @ ..]) if slow == "--slow" => test::slow(rest),
        ("fuzz", rest) => fuzz::fuzz(rest),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        ("setup" | "perf" | "reference" | "test" | "ci", [extra, ..]) => {
            Err(Failure::usage(format!("{command} takes no arguments, but there is {extra:?}\n{USAGE}")))
        }
        _ => Err(Failure::usage(format!("no command {command:?}\n{USAGE}"))),
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
    fn what_is_not_understood_is_a_matter_of_usage() {
        let perf = ["perf", "x"];
        for arguments in [&[][..], &["tset"], &["test", "--fast"], &["setup", "x"], &["fuzz", "x"], &perf] {
            assert_eq!(code(arguments), 2, "{arguments:?}");
        }
        assert_eq!(code(&["--help"]), 0);
    }
}
