//! The commands that hookbench suggests to the user: how to resume a run, and how to
//! run a failed cell alone. A shell accepts them as printed.

use std::path::Path;

use hookbench_model::{Measurement, Outcome};
use hookbench_reports::text::{count, one_line};
use hookbench_workloads::custom::ask;

use super::args::Args;
use crate::session::guests::BUDGET;
use hookbench_plan::custom_name::{parse, split};
use hookbench_plan::plan::Planned;

/// This process's command line.
pub(super) fn words() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Quotes `words` for a shell.
fn quoted(words: &[String]) -> String {
    // Only a NUL cannot be quoted, and no argument of a process contains one.
    let quoted = words.iter().map(|word| shlex::try_quote(word).unwrap_or_default());
    quoted.collect::<Vec<_>>().join(" ")
}

/// The command that resumes the run in `folder`, which `words` began.
pub(super) fn resume(mut words: Vec<String>, folder: &Path) -> String {
    let given = |words: &[String], option: &str| {
        words.iter().any(|word| word == option || word.starts_with(&format!("{option}=")))
    };
    if !given(&words, "--out") {
        words.extend(["--out".into(), folder.display().to_string()]);
    }
    if !given(&words, "--resume") {
        words.push("--resume".into());
    }
    quoted(&words)
}

/// The command that runs one cell alone and prints the guest's console.
fn alone(program: &str, planned: &Planned, args: &Args) -> String {
    let mut words =
        [program, "run", "--cell", &planned.cell.to_string(), "--console"].map(String::from).to_vec();
    if planned.cell.monitor.custom().is_some() {
        let own = split(&args.monitor).into_iter().filter(|text| {
            parse(text).is_ok_and(|own| own.is_some_and(|(name, _)| name == planned.cell.monitor))
        });
        words.extend(own.take(1).flat_map(|text| ["--monitor".into(), text]));
        words.extend(args.ready.iter().flat_map(|ready| ["--ready".into(), ready.clone()]));
    }
    words.extend(own_workload(planned, args));
    let usual = hookbench_workloads::info(&planned.cell.workload).map(|info| info.samples);
    if usual != Some(planned.samples) {
        words.extend(["--samples".into(), planned.samples.to_string()]);
    }
    words.extend(args.modules.iter().flat_map(|folder| ["--modules".into(), folder.display().to_string()]));
    words.extend(args.load.iter().flat_map(|name| ["--load".into(), name.clone()]));
    if args.cold {
        words.push("--cold".into());
    }
    if args.timeout != BUDGET.as_secs() {
        words.extend(["--timeout".into(), args.timeout.to_string()]);
    }
    if let Some(fault) = args.fault.and_then(|fault| serde_json::to_value(fault).ok()) {
        words.extend(["--fault".into(), fault.as_str().unwrap_or_default().into()]);
    }
    quoted(&words)
}

/// The options that give the cell's custom workload and the payload of its commands.
fn own_workload(planned: &Planned, args: &Args) -> Vec<String> {
    let mut words = Vec::new();
    let texts = split(&args.workload).into_iter();
    let own =
        texts.filter(|text| ask::name(text).is_ok_and(|name| name.as_ref() == Some(&planned.cell.workload)));
    words.extend(own.take(1).flat_map(|text| ["--workload".into(), text]));
    let of_workload = !words.is_empty();
    if of_workload || planned.cell.monitor.custom().is_some() {
        words.extend(args.bring.iter().flat_map(|item| ["--bring".into(), item.clone()]));
    }
    if of_workload {
        words.extend(args.expect_exit.iter().flat_map(|code| ["--expect-exit".into(), code.to_string()]));
    }
    words
}

/// Lists the failed cells, each followed by the command that runs it alone. `None` if no
/// cell failed.
pub(super) fn failures(measurements: &[Measurement], planned: &[Planned], args: &Args) -> Option<String> {
    let program = words().into_iter().next().unwrap_or_else(|| "hookbench".into());
    let mut lines = Vec::new();
    for Measurement { cell, outcome, .. } in measurements {
        let Outcome::Failed(failure) = outcome else { continue };
        let said = one_line(&format!("{cell}: {}", failure.message));
        lines.push(format!("{}: {said}", failure.kind.name()));
        let planned = planned.iter().find(|planned| planned.cell == *cell);
        lines.extend(planned.map(|planned| format!("    {}", alone(&program, planned, args))));
    }
    let failed =
        measurements.iter().filter(|measurement| matches!(measurement.outcome, Outcome::Failed(_))).count();
    (failed > 0).then(|| {
        format!(
            "{} failed; the command below each one runs it alone and prints the guest's console:\n{}",
            count(failed, "cell"),
            lines.join("\n")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;
    use hookbench_model::{Clock, Failure, FailureKind};

    fn strings(line: &str) -> Vec<String> {
        line.split(' ').map(String::from).collect()
    }

    #[test]
    fn the_resume_command_is_the_same_command_with_out_and_resume() {
        let go_on = |line| resume(strings(line), Path::new("runs/my run"));
        assert_eq!(
            go_on("hookbench run --plan full"),
            "hookbench run --plan full --out 'runs/my run' --resume"
        );
        for line in ["hookbench run --out a --resume", "hookbench run --out=a --resume"] {
            assert_eq!(shlex::split(&go_on(line)).unwrap(), strings(line));
        }
        let said = go_on("hookbench run --monitor bpf-lsm+* --param a=$b;c");
        assert_eq!(
            shlex::split(&said).unwrap()[..6],
            strings("hookbench run --monitor bpf-lsm+* --param a=$b;c")
        );
        assert!(!said.contains(" bpf-lsm+* "), "{said}");
    }

    #[test]
    fn a_failed_cell_is_listed_with_a_command_that_is_quoted_for_the_shell() {
        let args = args("--workload mprotect-storm --param to=r --monitor none --samples 7 --timeout 9");
        let plan = crate::cmd::run::selection::plan(&args).unwrap();
        let kernel = "my kernels/vm'linux".to_string();
        let planned = plan.cells(&[kernel]).unwrap();
        let message = "no\n\u{1b}[2Janswer".into();
        let failure = Failure { kind: FailureKind::Timeout, message, console: Vec::new() };
        let cell = planned[0].cell.clone();
        let failed = Measurement {
            cell: cell.clone(),
            clock: Clock::Instructions,
            history: None,
            outcome: Outcome::Failed(failure),
        };
        let told = failures(&[failed], &planned, &args).unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("1 cell failed"), "{told}");
        assert_eq!(lines[1], format!("timeout: {cell}: no \u{fffd}[2Janswer"));
        let words = shlex::split(lines[2]).unwrap();
        assert_eq!(words[1..4], ["run", "--cell", &cell.to_string()]);
        assert_eq!(words[4..], strings("--console --samples 7 --timeout 9"));
        assert!(failures(&[], &planned, &args).is_none());
    }

    #[test]
    fn default_values_are_not_repeated_in_the_command() {
        let args_of_all = args("--workload null-syscall --monitor none");
        let planned = crate::cmd::run::selection::plan(&args_of_all).unwrap().cells(&["6.1".into()]).unwrap();
        let command = alone("hookbench", &planned[0], &args(""));
        assert_eq!(
            command,
            format!("hookbench run --cell {} --console", quoted(&[planned[0].cell.to_string()]))
        );
    }
}
