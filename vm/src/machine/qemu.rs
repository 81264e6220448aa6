//! Which QEMU runs the guests: its program, and the folders of its firmware. `debian/qemu.rs` gets one out of
//! Debian's packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::arch::{QEMU, QEMU_PACKAGE};
use crate::cache::{Cache, Lease};
use crate::debian::qemu::{Fetched, fetch};

/// The variable that names another QEMU: a path, or a suite of Debian.
pub const QEMU_VARIABLE: &str = "HOOKBENCH_QEMU";

/// A QEMU. If it came out of Debian's packages, it stays in the cache as long as this value lives.
#[derive(Debug, Clone)]
pub struct Qemu {
    program: PathBuf,
    /// The folders in which it looks for its firmware before its own.
    data: Vec<PathBuf>,
    /// The folder of its modules, where it does not find them by itself.
    modules: Option<PathBuf>,
    _lease: Option<Lease>,
}

impl Default for Qemu {
    /// The installed QEMU.
    fn default() -> Qemu {
        Qemu::at(Path::new(QEMU))
    }
}

impl Qemu {
    /// The QEMU that `$HOOKBENCH_QEMU` names, or else the installed one. A value with a slash is the path of its
    /// program, any other the suite of Debian whose QEMU hookbench unpacks into `cache`: `bookworm-backports`.
    ///
    /// # Errors
    /// When the packages of that suite cannot be fetched.
    pub fn chosen(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Qemu> {
        match env::var(QEMU_VARIABLE) {
            Ok(path) if path.contains('/') => Ok(Qemu::at(Path::new(&path))),
            Ok(suite) if !suite.is_empty() => Qemu::of_suite(&suite, cache, progress),
            _ => Ok(Qemu::default()),
        }
    }

    /// The QEMU with this program, which finds its firmware by itself.
    #[must_use]
    pub fn at(program: &Path) -> Qemu {
        Qemu { program: program.into(), data: Vec::new(), modules: None, _lease: None }
    }

    /// The QEMU of a suite of Debian, unpacked in the cache. Nothing is installed: the libraries that it needs are
    /// those of this machine.
    ///
    /// # Errors
    /// When its packages cannot be fetched.
    pub fn of_suite(suite: &str, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Qemu> {
        let Fetched { lease, program, firmware, modules } = fetch(suite, cache, progress)?;
        let data = firmware.iter().map(|folder| lease.file(folder)).collect();
        let (program, modules) = (lease.file(program), Some(lease.file(modules)));
        Ok(Qemu { program, data, modules, _lease: Some(lease) })
    }

    /// The program, for messages.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The first line of the output of `--version`.
    ///
    /// # Errors
    /// When the program does not exist or does not start.
    pub fn version(&self) -> Result<String> {
        let program = self.program.display();
        let output = self.command().arg("--version").stdin(Stdio::null()).output().with_context(|| {
            format!("failed to start {program}; install it (Debian: {QEMU_PACKAGE}), or check with: hookbench doctor")
        })?;
        ensure!(
            output.status.success(),
            "{program} --version failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or("unknown version").to_string())
    }

    /// Whether it can load plugins. Debian's can; it is an option of QEMU's build.
    ///
    /// # Errors
    /// When the program does not exist or does not start.
    pub fn has_plugins(&self) -> Result<bool> {
        // A QEMU without plugins does not know the option. The others fail to load the file.
        let output = self.command().args(["-plugin", "file=/dev/null"]).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("failed to start {}", self.program.display()))?;
        Ok(!String::from_utf8_lossy(&output.stderr).contains("invalid option"))
    }

    /// The command that starts it.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for folder in &self.data {
            command.arg("-L").arg(folder);
        }
        if let Some(modules) = &self.modules {
            command.env("QEMU_MODULE_DIR", modules);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qemu_that_does_not_start_is_an_error_with_its_reason() {
        let error = |program: &str| format!("{:#}", Qemu::at(Path::new(program)).version().unwrap_err());
        assert!(error("/no/such/qemu").contains("failed to start /no/such/qemu; install it"));
        assert!(error("/bin/false").contains("/bin/false --version failed"));
        assert!(Qemu::at(Path::new("/no/such/qemu")).has_plugins().is_err());
    }

    #[test]
    fn a_qemu_without_plugins_refuses_the_option() {
        // Like QEMU, it says: invalid option.
        assert!(!Qemu::at(Path::new("/bin/cat")).has_plugins().unwrap());
        assert!(Qemu::at(Path::new("/bin/true")).has_plugins().unwrap());
    }

    #[test]
    fn folders_of_firmware_come_first() {
        let qemu = Qemu { data: vec!["/a,b".into(), "/c".into()], ..Qemu::at(Path::new("/q")) };
        let command = qemu.command();
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["-L", "/a,b", "-L", "/c"]);
    }
}
