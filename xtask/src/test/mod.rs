//! Everything that must hold before a change goes in, the quickest first: links,
//! formatting, lints, documentation, tests.

mod counted;
mod tally;

use std::process::{Command, Stdio};

use counted::Counted;

use crate::docs::check_links;
use crate::run::{Failure, Result, cargo, step, target_dir};
use crate::setup::{Consent, For, setup};

/// The agent's target and flags: it is static, since a guest has no libraries. Without a
/// named target, procedural macros would be static too and could not be loaded.
const GUEST: [&str; 2] = ["--target", "x86_64-unknown-linux-gnu"];
const GUEST_FLAGS: &str = "-C target-feature=+crt-static";
const GUEST_PACKAGES: [&str; 6] =
    ["-p", "hookbench-agent", "-p", "hookbench-probes", "--features", "hookbench-probes/attach"];

/// The manifest of the fuzz targets, which are a separate workspace.
const FUZZ: &str = "fuzz/Cargo.toml";

/// Runs all steps up to the first that fails, and prints how the tests ended.
pub(crate) fn test() -> Result<()> {
    for component in ["fmt", "clippy"] {
        has(component)?;
    }
    setup(For::Tests, Consent::Ask)?;
    check_links()?;
    step("cargo fmt", &mut cargo(&["fmt", "--check"]))?;
    step("cargo fmt (fuzz)", &mut cargo(&["fmt", "--check", "--manifest-path", FUZZ]))?;
    step("cargo clippy", &mut cargo(&["clippy", "--all-targets", "--", "-D", "warnings"]))?;
    step("cargo clippy (fuzz)", &mut for_fuzzing())?;
    step("cargo doc", cargo(&["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    let mut counted = Counted::new();
    let ended = tests(&mut counted);
    counted.print();
    ended
}

/// Runs the tests that [`test()`] leaves out because they take minutes or start services;
/// with a `filter`, those whose names contain it.
pub(crate) fn slow(filter: &[String]) -> Result<()> {
    setup(For::SlowTests, Consent::Ask)?;
    let mut counted = Counted::new();
    let mut arguments = vec!["--ignored", "--test-threads", "1"];
    arguments.extend(filter.iter().map(String::as_str));
    let ended = counted.tests("cargo test (slow)", &mut cargo(&["test", "--tests"]), &arguments);
    counted.print();
    ended
}

fn tests(counted: &mut Counted) -> Result<()> {
    counted.tests("cargo test", &mut cargo(&["test", "--tests"]), &[])?;
    counted.examples("cargo test (documentation)", &mut cargo(&["test", "--doc"]))?;
    guest(counted)
}

/// Checks the fuzz targets without linking or running them, which would need a nightly
/// compiler.
fn for_fuzzing() -> Command {
    let mut command = cargo(&["clippy", "--manifest-path", FUZZ, "--target-dir"]);
    command.arg(target_dir()).args(["--", "-D", "warnings"]);
    command
}

/// Checks and tests the guest's crates with the flags that they are built with.
fn guest(counted: &mut Counted) -> Result<()> {
    let lint = [&["clippy", "--all-targets"], &GUEST[..], &GUEST_PACKAGES].concat();
    step("cargo clippy (guest)", for_guest(&lint).args(["--", "-D", "warnings"]))?;
    let test = [&["test", "--tests"], &GUEST[..], &GUEST_PACKAGES].concat();
    counted.tests("cargo test (guest)", &mut for_guest(&test), &[])
}

fn for_guest(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.env("RUSTFLAGS", GUEST_FLAGS).arg("--target-dir").arg(target_dir().join("agent"));
    command
}

/// Fails unless `cargo COMPONENT` is installed.
fn has(component: &str) -> Result<()> {
    let mut command = cargo(&[component, "--version"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let name = if component == "fmt" { "rustfmt" } else { component };
    Err(Failure::new(format!("cargo {component} is missing; install it with: rustup component add {name}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::run::workspace;

    #[test]
    fn a_missing_component_is_named_with_the_command_that_installs_it() {
        let failure = has("no-such-component").unwrap_err();
        assert!(failure.message.ends_with("rustup component add no-such-component"), "{}", failure.message);
    }

    #[test]
    fn the_guests_programs_are_static_and_macros_are_not() {
        let command = format!("{:?}", for_guest(&[&["test"], &GUEST[..]].concat()));
        assert!(command.contains("crt-static") && command.contains("--target\""), "{command}");
    }

    /// The crates of hookbench that `crate`'s manifest names, and those that theirs name.
    fn crates_of(name: &str, known: &mut BTreeSet<String>) {
        known.insert(name.to_owned());
        let manifest = workspace().join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(&manifest).unwrap();
        let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
        let dependencies = rest.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let Some(rest) = line.strip_prefix("hookbench-") else { continue };
            let end = rest.find(|character: char| !character.is_ascii_lowercase()).unwrap_or(rest.len());
            if !known.contains(&rest[..end]) {
                crates_of(&rest[..end], known);
            }
        }
    }

    #[test]
    fn the_build_watches_every_crate_of_the_agent() {
        let mut crates = BTreeSet::new();
        crates_of("agent", &mut crates);
        let build = include_str!("../../../harness/build.rs");
        let (_, list) = build.split_once("const AGENT_CRATES").unwrap();
        let (_, list) = list.split_once("= [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let watched: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(watched, crates);
        assert!(crates.len() > 3, "{crates:?}");
    }
}
