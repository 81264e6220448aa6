//! Measures the published runs: the plans `full`, `sweeps`, `cpus` and `operations` on all their
//! kernels, and tries all scenarios (`scenarios.rs`). Their results go to
//! `results/published`, their reports to `reports/published`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{Failure, Result, cargo, status, step, target_dir, workspace};
use crate::scenarios;
use crate::setup::{Consent, For, setup};

/// The plans that are published.
const PLANS: &[&str] = &["full", "sweeps", "cpus", "operations"];
/// The published files of a run, and where they go, relative to the workspace.
const FILES: &[(&str, &str)] = &[
    ("run.json", "results/published"),
    ("results.csv", "results/published"),
    ("samples.csv.zst", "results/published"),
    ("report.md", "reports/published"),
    ("report.html", "reports/published"),
];
/// The published folders of a run, if it has them: why the headline cells cost what they cost.
const FOLDERS: &[(&str, &str)] = &[("attachments", "results/published"), ("explain", "reports/published")];
/// The operations whose cells are explained, as globs of the beginnings of cells.
const EXPLAINED: &[&str] =
    &["6.1/tcg/mprotect-storm*to=r?", "6.1/tcg/execve-noop*env_pages=0 ld_preload=ignored*"];
/// The monitors of these cells.
const EXPLAINED_MONITORS: &[&str] =
    &["bpf-lsm+count", "fentry+count", "kprobe+count", "seccomp+allow", "audit+rules"];
/// A larger file of samples is not published, in bytes.
const LARGEST_SAMPLES: u64 = 5_000_000;

/// Runs the plans, or resumes them where an earlier run was interrupted, and publishes
/// the results.
pub(crate) fn reference() -> Result<()> {
    setup(For::Use, Consent::Ask)?;
    step("build hookbench", &mut cargo(&["build", "--release", "-p", "hookbench"]))?;
    for plan in PLANS {
        let out = target_dir().join("reference").join(plan);
        let mut command = hookbench(&["run", "--plan", plan, &keep_stacks()]);
        run_or_resume(&mut command, &out, &format!("the plan {plan}"))?;
        publish(plan, &out, workspace())?;
        remove(&out)?;
    }
    scenarios::reference()
}

/// The command that was built, in the workspace.
pub(crate) fn hookbench(arguments: &[&str]) -> Command {
    let mut command = Command::new(target_dir().join("release/hookbench"));
    command.current_dir(workspace()).args(arguments);
    command
}

/// Runs `command`, whose run goes to `out`, or resumes it where it was interrupted.
pub(crate) fn run_or_resume(command: &mut Command, out: &Path, what: &str) -> Result<()> {
    command.arg("--out").arg(out);
    if out.exists() {
        command.arg("--resume");
    }
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{what} failed ({status}); what has ended is in {}, and the same command resumes it",
        out.display()
    )))
}

/// Removes a run that was published: it is complete, and the next call starts a new one.
pub(crate) fn remove(out: &Path) -> Result<()> {
    fs::remove_dir_all(out)
        .map_err(|error| Failure::new(format!("failed to remove {}: {error}", out.display())))
}

/// Copies the file `from` to `to`, and makes its folder.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let above = to.parent().unwrap_or(workspace());
    fs::create_dir_all(above).and_then(|()| fs::copy(from, to)).map_err(|error| {
        Failure::new(format!("failed to copy {} to {}: {error}", from.display(), to.display()))
    })?;
    println!("{}", to.display());
    Ok(())
}

/// The option that has the headline cells explained.
fn keep_stacks() -> String {
    let cells =
        EXPLAINED.iter().flat_map(|of| EXPLAINED_MONITORS.iter().map(move |by| format!("{of}/paced/{by}")));
    format!("--keep-stacks={}", cells.collect::<Vec<_>>().join(","))
}

fn publish(plan: &str, out: &Path, workspace: &Path) -> Result<()> {
    for (file, folder) in FILES {
        let (from, to) = (out.join(file), workspace.join(folder).join(plan).join(file));
        let wrong =
            |error| Failure::new(format!("failed to copy {} to {}: {error}", from.display(), to.display()));
        let size = fs::metadata(&from).map_err(wrong)?.len();
        if *file == "samples.csv.zst" && size > LARGEST_SAMPLES {
            println!("{} has {size} bytes and is not published", from.display());
            continue;
        }
        copy(&from, &to)?;
    }
    for (name, folder) in FOLDERS {
        replace(&out.join(name), &workspace.join(folder).join(plan).join(name))?;
    }
    Ok(())
}

/// Puts the folder `from` in the place of `to`; without it, removes `to`.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let wrong =
        |error| Failure::new(format!("failed to copy {} to {}: {error}", from.display(), to.display()));
    if to.exists() {
        fs::remove_dir_all(to).map_err(wrong)?;
    }
    if from.exists() {
        step(&format!("copy {}", to.display()), Command::new("cp").arg("-r").args([from, to]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_published_unless_they_are_large() {
        let folder = std::env::temp_dir().join(format!("xtask-reference-{}", std::process::id()));
        let out = folder.join("out");
        fs::create_dir_all(&out).unwrap();
        for (file, _) in FILES {
            fs::write(out.join(file), file).unwrap();
        }
        let page = out.join("explain/cell.html");
        fs::create_dir_all(out.join("explain")).and_then(|()| fs::write(page, "page")).unwrap();
        publish("full", &out, &folder).unwrap();
        let explained = folder.join("reports/published/full/explain");
        assert!(explained.join("cell.html").exists());
        fs::remove_dir_all(out.join("explain")).unwrap();
        let samples = folder.join("results/published/full/samples.csv.zst");
        assert!(samples.exists() && folder.join("reports/published/full/report.md").exists());
        fs::remove_file(&samples).unwrap();
        fs::write(out.join("samples.csv.zst"), vec![0; LARGEST_SAMPLES as usize + 1]).unwrap();
        publish("full", &out, &folder).unwrap();
        assert!(!samples.exists() && !explained.exists());
        fs::remove_file(out.join("run.json")).unwrap();
        assert!(publish("full", &out, &folder).unwrap_err().message.contains("run.json"));
        fs::remove_dir_all(folder).unwrap();
    }
}
