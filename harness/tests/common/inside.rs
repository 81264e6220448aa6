//! A virtual machine for tests that must not change the machine that runs them: an
//! initramfs with programs and files of this machine, and the start of its first process.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use hookbench_vm::elf;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::machine::Qemu;

use super::text;

/// The folders to search for libraries.
const LIBRARIES: [&str; 3] = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64"];

/// The files of the virtual machine.
pub(crate) struct Files(BTreeMap<String, GuestFile>);

impl Files {
    /// Creates only the empty `folders`.
    pub(crate) fn new(folders: &[&str]) -> Files {
        let folder = |path: &&str| {
            let file = GuestFile { path: (*path).into(), mode: 0o755, content: Content::Directory };
            ((*path).to_string(), file)
        };
        Files(folders.iter().map(folder).collect())
    }

    /// Adds a file unchanged.
    pub(crate) fn file(&mut self, from: &Path, to: &str) {
        let bytes = fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        let mode = fs::metadata(from).unwrap().permissions().mode() & 0o777;
        self.0.insert(to.into(), GuestFile { path: to.into(), mode, content: Content::File(bytes) });
    }

    /// Adds a folder with its contents.
    pub(crate) fn folder(&mut self, from: &Path, to: &str) {
        let mode = fs::metadata(from).unwrap().permissions().mode() & 0o777;
        self.0.insert(to.into(), GuestFile { path: to.into(), mode, content: Content::Directory });
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{to}/{}", entry.file_name().to_string_lossy());
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => self.folder(&entry.path(), &path),
                kind if kind.is_symlink() => {
                    let target = fs::read_link(entry.path()).unwrap().to_string_lossy().into_owned();
                    let content = Content::Symlink(target);
                    self.0.insert(path.clone(), GuestFile { path, mode: 0o777, content });
                }
                _ => self.file(&entry.path(), &path),
            }
        }
    }

    /// Adds a program with its dynamic loader and libraries.
    pub(crate) fn program(&mut self, from: &Path, to: &str) {
        let mut wanted: Vec<(PathBuf, String)> = vec![(from.into(), to.into())];
        while let Some((path, name)) = wanted.pop() {
            if self.0.contains_key(&name) {
                continue;
            }
            self.file(&path, &name);
            let needs = elf::needs(&fs::read(&path).unwrap()).unwrap();
            for library in needs.libraries {
                let found = LIBRARIES.iter().map(|folder| Path::new(folder).join(&library));
                let found = found.into_iter().find(|path| path.exists());
                wanted.push((found.unwrap_or_else(|| panic!("no {library}")), format!("lib/{library}")));
            }
            wanted.extend(
                needs.interpreter.map(|path| (PathBuf::from(&path), path.trim_start_matches('/').into())),
            );
        }
    }

    /// Builds the initramfs.
    pub(crate) fn image(self) -> Vec<u8> {
        image::build(&self.0.into_values().collect::<Vec<_>>()).unwrap().bytes
    }
}

/// Runs QEMU with `arguments` until the machine ends, at most for `patience`. The file
/// `console` receives the console's text, which is printed and returned at the end.
pub(crate) fn boot(arguments: &[&str], console: &Path, patience: Duration) -> String {
    boot_under(&Qemu::default(), arguments, console, patience)
}

/// Like [`boot`], under this QEMU.
pub(crate) fn boot_under(qemu: &Qemu, arguments: &[&str], console: &Path, patience: Duration) -> String {
    let mut guest = qemu
        .command()
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial"])
        .arg(format!("file:{}", console.display()))
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while guest.try_wait().unwrap().is_none() {
        if begin.elapsed() > patience {
            guest.kill().unwrap();
            guest.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = text(&fs::read(console).unwrap());
    println!("{said}\n({:.0} s)", begin.elapsed().as_secs_f64());
    said
}

/// Mounts file systems, given by type and mount point.
pub(crate) fn mount_all(systems: &[(&str, &str)]) {
    for (kind, place) in systems {
        let (kind, place) = (std::ffi::CString::new(*kind).unwrap(), std::ffi::CString::new(*place).unwrap());
        // SAFETY: all strings end in NUL and outlive the call.
        let result =
            unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
        assert_eq!(result, 0, "{place:?}: {}", std::io::Error::last_os_error());
    }
}

/// If this is the first process of a machine, calls `test`, prints its result and ends
/// the machine. Otherwise does nothing.
pub(crate) fn as_first_process(test: impl FnOnce() + std::panic::UnwindSafe) {
    if std::process::id() != 1 {
        return;
    }
    let told = std::panic::catch_unwind(test);
    // If this returned, the test harness would print the result, but the machine would run on.
    println!("{}", if told.is_ok() { PASSED } else { "test result: FAILED" });
    // SAFETY: both calls take no pointer; the second ends the machine.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_AUTOBOOT);
    }
}

/// What [`as_first_process`] prints on success.
pub(crate) const PASSED: &str = "test result: ok. 1 passed";
