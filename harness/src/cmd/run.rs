//! `hookbench run`: a plan, a session, a journal, a report.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_reports::terminal;
use hookbench_results::protocol::Fault;
use hookbench_results::run::SCHEMA;
use hookbench_results::store::{JOURNAL_FILE, Journal, RUN_FILE, load, save};
use hookbench_results::{Cell, Environment, Measurement, Outcome, Run, Schedule};
use hookbench_vm::kernels;

use super::progress::Progress;
use super::report::{render, say_where};
use super::usage;
use crate::plan::{Plan, Planned, Products};
use crate::qemu::{BUDGET, QemuSession};
use crate::runner::{self, Event};
use crate::select::select;

/// Arguments of `hookbench run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kernels by name, glob, or path of a bzImage or vmlinux
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    kernel: Vec<String>,
    /// Workloads by name or glob
    #[arg(long, value_name = "WORKLOAD,…", value_delimiter = ',', conflicts_with = "plan")]
    workload: Vec<String>,
    /// Monitors by name or glob; `none` is always measured as well, as the baseline
    #[arg(long, value_name = "MONITOR,…", value_delimiter = ',', conflicts_with = "plan")]
    monitor: Vec<String>,
    /// Schedules: paced, delivered, burst
    #[arg(long, value_name = "SCHEDULE,…", value_delimiter = ',')]
    schedule: Vec<Schedule>,
    /// Values of a workload's parameter, as in env_pages=0,32
    #[arg(long, value_name = "NAME=VALUE,…", conflicts_with = "plan")]
    param: Vec<String>,
    /// How many operations are timed in each cell
    #[arg(long, value_name = "N")]
    samples: Option<u32>,
    /// A plan by name or file; `quick` when neither workloads nor monitors are named
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// The folder for the results [default: runs/PLAN-N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the interrupted run in the folder
    #[arg(long, requires = "out")]
    resume: bool,
    /// How many guests run at once [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// How long a cell may take, in seconds of real time
    #[arg(long, value_name = "SECONDS", default_value_t = BUDGET.as_secs())]
    timeout: u64,
    /// What the guest has to do wrong; for tests
    #[arg(long, hide = true)]
    fault: Option<Fault>,
}

/// Runs the plan and writes its results.
///
/// # Errors
/// When what is asked for does not exist, a kernel or the image cannot be had,
/// or results cannot be written. Cells that fail are results: the exit code says so.
pub fn run(args: Args) -> Result<ExitCode> {
    let plan = plan(&args).map_err(usage)?;
    let kernels = kernels(&args, &plan).map_err(usage)?;
    let planned = plan.cells(&kernels).map_err(usage)?;
    let folder = folder(&args, &plan.name)?;
    let session = open(&kernels, args.timeout)?;
    let mut done = begin(&folder, &plan, session.environment(), args.resume)?;
    done.retain(|cell, measurement| planned.iter().any(|p| p.cell == *cell && is_of(measurement, p)));
    let left: Vec<Planned> = planned.iter().filter(|p| !done.contains_key(&p.cell)).cloned().collect();
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    measure(&session, &left, jobs, args.fault, &folder, &mut done)?;
    let measurements = planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    let run = Run { measurements, ..empty(&plan, session.environment()) };
    finish(&run, &folder).with_context(|| kept(&folder))
}

/// What to do when results could be measured and not be written.
fn kept(folder: &Path) -> String {
    format!("the run stopped; what was measured is in {}: free some space and --resume it", folder.display())
}

fn plan(args: &Args) -> Result<Plan> {
    let named = args.plan.as_deref().or(if args.workload.is_empty() && args.monitor.is_empty() {
        Some("quick")
    } else {
        None
    });
    let mut plan = match named {
        Some(name) => Plan::open(name)?,
        None => custom(args)?,
    };
    for products in &mut plan.cells {
        if !args.schedule.is_empty() {
            products.schedules.clone_from(&args.schedule);
        }
        products.samples = args.samples.or(products.samples);
    }
    Ok(plan)
}

/// A plan of what the command line names; what it leaves out is everything.
fn custom(args: &Args) -> Result<Plan> {
    let all = |names: &[String]| if names.is_empty() { vec!["*".to_string()] } else { names.to_vec() };
    let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in &args.param {
        let (name, values) = text.split_once('=').ok_or_else(|| anyhow!("not NAME=VALUE: {text:?}"))?;
        params.entry(name.into()).or_default().extend(values.split(',').map(String::from));
    }
    let cells = vec![Products {
        workloads: all(&args.workload),
        monitors: all(&args.monitor),
        params,
        ..Products::default()
    }];
    Ok(Plan { name: "custom".into(), about: String::new(), kernels: Vec::new(), cells })
}

/// The kernels to run on: those of the command line, of the plan, or the default.
fn kernels(args: &Args, plan: &Plan) -> Result<Vec<String>> {
    let asked = if args.kernel.is_empty() { &plan.kernels } else { &args.kernel };
    if asked.is_empty() {
        return Ok(vec![kernels::default()?.name.clone()]);
    }
    let known: Vec<String> = kernels::rows()?.iter().map(|row| row.name.clone()).collect();
    let mut chosen = Vec::new();
    for name in asked {
        let path = Path::new(name);
        if path.is_file() {
            chosen.push(name.clone());
        } else if name.contains('/') {
            bail!("no kernel {name:?}: there is no such file; known by name are: {}", known.join(", "));
        } else {
            let pattern = if name == "all" { "*" } else { name };
            chosen.extend(select("kernel", &[pattern.to_string()], &known)?);
        }
    }
    let mut seen = std::collections::HashSet::new();
    chosen.retain(|name| seen.insert(name.clone()));
    Ok(chosen)
}

