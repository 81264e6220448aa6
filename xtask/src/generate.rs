//! Files that hookbench and its crates generate, written below the target folder to
//! look at or to install: man pages, and pages of reports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, Result, cargo, step, target_dir, workspace};
use crate::setup::{Consent, For, setup};

/// Writes hookbench's man pages into `target/man`.
pub(crate) fn man() -> Result<()> {
    setup(For::Use, Consent::Ask)?;
    step("build hookbench", &mut cargo(&["build", "--release", "-p", "hookbench"]))?;
    let folder = empty(target_dir().join("man"))?;
    let mut command = Command::new(target_dir().join("release/hookbench"));
    step("hookbench man", command.current_dir(workspace()).args(["man", "--out"]).arg(&folder))?;
    list(&folder, "")
}

/// Renders invented runs as each kind of page into `target/preview`, and lists the files,
/// or those with `page` in their names.
pub(crate) fn preview(page: &str) -> Result<()> {
    let folder = empty(target_dir().join("preview"))?;
    let mut command = cargo(&["run", "--quiet", "-p", "hookbench-reports", "--example", "preview", "--"]);
    step("render the pages", command.arg(&folder))?;
    list(&folder, page)
}

/// The folder at `path`, without what an earlier call left.
fn empty(path: PathBuf) -> Result<PathBuf> {
    let failed = |error| Failure::new(format!("failed to empty {}: {error}", path.display()));
    if path.exists() {
        fs::remove_dir_all(&path).map_err(failed)?;
    }
    fs::create_dir_all(&path).map_err(failed)?;
    Ok(path)
}

/// Prints the files in `folder` with `part` in their names; fails when there are none.
fn list(folder: &Path, part: &str) -> Result<()> {
    let entries = fs::read_dir(folder)
        .map_err(|error| Failure::new(format!("failed to list {}: {error}", folder.display())))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let (mut found, others): (Vec<String>, Vec<String>) = names.partition(|name| name.contains(part));
    if found.is_empty() {
        let others = if others.is_empty() { "no file".into() } else { others.join(", ") };
        return Err(Failure::new(format!(
            "{} has no file with {part:?} in its name; it has {others}",
            folder.display()
        )));
    }
    found.sort_unstable();
    found.iter().for_each(|name| println!("{}", folder.join(name).display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_there_is_a_failure_that_lists_the_others() {
        let path = std::env::temp_dir().join(format!("xtask-generate-{}", std::process::id()));
        let folder = empty(path).unwrap();
        let nothing = list(&folder, "").unwrap_err().message;
        fs::write(folder.join("report.html"), "").unwrap();
        let (there, missing) = (list(&folder, "rep"), list(&folder, "comparison").unwrap_err().message);
        let emptied = empty(folder.clone()).unwrap().join("report.html").exists();
        fs::remove_dir_all(folder).unwrap();
        assert!(there.is_ok() && !emptied);
        assert!(nothing.ends_with("it has no file"), "{nothing}");
        assert!(missing.ends_with("it has report.html"), "{missing}");
    }
}
