//! Plans an installation with apt's simulation and carries it out, without ever
//! removing a package. How apt's output is read is in `simulation.rs`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output};
use std::time::Duration;

use super::simulation::{self, Installed, Simulation};
use super::sources::Sources;
use crate::run::{Failure, Result, status};

/// Package lists older than this may name files that the mirror no longer has.
const LISTS_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How apt installs all wanted packages.
#[derive(Debug)]
pub(super) struct Plan {
    /// What apt is asked for: the packages, `NAME/RELEASE` where the usual release does not fit.
    pub packages: Vec<String>,
    /// What apt would do.
    pub simulation: Simulation,
    /// The release that some packages come from, to fit installed ones.
    pub release: Option<String>,
    /// Sources that list this release, where the machine's do not.
    pub sources: Option<Sources>,
}

/// Plans how to install `wanted`; fails when apt finds no way, or none without removals.
pub(super) fn plan(wanted: &[&str]) -> Result<Plan> {
    let packages = owned(wanted);
    let obstacles = match simulate(&packages, None)? {
        Simulated::Works(simulation) => {
            return Ok(Plan { packages, simulation, release: None, sources: None });
        }
        Simulated::Obstructed(obstacles) => obstacles,
    };
    let installed = simulation::installed(&policy(&obstacles.packages)?);
    for release in releases(&installed) {
        if let Some(plan) = plan_from(release, None, wanted)? {
            return Ok(plan);
        }
    }
    if let Some(release) = unlisted(&installed) {
        let sources = Sources::with(&release)?;
        if let Some(plan) = plan_from(release, Some(sources), wanted)? {
            return Ok(plan);
        }
    }
    Err(Failure::new(advice(wanted, &obstacles, &installed)))
}

/// Plans how to install `wanted`, with `release` for those packages alone that do not fit from the usual one.
fn plan_from(release: String, sources: Option<Sources>, wanted: &[&str]) -> Result<Option<Plan>> {
    let mut packages = Vec::new();
    for &package in wanted {
        packages.push(match simulate(&[package.to_owned()], sources.as_ref())? {
            Simulated::Works(_) => package.to_owned(),
            Simulated::Obstructed(_) => format!("{package}/{release}"),
        });
    }
    Ok(match simulate(&packages, sources.as_ref())? {
        Simulated::Works(simulation) => Some(Plan { packages, simulation, release: Some(release), sources }),
        Simulated::Obstructed(_) => None,
    })
}

/// Installs as planned.
pub(super) fn install(plan: &Plan) -> Result<bool> {
    let arguments = install_arguments(&plan.packages);
    let options = plan.sources.as_ref().map(Sources::options).unwrap_or_default();
    let mut arguments: Vec<&str> = options.iter().chain(&arguments).map(String::as_str).collect();
    arguments.push("-y");
    Ok(status(&mut apt_get(is_root(), &arguments))?.success())
}

/// Fetches the package lists.
pub(super) fn update() -> Result<bool> {
    Ok(status(&mut apt_get(is_root(), &["update"]))?.success())
}

/// Arguments of apt-get that install `packages` and remove nothing.
fn install_arguments(packages: &[String]) -> Vec<String> {
    let options = ["install", "--no-remove", "--no-install-recommends"].map(str::to_owned);
    options.iter().chain(packages).cloned().collect()
}

/// The command by which a user installs `packages`.
pub(super) fn by_hand(packages: &[String]) -> String {
    let sudo = if is_root() { "" } else { "sudo " };
    format!("{sudo}apt-get {}", install_arguments(packages).join(" "))
}

/// The names as apt takes them.
pub(super) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// How a simulation ended.
enum Simulated {
    Works(Simulation),
    Obstructed(Obstacles),
}

/// Why a simulation does not work.
#[derive(Debug)]
struct Obstacles {
    /// Packages that apt would remove.
    removed: Vec<String>,
    /// Those, or the packages that it names instead.
    packages: Vec<String>,
    /// apt's message; empty where packages would be removed.
    said: String,
}

fn simulate(packages: &[String], sources: Option<&Sources>) -> Result<Simulated> {
    let mut arguments = install_arguments(packages);
    // With --no-remove, apt fails without naming the packages.
    arguments.retain(|argument| argument != "--no-remove");
    arguments.insert(0, "--simulate".into());
    let options = sources.map(Sources::options).unwrap_or_default();
    let output = output(Command::new("apt-get").args(options).args(&arguments))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let simulation = simulation::read(&stdout);
    if output.status.success() && simulation.remove.is_empty() {
        return Ok(Simulated::Works(simulation));
    }
    if !simulation.remove.is_empty() {
        let removed = simulation.remove;
        return Ok(Simulated::Obstructed(Obstacles {
            packages: removed.clone(),
            removed,
            said: String::new(),
        }));
    }
    let list = stdout.split_once("unmet dependencies:").map_or("", |(_, list)| list);
    let said = format!("{list}\n{}", String::from_utf8_lossy(&output.stderr));
    let said = said.trim_matches('\n').to_owned();
    Ok(Simulated::Obstructed(Obstacles { removed: vec![], packages: simulation::in_the_way(&stdout), said }))
}

