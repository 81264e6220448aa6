//! A cache of a test's own, and the command in it.

// Each file of tests is a program of its own, and none needs all of this.
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

/// A cache of its own with the default kernel and the guest's programs.
pub(crate) struct Own {
    pub(crate) folder: tempfile::TempDir,
}

impl Own {
    pub(crate) fn new() -> Own {
        let shared = Cache::open().unwrap();
        let progress = |line: &str| println!("{line}");
        // Held, so that nobody removes it while it is copied.
        let kernel = Kernel::fetch(kernels::default().unwrap(), &shared, &progress).unwrap();
        userland::fetch(&shared, &progress).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let own = Own { folder };
        Cache::at(&own.root()).unwrap();
        copy(kernel.vmlinux.parent().unwrap(), &own.path("kernels/6.1"));
        for item in shared.items_of(Kind::USERLAND).unwrap() {
            let entry = Path::new(item.kind.name).join(item.name);
            if shared.root().join(&entry).join("entry.json").exists() {
                copy(&shared.root().join(&entry), &own.root().join(&entry));
            }
        }
        own
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// All in it has to be its owner's alone.
    pub(crate) fn is_private(&self) {
        let shared = ["!", "-type", "l", "-perm", "/077"];
        let found = Command::new("find").arg(self.root()).args(shared).output().unwrap();
        assert_eq!(text(&found.stdout), "");
        assert!(found.status.success() && self.path("lock").exists());
    }

    /// The command in this cache.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(HOOKBENCH);
        command.env("HOOKBENCH_CACHE", self.root()).current_dir(self.folder.path());
        command
    }

    pub(crate) fn hookbench(&self, arguments: &str) -> Output {
        self.command().args(arguments.split_whitespace()).output().unwrap()
    }

    /// The same, and it has to succeed; standard output and what was said.
    pub(crate) fn succeed(&self, arguments: &str) -> (String, String) {
        let output = self.hookbench(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {said}");
        (text(&output.stdout), said)
    }
}

/// Copies bytes: a hard link would damage the original with the copy.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to.parent().unwrap()).unwrap();
    let status = Command::new("cp").args(["-a", "--reflink=never"]).args([from, to]).status().unwrap();
    assert!(status.success());
}

/// Runs a script with a user namespace's root and mounts of its own.
pub(crate) fn unshared(script: &str) -> (Option<i32>, String) {
    let output = Command::new("unshare").args(["-rm", "sh", "-ec", script]).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Changes one bit in the middle.
pub(crate) fn flip(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut byte, place) = ([0], file.metadata().unwrap().len() / 2);
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 1], place).unwrap();
}
