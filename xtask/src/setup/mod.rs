//! Installs what is missing with apt-get, after showing it and, where a user can
//! answer, asking. What is needed is a table in `packages.rs`; hookbench fetches
//! kernels itself.

mod apt;
mod consent;
mod evidence;
mod packages;
mod simulation;
mod sources;

use apt::Plan;
pub(crate) use consent::Consent;
use evidence::program;
use packages::{NEEDS, Need, SLOW_TEST_NEEDS, TEST_NEEDS};

use crate::run::{Failure, Result};

/// What the machine is made ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Building and running.
    Use,
    /// The tests as well.
    Tests,
    /// The tests, the slow ones included.
    SlowTests,
}

/// Installs what is missing for `purpose`; quick when nothing is.
pub(crate) fn setup(purpose: For, consent: Consent) -> Result<()> {
    let missing = missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing, consent)?;
    // A need that is still not met would be installed again and again.
    match missing.into_iter().find(|need| !need.met()) {
        None => Ok(()),
        Some(need) => Err(Failure::new(format!(
            "apt-get installed {}, but {}; install {} by hand",
            need.package,
            need.lack(),
            need.wanted()
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

fn install(missing: &[&'static Need], consent: Consent) -> Result<()> {
    let wanted = names(missing);
    let list = wanted.join(" ");
    if !program("apt-get") {
        return Err(Failure::new(format!(
            "this machine has no apt-get; install these packages, or their equivalents, by hand: {list}"
        )));
    }
    let root = apt::is_root();
    if !root && !program("sudo") {
        let command = apt::by_hand(&apt::owned(&wanted)).replacen("sudo ", "", 1);
        return Err(Failure::new(format!(
            "installing packages needs root or sudo; as root, run `{command}`"
        )));
    }
    // With old lists or none, the plan that counts is made after the update.
    let fresh = apt::lists_are_fresh();
    let planned = if fresh { Some(apt::plan(&wanted)?) } else { apt::plan(&wanted).ok() };
    print!("{}", shown(missing, planned.as_ref()));
    let packages = planned.as_ref().map_or_else(|| apt::owned(&wanted), |plan| plan.packages.clone());
    consent::obtain(consent, root, &apt::by_hand(&packages))?;
    let failed = |what: &str| {
        Failure::new(format!("{what} failed (its output is above); install these packages by hand: {list}"))
    };
    if !fresh && !apt::update()? {
        return Err(failed("apt-get update"));
    }
    let plan = match planned {
        Some(plan) if fresh => plan,
        _ => apt::plan(&wanted)?,
    };
    if apt::install(&plan)? {
        return Ok(());
    }
    // Lists of today can be too old as well, right after an update of the mirror.
    if fresh && apt::update()? && apt::install(&apt::plan(&wanted)?)? {
        return Ok(());
    }
    Err(failed("apt-get install"))
}

/// What is missing and what apt will do about it, for people.
fn shown(missing: &[&'static Need], plan: Option<&Plan>) -> String {
    let mut text = String::from("==> these packages are missing:\n");
    let installs = || plan.into_iter().flat_map(|plan| &plan.simulation.install);
    for need in missing {
        let version = installs().find(|install| install.package == need.package);
        let version = version.map_or("", |install| install.new.as_str());
        text.push_str(&format!("    {:<22} {version:<28} {}\n", need.package, need.why));
    }
    let wanted = names(missing);
    let others: Vec<_> = installs().filter(|install| !wanted.contains(&install.package.as_str())).collect();
    let new: Vec<&str> = others
        .iter()
        .filter(|install| install.old.is_none())
        .map(|install| install.package.as_str())
        .collect();
    if !new.is_empty() {
        text.push_str(&format!("    their dependencies: {}\n", new.join(" ")));
    }
    for install in others {
        if let Some(old) = &install.old {
            text.push_str(&format!("    upgrades {} from {old} to {}\n", install.package, install.new));
        }
    }
    if let Some(release) = plan.and_then(|plan| plan.release.as_ref()) {
        let from = plan.into_iter().flat_map(|plan| &plan.packages);
        let from: Vec<&str> = from.filter_map(|package| Some(package.split_once('/')?.0)).collect();
        let from = from.join(" ");
        text.push_str(&format!("    {from} from {release}, to fit packages that are installed from there\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::simulation::{Install, Simulation};
    use super::*;

    #[test]
    fn tests_need_no_less() {
        let (less, more) = (names(&missing(For::Use)), names(&missing(For::Tests)));
        assert!(less.iter().all(|package| more.contains(package)));
    }

    #[test]
    fn packages_are_shown_with_versions_reasons_and_what_comes_along() {
        let install = |package: &str, old: Option<&str>, new: &str| Install {
            package: package.into(),
            old: old.map(str::to_owned),
            new: new.into(),
        };
        let simulation = Simulation {
            install: vec![
                install("ipxe-qemu", None, "1"),
                install("seabios", Some("1.16.2-1"), "1.16.3-2"),
                install("qemu-system-x86", None, "1:10.0.2"),
            ],
            remove: vec![],
        };
        let plan = Plan {
            packages: vec!["qemu-system-x86/backports".into()],
            simulation,
            release: Some("backports".into()),
            sources: None,
        };
        let text = shown(&[&NEEDS[0]], Some(&plan));
        let expected = [
            "==> these packages are missing:",
            "    qemu-system-x86        1:10.0.2                     runs the kernels",
            "    their dependencies: ipxe-qemu",
            "    upgrades seabios from 1.16.2-1 to 1.16.3-2",
            "    qemu-system-x86 from backports, to fit packages that are installed from there",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
