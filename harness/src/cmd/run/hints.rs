//! The commands that hookbench suggests to the user: how to resume a run, and how to
//! run a failed cell alone. A shell accepts them as printed.

use std::path::{Path, PathBuf};

use hookbench_model::measurement::UNPROVEN;
use hookbench_model::protocol::Fault;
use hookbench_model::{History, Measurement, Outcome};
use hookbench_reports::text::{count, one_line};
use hookbench_workloads::custom::ask;

use super::args::Args;
use crate::session::guests::BUDGET;
use hookbench_plan::Planned;
use hookbench_plan::{custom_monitor_name, split_lists, with_tuning};

/// The options of a run that the command for one of its cells repeats.
#[derive(Debug, Clone)]
pub(in crate::cmd) struct Repeat {
    monitors: Vec<String>,
    workloads: Vec<String>,
    ready: Option<String>,
    bring: Vec<String>,
    expect_exit: Option<i32>,
    modules: Option<PathBuf>,
    load: Vec<String>,
    guests: Option<History>,
    timeout: u64,
    fault: Option<Fault>,
}

impl Repeat {
    /// The options in `args`.
    pub(super) fn from_args(args: &Args) -> Repeat {
        Repeat {
            monitors: split_lists(&args.monitor),
            workloads: split_lists(&args.workload),
            ready: args.ready.clone(),
            bring: args.bring.clone(),
            expect_exit: args.expect_exit,
            modules: args.modules.clone(),
            load: args.load.clone(),
            guests: args.guests,
            timeout: args.timeout,
            fault: args.fault,
        }
    }
}

/// This process's command line.
fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Quotes `words` for a shell.
fn quoted(words: &[String]) -> String {
    // Only a NUL cannot be quoted, and no argument of a process contains one.
    let quoted = words.iter().map(|word| shlex::try_quote(word).unwrap_or_default());
    quoted.collect::<Vec<_>>().join(" ")
}

