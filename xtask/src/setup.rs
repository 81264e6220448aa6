//! Installs what is missing, by apt-get, as root or through sudo. What is
//! needed is a table elsewhere; kernels are fetched by hookbench itself.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use crate::packages::{NEEDS, Need, SLOW_TEST_NEEDS, TEST_NEEDS, program};
use crate::run::{Failure, Result, status};

/// Package lists older than this may name files that the mirror no longer has.
const LISTS_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the machine is to be made ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Building and running.
    Use,
    /// The tests, too.
    Tests,
    /// The slow ones of them as well.
    SlowTests,
}

/// Installs what is missing; quick when nothing is.
pub(crate) fn setup(purpose: For) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    println!("==> installing what is missing:");
    for need in &missing {
        println!("    {:<22} {}", need.package, need.why);
    }
    install(&names(&missing))?;
    // What is not seen now would be installed again and again.
    let still: Vec<&Need> = missing.into_iter().filter(|need| !need.met()).collect();
    match still.first() {
        None => Ok(()),
        Some(need) => Err(Failure::new(format!(
            "the package {} was installed, but none of {} is there",
            need.package,
            need.evidence.join(", ")
        ))),
    }
}

fn missing(purpose: For) -> Vec<&'static Need> {
    let tests: &[Need] = if purpose == For::Use { &[] } else { &TEST_NEEDS };
    let slow: &[Need] = if purpose == For::SlowTests { &SLOW_TEST_NEEDS } else { &[] };
    NEEDS.iter().chain(tests).chain(slow).filter(|need| !need.met()).collect()
}

fn names(needs: &[&'static Need]) -> Vec<&'static str> {
    needs.iter().map(|need| need.package).collect()
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let by_hand = format!("install these packages, or what they are called here, by hand: {list}");
    if !program("apt-get") {
        return Err(Failure::new(format!("there is no apt-get on this machine; {by_hand}")));
    }
    let root = is_root();
    if !root && !program("sudo") {
        return Err(Failure::new(format!(
            "installing packages needs root, and there is no sudo; as root, run: apt-get install {list}"
        )));
    }
    let failed = |what: &str| Failure::new(format!("{what} failed (its output is above); {by_hand}"));
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    let update = || Ok(status(&mut apt_get(root, &["update"]))?.success());
    let fresh = lists_are_fresh();
    if !fresh && !update()? {
        return Err(failed("apt-get update"));
    }
    if status(&mut apt_get(root, &arguments))?.success() {
        return Ok(());
    }
    // Lists of today can be too old as well, right after an update of the mirror.
    if fresh && update()? && status(&mut apt_get(root, &arguments))?.success() {
        return Ok(());
    }
    Err(failed("apt-get install"))
}

fn apt_get(root: bool, arguments: &[&str]) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments);
    command
}

/// The owner of a process's folder is its effective user.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether apt has package lists, none older than a day.
fn lists_are_fresh() -> bool {
    let lists = fs::read_dir("/var/lib/apt/lists").into_iter().flatten().flatten();
    let has_lists = lists.into_iter().any(|list| list.file_name().to_string_lossy().contains("_Packages"));
    // apt keeps the mirror's time on the lists; the folder has the time of the update.
    let updated = fs::metadata("/var/lib/apt/lists/partial").and_then(|folder| folder.modified());
    let age = updated.ok().and_then(|time| time.elapsed().ok());
    has_lists && age.is_some_and(|age| age < LISTS_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_need_no_less() {
        let (less, more) = (names(&missing(For::Use)), names(&missing(For::Tests)));
        assert!(less.iter().all(|package| more.contains(package)));
    }

    #[test]
    fn sudo_is_for_those_who_are_not_root() {
        let shown = |root| format!("{:?}", apt_get(root, &["update"]));
        assert!(shown(false).starts_with("\"sudo\" \"env\" \"DEBIAN_FRONTEND=noninteractive\" \"apt-get\""));
        assert!(!shown(true).contains("sudo"));
    }
}
