//! `cargo xtask numbers --against REV`: proves what a change did to the numbers.
//! Builds hookbench of REV and of the working tree, runs the quick plan with both,
//! and compares the agents, the results and the samples.

mod csv;
mod difference;
mod revision;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, Result, cargo, given, status, step, target_dir, workspace};
use crate::setup::{Consent, For, setup};
use csv::Table;
use difference::Difference;
use revision::Revision;

/// The exit code when numbers moved; 1 means that something failed.
const MOVED: u8 = 3;

/// The arguments.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    against: String,
    /// Passed to both runs.
    arguments: Vec<String>,
}

/// Compares the working tree with the revision that `arguments` name.
pub(crate) fn numbers(arguments: &[String]) -> Result<()> {
    let asked = understand(arguments)?;
    let revision = Revision::find(&asked.against)?;
    setup(For::Use, Consent::Ask)?;
    let before = Side {
        name: asked.against.clone(),
        hookbench: revision.hookbench()?,
        source: revision.source(),
        out: revision.folder.join("run"),
    };
    step("build hookbench", &mut cargo(&["build", "--release", "-p", "hookbench"]))?;
    let now = Side {
        name: "the working tree".into(),
        hookbench: target_dir().join("release/hookbench"),
        source: workspace().into(),
        out: revision.folder.join("run-now"),
    };
    for side in [&before, &now] {
        side.run(&asked.arguments)?;
    }
    verdict(&before, &now)
}

fn understand(arguments: &[String]) -> Result<Asked> {
    let split = arguments.iter().position(|argument| argument == "--");
    let (own, passed) = match split {
        Some(place) => (&arguments[..place], &arguments[place + 1..]),
        None => (arguments, &[][..]),
    };
    let against = match own {
        [option, name] if option == "--against" => name.clone(),
        [option] => option.strip_prefix("--against=").unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    if against.is_empty() {
        return Err(Failure::usage("usage: cargo xtask numbers --against REV [-- ARGS of hookbench run]"));
    }
    if given(passed, "--out") {
        return Err(Failure::usage("numbers chooses the folders of its runs; omit --out"));
    }
    Ok(Asked { against, arguments: passed.to_vec() })
}

/// One of the two versions that are compared.
struct Side {
    name: String,
    hookbench: PathBuf,
    source: PathBuf,
    out: PathBuf,
}

impl Side {
    /// Runs the quick plan, or what `arguments` say, into a new folder.
    fn run(&self, arguments: &[String]) -> Result<()> {
        if self.out.exists() {
            fs::remove_dir_all(&self.out)
                .map_err(|error| Failure::new(format!("failed to remove {}: {error}", self.out.display())))?;
        }
        println!("==> run with hookbench of {}", self.name);
        let mut command = Command::new(&self.hookbench);
        command.current_dir(&self.source).arg("run").arg("--out").arg(&self.out).args(arguments);
        let status = status(&mut command)?;
        // Cells may fail on both sides; without results there is nothing to compare.
        if status.success() || self.out.join("results.csv").exists() {
            return Ok(());
        }
        Err(Failure::new(format!("hookbench run of {} failed ({status}) and left no results", self.name)))
    }

    fn read(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.out.join(file);
        fs::read(&path).map_err(|error| Failure::new(format!("failed to read {}: {error}", path.display())))
    }

    fn table(&self) -> Result<Table> {
        let text = String::from_utf8_lossy(&self.read("results.csv")?).into_owned();
        Table::read(&text).map_err(|why| {
            Failure::new(format!("{} is not a results file: {why}", self.out.join("results.csv").display()))
        })
    }

    /// The SHA-256 of the agent that was in the guests, as the run recorded it.
    fn agent(&self) -> Result<String> {
        let run = String::from_utf8_lossy(&self.read("run.json")?).into_owned();
        agent_of(&run).ok_or_else(|| {
            Failure::new(format!("no agent_sha256 in {}", Path::new(&self.out).join("run.json").display()))
        })
    }
}

/// The value of the first `"agent_sha256"` in `json`.
fn agent_of(json: &str) -> Option<String> {
    let (_, rest) = json.split_once("\"agent_sha256\":")?;
    let value = rest.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(value, _)| value.to_owned())
}

/// Prints what differs; numbers that moved are a failure with [`MOVED`] as its code.
fn verdict(before: &Side, now: &Side) -> Result<()> {
    let (agent_before, agent_now) = (before.agent()?, now.agent()?);
    println!();
    if agent_before == agent_now {
        println!("agent: identical, {agent_now}");
    } else {
        println!("agent: differs\n  {agent_before} {}\n  {agent_now} {}", before.name, now.name);
    }
    let difference = Difference::between(&before.table()?, &now.table()?);
    print!("{}", table::text(&difference, &before.name));
    let results = before.read("results.csv")? == now.read("results.csv")?;
    let samples = before.read("samples.csv.zst")? == now.read("samples.csv.zst")?;
    for (same, file) in [(results, "results.csv"), (samples, "samples.csv.zst")] {
        println!("{file}: {}", if same { "identical" } else { "differs" });
    }
    let summary = table::summary(&difference);
    if results && samples {
        println!("{summary}");
        return Ok(());
    }
    if difference.differing() == 0 {
        println!("every cell's statistics are equal, but their order or their samples' order differs");
    } else {
        println!("{summary}");
    }
    let folders = format!("{} and {}", before.out.display(), now.out.display());
    Err(Failure { message: format!("the numbers differ; the runs are in {folders}"), code: MOVED })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str) -> Result<Asked> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        understand(&arguments)
    }

    #[test]
    fn arguments_after_two_dashes_go_to_the_runs() {
        let asked = understood("--against HEAD -- --kernel 6.12").unwrap();
        assert_eq!((asked.against.as_str(), asked.arguments.len()), ("HEAD", 2));
        assert_eq!(understood("--against=HEAD~1").unwrap().against, "HEAD~1");
        for text in ["", "--against", "HEAD", "--against HEAD x", "--against=", "--against HEAD -- --out x"] {
            assert_eq!(understood(text).unwrap_err().code, 2, "{text:?}");
        }
    }

    #[test]
    fn the_agent_is_read_from_the_run() {
        assert_eq!(agent_of("{\"image\": {\n\"agent_sha256\": \"12ab\",").as_deref(), Some("12ab"));
        assert_eq!(agent_of("{}"), None);
    }

    #[test]
    fn different_runs_exit_with_three_and_equal_ones_with_zero() {
        let folder = std::env::temp_dir().join(format!("xtask-numbers-{}", std::process::id()));
        let side = |name: &str, p50: u32, samples: &str| {
            let out = folder.join(name);
            fs::create_dir_all(&out).unwrap();
            fs::write(out.join("results.csv"), format!("kernel,outcome,p50\n6.1,measured,{p50}\n")).unwrap();
            fs::write(out.join("samples.csv.zst"), samples).unwrap();
            fs::write(out.join("run.json"), "{\"agent_sha256\": \"1\"}").unwrap();
            Side { name: name.into(), hookbench: PathBuf::new(), source: PathBuf::new(), out }
        };
        let (one, same) = (side("one", 5, "s"), side("same", 5, "s"));
        let (moved, other_samples) = (side("moved", 6, "s"), side("samples", 5, "t"));
        let code = |two: &Side| verdict(&one, two).map_or_else(|failure| failure.code, |()| 0);
        let codes = [code(&same), code(&moved), code(&other_samples)];
        fs::remove_file(same.out.join("results.csv")).unwrap();
        let broken = code(&same);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((codes, broken), ([0, MOVED, MOVED], 1));
    }
}
