//! What tests of the command share: the command, where it is tried, and what
//! has to be equal in the end.

// Each file of tests is a program of its own, and none needs all of this.
#![allow(dead_code)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookbench_reports::{IMAGES, RENDERERS};
use hookbench_results::store::{RUN_FILE, SAMPLES_FILE};

pub(crate) mod cells;
pub(crate) mod inside;

/// The command.
pub(crate) const HOOKBENCH: &str = env!("CARGO_BIN_EXE_hookbench");

/// The compilers that may be there, as for hookbench's own objects.
pub(crate) fn clang() -> String {
    let asked = std::env::var("CLANG").ok();
    let known = ["clang-19", "clang"].map(String::from);
    let there = |name: &String| Command::new(name).arg("--version").output().is_ok();
    asked.into_iter().chain(known).find(there).expect("no clang")
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All files that are the same when runs are, but for the journal, which has
/// cells as they came.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    let texts = RENDERERS.iter().map(|renderer| renderer.file);
    [RUN_FILE, SAMPLES_FILE].into_iter().chain(texts).chain(IMAGES.iter().map(|image| image.file))
}

/// Both folders have the same bytes in all files; if not, the first lines that
/// differ are shown.
pub(crate) fn same(one: &Path, two: &Path) {
    for file in files() {
        let read = |folder: &Path| {
            let path = folder.join(file);
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let (one, two) = (read(one), read(two));
        if one != two {
            let (one, two) = (text(&one), text(&two));
            let pairs = one.lines().zip(two.lines()).filter(|(one, two)| one != two).take(5);
            panic!("{file} differs: {:#?}", pairs.collect::<Vec<_>>());
        }
    }
}

/// Where runs are tried: their results, their guests' files, and what they say.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.runtime()).unwrap();
        fs::set_permissions(place.runtime(), fs::Permissions::from_mode(0o700)).unwrap();
        place
    }

    /// The path of `name` in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where guests' files are.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.at("runtime")
    }

    /// The command, whose guests are in this place; what it says is [`Self::said`].
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_RUNTIME_DIR", self.runtime()).current_dir(self.folder.path());
        command.stdout(fs::File::create(self.at("stdout")).unwrap());
        command.stderr(fs::File::create(self.at("stderr")).unwrap());
        // Whoever runs the tests may have signals ignored.
        // SAFETY: the calls are system calls and no more, as is allowed after fork.
        unsafe {
            command.pre_exec(|| {
                for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        command
    }

    /// `hookbench run` into the folder `out` of this place; it resumes what is there.
    pub(crate) fn run(&self, out: &str, arguments: &str) -> Command {
        let mut command = self.command(HOOKBENCH);
        command.arg("run").args(arguments.split_whitespace()).arg("--out").arg(self.at(out));
        if self.at(out).exists() {
            command.arg("--resume");
        }
        command
    }

    /// The same, and it has to succeed.
    pub(crate) fn succeed(&self, out: &str, arguments: &str) {
        let status = self.run(out, arguments).status().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }

    /// What the last command said on standard error.
    pub(crate) fn said(&self) -> String {
        text(&fs::read(self.at("stderr")).unwrap())
    }

    /// The QEMUs whose files are in this place.
    pub(crate) fn guests(&self) -> Vec<i32> {
        let runtime = self.runtime().display().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
        pids.filter(|pid| {
            text(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).contains(&runtime)
        })
        .collect()
    }

    /// Whether no guest's file is left.
    pub(crate) fn is_clean(&self) -> bool {
        fs::read_dir(self.runtime()).unwrap().next().is_none()
    }
}

/// Waits until `held` does, and panics with `what` after a while.
pub(crate) fn wait(what: &str, mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, signal: i32) {
    send(child.id() as i32, signal);
}

/// Sends a signal to the process of this number.
pub(crate) fn send(pid: i32, signal: i32) {
    // SAFETY: a system call that touches no memory of ours.
    unsafe { libc::kill(pid, signal) };
}

/// Does `work` while others on the machine work and rest in turn, so that whoever
/// shares a CPU with them is interrupted anywhere.
pub(crate) fn beside_restless<T>(work: impl FnOnce() -> T) -> T {
    let working = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for rest in [30, 70, 110, 150] {
            let working = &working;
            scope.spawn(move || restless(working, Duration::from_micros(rest)));
        }
        let done = work();
        working.store(false, Ordering::Relaxed);
        done
    })
}

fn restless(working: &AtomicBool, rest: Duration) {
    while working.load(Ordering::Relaxed) {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_micros(60) {
            std::hint::spin_loop();
        }
        std::thread::sleep(rest);
    }
}