/// The command that resumes the run in `folder`, which `words` began.
fn resume_command(mut words: Vec<String>, folder: &Path) -> String {
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

/// What hookbench kept when an interrupt ended the run, and how to measure the rest.
pub(in crate::cmd) fn after_interrupt(ended: usize, all: usize, folder: &Path, can_resume: bool) -> String {
    let kept = format!("{ended} of {all} cells have ended and are kept in {}", folder.display());
    match can_resume {
        true => format!("{kept}; resume with:\n    {}", resume_command(command_line(), folder)),
        false => {
            format!("{kept}; a run in rounds cannot be resumed, so measure the other cells in a new run")
        }
    }
}

/// What hookbench kept when an error outside any cell ended the run, and how to resume.
pub(in crate::cmd) fn what_is_kept(error: &anyhow::Error, folder: &Path) -> String {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let mut kinds = causes.map(std::io::Error::kind);
    let is_full = kinds.any(|kind| [StorageFull, QuotaExceeded, FileTooLarge].contains(&kind));
    let first = if is_full { "free some space, then " } else { "" };
    let resume = resume_command(command_line(), folder);
    format!("finished measurements are kept in {}; {first}resume with:\n    {resume}", folder.display())
}

/// The command that runs one cell alone and prints the guest's console.
fn cell_command(program: &str, planned: &Planned, repeat: &Repeat) -> String {
    let mut words =
        [program, "run", "--cell", &planned.cell.to_string(), "--console"].map(String::from).to_vec();
    if planned.cell.monitor.custom().is_some() {
        let custom = repeat.monitors.iter().filter(|text| {
            custom_monitor_name(text)
                .is_ok_and(|custom| custom.is_some_and(|(name, _)| name == planned.cell.monitor))
        });
        // Cells of one object differ in its parameters, which the cell's name has.
        let tuned = |text: &String| with_tuning(text, &planned.cell.tuning).unwrap_or_else(|_| text.clone());
        words.extend(custom.take(1).flat_map(|text| ["--monitor".into(), tuned(text)]));
        words.extend(repeat.ready.iter().flat_map(|ready| ["--ready".into(), ready.clone()]));
    }
    words.extend(workload_options(planned, repeat));
    let usual = hookbench_workloads::info(&planned.cell.workload).map(|info| info.samples);
    if usual != Some(planned.samples) {
        words.extend(["--samples".into(), planned.samples.to_string()]);
    }
    words.extend(repeat.modules.iter().flat_map(|folder| ["--modules".into(), folder.display().to_string()]));
    words.extend(repeat.load.iter().flat_map(|name| ["--load".into(), name.clone()]));
    words.extend(repeat.guests.iter().flat_map(|history| ["--guests".into(), history.name().into()]));
    if repeat.timeout != BUDGET.as_secs() {
        words.extend(["--timeout".into(), repeat.timeout.to_string()]);
    }
    if let Some(fault) = repeat.fault.and_then(|fault| serde_json::to_value(fault).ok()) {
        words.extend(["--fault".into(), fault.as_str().unwrap_or_default().into()]);
    }
    quoted(&words)
}

/// The options that give the cell's custom workload and the payload of its commands.
fn workload_options(planned: &Planned, repeat: &Repeat) -> Vec<String> {
    let mut words = Vec::new();
    let texts = repeat.workloads.iter();
    let custom =
        texts.filter(|text| ask::name(text).is_ok_and(|name| name.as_ref() == Some(&planned.cell.workload)));
    words.extend(custom.take(1).flat_map(|text| ["--workload".into(), text.clone()]));
    let of_workload = !words.is_empty();
    if of_workload || planned.cell.monitor.custom().is_some() {
        words.extend(repeat.bring.iter().flat_map(|item| ["--bring".into(), item.clone()]));
    }
    if of_workload {
        words.extend(repeat.expect_exit.iter().flat_map(|code| ["--expect-exit".into(), code.to_string()]));
    }
    words
}

/// Lists the cells that failed or whose monitor may have slept, each followed by the command
/// that runs it alone. `None` if there are none.
pub(super) fn list_failures(
    measurements: &[Measurement],
    planned: &[Planned],
    repeat: &Repeat,
) -> Option<String> {
    let program = command_line().into_iter().next().unwrap_or_else(|| "hookbench".into());
    let (mut lines, mut failed) = (Vec::new(), 0);
    for Measurement { cell, outcome, .. } in measurements {
        let kind = match outcome {
            Outcome::Failed(failure) => failure.kind.name(),
            Outcome::Measured(measured) if measured.is_unproven() => UNPROVEN,
            _ => continue,
        };
        failed += 1;
        lines.push(format!("{kind}: {}", one_line(&format!("{cell}: {}", outcome.reason()))));
        let planned = planned.iter().find(|planned| planned.cell == *cell);
        lines.extend(planned.map(|planned| format!("    {}", cell_command(&program, planned, repeat))));
    }
    (failed > 0).then(|| {
        format!(
            "{} failed or unproven; the command below each one runs it alone and prints the guest's console:\n{}",
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
        let go_on = |line| resume_command(strings(line), Path::new("runs/my run"));
        assert_eq!(
            go_on("hookbench run --plan full"),
            "hookbench run --plan full --out 'runs/my run' --resume"
        );
        for line in ["hookbench run --out a --resume", "hookbench run --out=a --resume"] {
            assert_eq!(shlex::split(&go_on(line)).unwrap(), strings(line));
        }
        let command = go_on("hookbench run --monitor bpf-lsm+* --param a=$b;c");
        assert_eq!(
            shlex::split(&command).unwrap()[..6],
            strings("hookbench run --monitor bpf-lsm+* --param a=$b;c")
        );
        assert!(!command.contains(" bpf-lsm+* "), "{command}");
    }

    #[test]
    fn a_failed_cell_is_listed_with_a_command_that_is_quoted_for_the_shell() {
        let args = args("--workload mprotect-storm --param to=r --monitor none --samples 7 --timeout 9");
        let plan = crate::cmd::run::plan::from_args(&args).unwrap();
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
        let list = list_failures(&[failed], &planned, &Repeat::from_args(&args)).unwrap();
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines[0].starts_with("1 cell failed"), "{list}");
        assert_eq!(lines[1], format!("timeout: {cell}: no \u{fffd}[2Janswer"));
        let words = shlex::split(lines[2]).unwrap();
        assert_eq!(words[1..4], ["run", "--cell", &cell.to_string()]);
        assert_eq!(words[4..], strings("--console --samples 7 --timeout 9"));
        assert!(list_failures(&[], &planned, &Repeat::from_args(&args)).is_none());
    }

    #[test]
    fn each_cell_of_an_object_has_its_own_parameters_in_the_command() {
        let args =
            args("--workload null-syscall --monitor bpf:a/x.o[only=a],bpf:a/x.o[only=b] --expect EPERM");
        let planned = crate::cmd::run::plan::from_args(&args).unwrap().cells(&["6.1".into()]).unwrap();
        let commands: Vec<String> = planned
            .iter()
            .filter(|planned| !planned.cell.monitor.is_none())
            .map(|planned| cell_command("hookbench", planned, &Repeat::from_args(&args)))
            .collect();
        for (command, only) in commands.iter().zip(["a", "b"]) {
            let words = shlex::split(command).unwrap();
            let monitor = format!("bpf:a/x.o[expect=EPERM only={only}]");
            assert!(words.contains(&monitor), "{command}");
            assert!(words[3].ends_with(&format!("bpf:x.o[expect=EPERM only={only}]")), "{command}");
        }
        assert_eq!(commands.len(), 2);
    }

    #[test]
    fn default_values_are_not_repeated_in_the_command() {
        let args_of_all = args("--workload null-syscall --monitor none");
        let planned = crate::cmd::run::plan::from_args(&args_of_all).unwrap().cells(&["6.1".into()]).unwrap();
        let command = cell_command("hookbench", &planned[0], &Repeat::from_args(&args("")));
        assert_eq!(
            command,
            format!("hookbench run --cell {} --console", quoted(&[planned[0].cell.to_string()]))
        );
    }
}