fn policy(packages: &[String]) -> Result<String> {
    if packages.is_empty() {
        return Ok(String::new());
    }
    let output = output(Command::new("apt-cache").arg("policy").args(packages))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The releases of the packages that are in the way, each once.
fn releases(installed: &[Installed]) -> Vec<String> {
    let mut releases: Vec<String> = Vec::new();
    for release in installed.iter().flat_map(|package| &package.releases) {
        if !releases.contains(release) {
            releases.push(release.clone());
        }
    }
    releases
}

/// Backports, when an installed package comes from there and no source lists them.
fn unlisted(installed: &[Installed]) -> Option<String> {
    let from_backports = |one: &&Installed| one.version.contains("~bpo") && one.releases.is_empty();
    installed.iter().find(from_backports).map(|_| backports())
}

/// What failed, why, and what to do about it.
fn advice(wanted: &[&str], obstacles: &Obstacles, installed: &[Installed]) -> String {
    let list = wanted.join(" ");
    let mut text = if obstacles.removed.is_empty() {
        format!("apt-get finds no way to install {list}. It says:\n{}", obstacles.said)
    } else {
        let removed = obstacles.removed.join(" ");
        format!("apt-get would remove {removed} to install {list}; xtask removes no packages")
    };
    for Installed { package, version, releases } in installed {
        let from = if releases.is_empty() { "none of apt's sources".into() } else { releases.join(" and ") };
        text.push_str(&format!("\n{package} is installed in version {version}, from {from}"));
    }
    if let Some(package) = installed.iter().find(|package| package.version.contains("~bpo")) {
        let release = package.releases.first().cloned().unwrap_or_else(backports);
        text.push_str(&format!(
            "\n{} comes from backports and needs its neighbours from there. Make sure that apt's sources list \
             {release}, install them with `apt-get install PACKAGE/{release}`, and run this command again",
            package.package
        ));
    }
    text
}

/// The backports of this machine's release.
fn backports() -> String {
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    format!("{}-backports", name.unwrap_or("stable").trim_matches('"'))
}

pub(super) fn output(command: &mut Command) -> Result<Output> {
    // Untranslated output, since it is parsed.
    command.env("LC_ALL", "C").output().map_err(|error| {
        Failure::new(format!("failed to start {}: {error}", command.get_program().to_string_lossy()))
    })
}

fn apt_get(root: bool, arguments: &[&str]) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("env");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments);
    command
}

/// Whether this process runs as root: the owner of a process's folder is its effective user.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether apt has package lists, none older than a day.
pub(super) fn lists_are_fresh() -> bool {
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
    fn sudo_is_for_users_other_than_root() {
        let shown = |root| format!("{:?}", apt_get(root, &["update"]));
        assert!(shown(false).starts_with("\"sudo\" \"env\" \"DEBIAN_FRONTEND=noninteractive\" \"apt-get\""));
        assert!(!shown(true).contains("sudo"));
    }

    #[test]
    fn nothing_is_ever_removed() {
        let arguments = install_arguments(&owned(&["gcc", "qemu-utils/bookworm-backports"]));
        let expected =
            ["install", "--no-remove", "--no-install-recommends", "gcc", "qemu-utils/bookworm-backports"];
        assert_eq!(arguments, expected);
    }

    #[test]
    fn the_advice_names_the_package_its_release_and_the_command() {
        let removed = vec!["qemu-utils".to_owned()];
        let obstacles = Obstacles { packages: removed.clone(), removed, said: String::new() };
        let installed = [Installed {
            package: "qemu-utils".into(),
            version: "1:10.0.2+ds-2+deb13u1~bpo12+1".into(),
            releases: vec!["bookworm-backports".into()],
        }];
        let text = advice(&["qemu-system-x86"], &obstacles, &installed);
        for part in [
            "apt-get would remove qemu-utils",
            "qemu-utils is installed in version 1:10.0.2+ds-2+deb13u1~bpo12+1, from bookworm-backports",
            "`apt-get install PACKAGE/bookworm-backports`",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn backports_are_added_only_where_a_package_comes_from_them() {
        let one = |version: &str, releases: &[&str]| Installed {
            package: "qemu-utils".into(),
            version: version.into(),
            releases: releases.iter().map(|&release| release.to_owned()).collect(),
        };
        assert!(
            unlisted(&[one("10.0.2+ds-2~bpo12+1", &[])]).is_some_and(|name| name.ends_with("-backports"))
        );
        assert_eq!(unlisted(&[one("10.0.2+ds-2~bpo12+1", &["bookworm-backports"])]), None);
        assert_eq!(unlisted(&[one("10.0.2+ds-2", &[])]), None);
    }

    #[test]
    fn the_advice_quotes_apt() {
        let obstacles =
            Obstacles { packages: vec![], removed: vec![], said: "E: Unable to locate package x".into() };
        let text = advice(&["x"], &obstacles, &[]);
        assert!(text.ends_with("It says:\nE: Unable to locate package x"), "{text}");
    }
}