fn folder(args: &Args, plan: &str) -> Result<PathBuf> {
    let Some(folder) = &args.out else {
        let name = Path::new(plan).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let free = (1..).map(|number| PathBuf::from(format!("runs/{name}-{number}")));
        return free.into_iter().find(|folder| !folder.exists()).context("no free folder below runs/");
    };
    let holds_run = [RUN_FILE, JOURNAL_FILE].iter().any(|file| folder.join(file).exists());
    match (holds_run, args.resume) {
        (true, false) => Err(usage(anyhow!(
            "{} holds a run already; give another --out, or --resume to go on with it",
            folder.display()
        ))),
        (false, true) => Err(usage(anyhow!("{} holds no run to resume", folder.display()))),
        _ => Ok(folder.clone()),
    }
}

fn open(kernels: &[String], timeout: u64) -> Result<QemuSession> {
    let progress = Progress::begin("fetch", 0);
    QemuSession::open(kernels, Duration::from_secs(timeout), &|message| progress.say(message))
}

fn empty(plan: &Plan, environment: &Environment) -> Run {
    Run {
        schema: SCHEMA,
        plan: plan.name.clone(),
        environment: environment.clone(),
        measurements: Vec::new(),
    }
}

/// Begins the folder, or finds what an interrupted run has measured already.
fn begin(
    folder: &Path,
    plan: &Plan,
    environment: &Environment,
    resume: bool,
) -> Result<HashMap<Cell, Measurement>> {
    if resume {
        let before = load(folder).context("failed to resume")?;
        if before.environment != *environment {
            bail!(
                "cannot resume {}: QEMU, a kernel or the agent is another than it was; start a new run",
                folder.display()
            );
        }
        let measured = Journal::read(folder)?;
        return Ok(measured.into_iter().map(|measurement| (measurement.cell.clone(), measurement)).collect());
    }
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    save(&empty(plan, environment), folder)?;
    Ok(HashMap::new())
}

/// Whether a measurement of an interrupted run is what `planned` asks for: a
/// cell that failed, or was asked for with another number of samples, is not.
fn is_of(measurement: &Measurement, planned: &Planned) -> bool {
    match &measurement.outcome {
        Outcome::Measured(measured) => measured.samples.len() == planned.samples as usize,
        Outcome::Unsupported(_) | Outcome::Skipped(_) => true,
        Outcome::Failed(_) => false,
    }
}

fn measure(
    session: &QemuSession,
    left: &[Planned],
    jobs: usize,
    fault: Option<Fault>,
    folder: &Path,
    done: &mut HashMap<Cell, Measurement>,
) -> Result<()> {
    let mut journal = Journal::open(folder)?;
    let mut progress = Progress::begin("cells", left.len());
    let heard = |event| {
        match event {
            Event::Begun(cell) => progress.begun(&cell),
            Event::Ended(measurement, took) => {
                journal.append(&measurement)?;
                progress.ended(&measurement, took);
                done.insert(measurement.cell.clone(), *measurement);
            }
        }
        Ok(())
    };
    runner::run(session, left, jobs, fault, heard).with_context(|| kept(folder))
}

fn finish(run: &Run, folder: &Path) -> Result<ExitCode> {
    save(run, folder)?;
    render(run, folder)?;
    print!("{}", terminal::table(run));
    say_where(folder);
    Ok(if run.count("failed") > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Args {
        Command::try_parse_from(std::iter::once("run").chain(line.split_whitespace())).unwrap().args
    }

    fn kernels_of(line: &str) -> Result<Vec<String>> {
        let args = args(line);
        kernels(&args, &plan(&args)?)
    }

    #[test]
    fn without_a_word_it_is_the_quick_plan_on_the_default_kernel() {
        assert_eq!(plan(&args("")).unwrap(), Plan::open("quick").unwrap());
        assert_eq!(kernels_of("").unwrap(), ["6.1"]);
    }

    #[test]
    fn kernels_are_chosen_by_name_glob_and_path() {
        assert_eq!(kernels_of("--kernel 6.12,6.1,6.12").unwrap(), ["6.12", "6.1"]);
        assert_eq!(kernels_of("--kernel 6.1*").unwrap(), ["6.1", "6.12"]);
        assert_eq!(kernels_of("--kernel Cargo.toml").unwrap(), ["Cargo.toml"]);
        for wrong in ["--kernel 4.4", "--kernel ./nowhere"] {
            assert!(kernels_of(wrong).unwrap_err().to_string().contains("6.1, 6.12"), "{wrong}");
        }
    }

    #[test]
    fn what_is_named_is_measured_with_its_parameters() {
        let args = args("--workload execve-* --monitor bpf-lsm+* --param env_pages=0,32 --samples 7");
        let cells = plan(&args).unwrap().cells(&["6.1".into()]).unwrap();
        assert_eq!(cells.len(), 2 * 5);
        assert!(cells.iter().all(|planned| planned.samples == 7));
    }
}
