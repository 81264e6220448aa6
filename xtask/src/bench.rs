//! `cargo xtask bench`: builds hookbench, runs the quick plan into a new folder and
//! prints where the report is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, Result, cargo, given, status, step, target_dir, workspace};
use crate::setup::{Consent, For, setup};

/// Runs the quick plan, the default of `hookbench run`, with `arguments`; with `--out`
/// among them, the run goes there.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    setup(For::Use, Consent::Ask)?;
    step("build hookbench", &mut cargo(&["build", "--release", "-p", "hookbench"]))?;
    let target = target_dir();
    let mut command = Command::new(target.join("release/hookbench"));
    command.current_dir(workspace()).arg("run");
    let out = if given(arguments, "--out") { None } else { Some(fresh(&target.join("bench"))?) };
    if let Some(out) = &out {
        command.arg("--out").arg(out);
    }
    let status = status(command.args(arguments))?;
    if let Some(report) = out.map(|out| out.join("report.html")).filter(|report| report.exists()) {
        println!("report: {}", report.display());
    }
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { message: format!("hookbench run failed ({status})"), code })
}

/// The first of `quick-1`, `quick-2`, … that does not exist.
fn fresh(folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("failed to make {}: {error}", folder.display())))?;
    let free =
        (1..=u32::MAX).map(|number| folder.join(format!("quick-{number}"))).find(|path| !path.exists());
    free.ok_or_else(|| Failure::new(format!("{} is full of runs; remove some", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_gets_a_new_folder() {
        let folder = std::env::temp_dir().join(format!("xtask-{}", std::process::id()));
        let first = fresh(&folder).unwrap();
        std::fs::create_dir(&first).unwrap();
        let second = fresh(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(first.ends_with("quick-1") && second.ends_with("quick-2"));
    }
}
