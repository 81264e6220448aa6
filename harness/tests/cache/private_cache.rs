//! A separate cache for a test, and the command that uses it.

// Each test file is a separate program, and none uses everything here.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hookbench_vm::cache::{Cache, Kind};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{kernels, userland};

pub(crate) const HOOKBENCH: &str = env!("CARGO_BIN_EXE_hookbench");
pub(crate) const CELL: &str = "run --samples 10 --workload null-syscall --monitor none --out";

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A separate cache with the default kernel and the guest's programs.
pub(crate) struct PrivateCache {
    pub(crate) folder: tempfile::TempDir,
}

impl PrivateCache {
    pub(crate) fn new() -> PrivateCache {
        let shared = Cache::open().unwrap();
        let progress = |line: &str| println!("{line}");
        // Holding the lock keeps other processes from removing it during the copy.
        let kernel = Kernel::fetch(kernels::default().unwrap(), &shared, &progress).unwrap();
        userland::fetch(&shared, &progress).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let private = PrivateCache { folder };
        Cache::at(&private.root()).unwrap();
        copy(kernel.vmlinux.parent().unwrap(), &private.path("kernels/6.1"));
        for item in shared.items_of(Kind::USERLAND).unwrap() {
            let entry = Path::new(item.kind.name).join(item.name);
            if shared.root().join(&entry).join("entry.json").exists() {
                copy(&shared.root().join(&entry), &private.root().join(&entry));
            }
        }
        private
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Asserts that only the owner can access anything in the cache.
    pub(crate) fn is_private(&self) {
        let shared = ["!", "-type", "l", "-perm", "/077"];
        let found = Command::new("find").arg(self.root()).args(shared).output().unwrap();
        assert_eq!(text(&found.stdout), "");
        assert!(found.status.success() && self.path("lock").exists());
    }

    /// The command, with this cache.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(HOOKBENCH);
        command.env("HOOKBENCH_CACHE", self.root()).current_dir(self.folder.path());
        command
    }

    pub(crate) fn hookbench(&self, arguments: &str) -> Output {
        self.command().args(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs the command and asserts success. Returns standard output and standard error.
    pub(crate) fn succeed(&self, arguments: &str) -> (String, String) {
        let output = self.hookbench(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {said}");
        (text(&output.stdout), said)
    }
}

/// Copies the bytes. With hard links, damage to the copy would damage the original.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to.parent().unwrap()).unwrap();
    let status = Command::new("cp").args(["-a", "--reflink=never"]).args([from, to]).status().unwrap();
    assert!(status.success());
}

/// Runs a script as root of a user namespace, with separate mounts.
pub(crate) fn unshared(script: &str) -> (Option<i32>, String) {
    let output = Command::new("unshare").args(["-rm", "sh", "-ec", script]).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Flips one bit in the middle of a file.
pub(crate) fn flip(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut byte, place) = ([0], file.metadata().unwrap().len() / 2);
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 1], place).unwrap();
}
