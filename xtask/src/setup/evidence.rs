//! Checks whether a need is met: by a file or a program, and where the version matters,
//! by the output of `--version`. It asks no package manager: programs that were built by
//! hand are good enough.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages::Need;

impl Need {
    /// Whether it is present in a version that is new enough.
    pub(super) fn met(&self) -> bool {
        if self.variable.is_some_and(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return true;
        }
        // The build uses the first.
        let Some(found) = self.evidence.iter().find(|name| exists(name, &folders())) else { return false };
        let Some(least) = self.least else { return true };
        version(found).is_some_and(|version| version >= least)
    }

    /// Why it is not met.
    pub(super) fn lack(&self) -> String {
        match self.evidence.iter().find(|name| exists(name, &folders())) {
            Some(found) => format!("{found} is too old, or does not print its version"),
            None => format!("none of {} exists", self.evidence.join(", ")),
        }
    }

    /// The package with the version it must have.
    pub(super) fn wanted(&self) -> String {
        match self.least {
            Some((major, minor)) => format!("{} {major}.{minor} or newer", self.package),
            None => self.package.into(),
        }
    }
}

/// The version that `program` prints.
fn version(program: &str) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    version_in(&String::from_utf8_lossy(&output.stdout))
}

/// The major and the minor number behind the first `version` of `text`.
fn version_in(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("version ")?;
    let mut numbers = rest.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

/// The folders of PATH, and those of programs for root that it may lack.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect()
}

/// Whether `name`, an absolute path or a program, is there.
fn exists(name: &str, folders: &[PathBuf]) -> bool {
    if name.starts_with('/') {
        return Path::new(name).exists();
    }
    folders.iter().any(|folder| folder.join(name).is_file())
}

/// Whether the program `name` can be run.
pub(super) fn program(name: &str) -> bool {
    exists(name, &folders())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(evidence: &'static [&'static str], least: Option<(u32, u32)>) -> Need {
        Need { package: "p", evidence, least, variable: None, why: "" }
    }

    #[test]
    fn programs_and_files_are_found() {
        assert!(need(&["no-such-program", "sh"], None).met());
        assert!(need(&["/proc/self/exe"], None).met());
        assert!(!need(&["no-such-program", "/no/such/file"], None).met());
        assert!(program("sh") && !program("no-such-program"));
    }

    #[test]
    fn an_old_program_does_not_meet_a_need() {
        // `git version 2.39.5`
        assert!(need(&["git"], Some((1, 0))).met());
        assert!(!need(&["git"], Some((1000, 0))).met());
        assert!(need(&["git"], Some((1000, 0))).lack().starts_with("git is too old"));
    }

    #[test]
    fn a_variable_that_names_another_program_meets_a_need() {
        let by_variable = Need { variable: Some("PATH"), ..need(&["no-such-program"], None) };
        assert!(by_variable.met());
    }

    #[test]
    fn versions_are_read_from_what_programs_print() {
        let qemu = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003";
        assert_eq!(version_in(qemu), Some((7, 2)));
        assert_eq!(version_in("Debian clang version 19.1.7 (3~deb12u1)\n"), Some((19, 1)));
        assert_eq!(version_in("clang version 20git\n"), Some((20, 0)));
        assert_eq!(version_in("no number"), None);
        assert!(version_in("QEMU emulator version 10.0.2") >= Some((7, 2)));
    }
}
