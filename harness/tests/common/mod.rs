//! Shared by the tests of the command: the command, a place to run it in, and the
//! comparison of two runs.

// Each test file is a separate program, and none uses everything here.
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
pub(crate) mod processes;

/// The path of the command.
pub(crate) const HOOKBENCH: &str = env!("CARGO_BIN_EXE_hookbench");

/// An installed clang, looked up as for hookbench's BPF objects.
pub(crate) fn clang() -> String {
    let asked = std::env::var("CLANG").ok();
    let known = ["clang-19", "clang"].map(String::from);
    let there = |name: &String| Command::new(name).arg("--version").output().is_ok();
    asked.into_iter().chain(known).find(there).expect("no clang")
}

/// Converts output to text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The table of a run of scenarios, which a run of measurements does not have.
const SCENARIOS: &str = "scenarios.csv";

/// The files of a run of measurements that are equal if two runs are equal. The journal is not one of them: it
/// lists cells in the order in which they ended.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    let texts = RENDERERS.iter().map(|renderer| renderer.file).filter(|file| *file != SCENARIOS);
    [RUN_FILE, SAMPLES_FILE].into_iter().chain(texts).chain(IMAGES.iter().map(|image| image.file))
}

/// Asserts that all files in both folders have the same bytes, and that the same files are there: a run has those of
/// measurements, of scenarios, or of both. On failure, shows the first lines that differ.
pub(crate) fn same(one: &Path, two: &Path) {
    for folder in [one, two] {
        assert!(folder.join(RUN_FILE).exists(), "{} is not a run", folder.display());
    }
    for file in files().chain([SCENARIOS]) {
        let read = |folder: &Path| fs::read(folder.join(file)).ok();
        let (one, two) = (read(one), read(two));
        if one != two {
            let (Some(one), Some(two)) = (&one, &two) else { panic!("only one of the runs has {file}") };
            let (one, two) = (text(one), text(two));
            let pairs = one.lines().zip(two.lines()).filter(|(one, two)| one != two).take(5);
            panic!("{file} differs: {:#?}", pairs.collect::<Vec<_>>());
        }
    }
}

/// A folder for runs: their results, the files of their guests, and their output.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// Creates an empty place.
    pub(crate) fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.runtime()).unwrap();
        fs::set_permissions(place.runtime(), fs::Permissions::from_mode(0o700)).unwrap();
        place
    }

    /// The path of `name` in this place.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder for files of guests.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.at("runtime")
    }

    /// The command, with its guests in this place. [`Self::said`] returns its messages.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_RUNTIME_DIR", self.runtime()).current_dir(self.folder.path());
        command.stdout(fs::File::create(self.at("stdout")).unwrap());
        command.stderr(fs::File::create(self.at("stderr")).unwrap());
        // The process that runs the tests may ignore signals.
        // SAFETY: the closure only makes system calls, which is allowed after fork.
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

    /// `hookbench run` into the folder `out` of this place; it resumes an existing run.
    pub(crate) fn run(&self, out: &str, arguments: &str) -> Command {
        let mut command = self.command(HOOKBENCH);
        command.arg("run").args(arguments.split_whitespace()).arg("--out").arg(self.at(out));
        if self.at(out).exists() {
            command.arg("--resume");
        }
        command
    }

    /// Runs the same command and asserts that it succeeds.
    pub(crate) fn succeed(&self, out: &str, arguments: &str) {
        let status = self.run(out, arguments).status().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }

    /// The standard error of the last command.
    pub(crate) fn said(&self) -> String {
        text(&fs::read(self.at("stderr")).unwrap())
    }

    /// The process ids of the QEMUs whose files are in this place.
    pub(crate) fn guests(&self) -> Vec<i32> {
        let runtime = self.runtime().display().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
        pids.filter(|pid| {
            text(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).contains(&runtime)
        })
        .collect()
    }

    /// Whether no file of a guest is left.
    pub(crate) fn is_clean(&self) -> bool {
        fs::read_dir(self.runtime()).unwrap().next().is_none()
    }
}

/// Waits until `held` returns true. Panics with `what` after a minute.
pub(crate) fn wait(what: &str, mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a child process.
pub(crate) fn signal(child: &Child, signal: i32) {
    send(child.id() as i32, signal);
}

/// Sends a signal to the process `pid`.
pub(crate) fn send(pid: i32, signal: i32) {
    // SAFETY: a system call that does not touch this process's memory.
    unsafe { libc::kill(pid, signal) };
}

/// Calls `work` while other threads alternate between work and sleep, which interrupts
/// processes on the same CPUs at arbitrary points.
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
