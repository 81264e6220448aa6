//! The quick plan with the real command and a separate cache: an empty one, one with only
//! kernels and programs, and a warm one, with and without attribution.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hookbench_vm::cache::{Cache, Kind, VARIABLE};

use crate::{cells, say};

/// What a cold cache holds: only what comes from the network.
const FETCHED: [Kind; 2] = [Kind::KERNELS, Kind::USERLAND];

/// Times all of them.
pub(crate) fn plans() -> Result<()> {
    // Fills the user's cache, which is copied next.
    drop(cells::session(None)?);
    let user = Cache::open()?;
    let folder = tempfile::tempdir().context("failed to create a folder for runs")?;
    let cache = folder.path().join("cache");
    fs::create_dir(&cache).context("failed to create a folder for the cache")?;
    for kind in FETCHED {
        copy(&user.root().join(kind.name), &cache)?;
    }
    for (name, options) in [("cold", &[][..]), ("warm", &[]), ("plain", &["--no-attribution"])] {
        say(&format!("quick.{name}"), quick(&cache, &folder.path().join(name), options)?);
    }
    let empty = folder.path().join("none");
    // The time depends on the mirror, which may be unreachable.
    match quick(&empty, &folder.path().join("empty"), &[]) {
        Ok(seconds) => say("quick.empty", seconds),
        Err(error) => eprintln!("speed: {error:#}"),
    }
    Ok(())
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    let status = Command::new("cp").arg("-a").args([from, into]).status().context("failed to start cp")?;
    ensure!(status.success(), "failed to copy {}", from.display());
    Ok(())
}

/// The seconds that the quick plan takes with these `options`.
fn quick(cache: &Path, out: &Path, options: &[&str]) -> Result<f64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookbench"));
    command.args(["run", "--plan", "quick"]).args(options).arg("--out").arg(out).env(VARIABLE, cache);
    let begin = Instant::now();
    let status = command.stdout(Stdio::null()).status().context("failed to start hookbench")?;
    ensure!(status.success(), "hookbench run --plan quick failed ({status})");
    Ok(begin.elapsed().as_secs_f64())
}
