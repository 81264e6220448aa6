//! The kernel's integrity measurement (IMA): it hashes files before they are used, and lists each once. A textbook policy
//! looks for the path of the scenario's file in the list, a complete one for its hash.
//!
//! The list has no times. Where it ended when the window opened is noted in the way's process, just before the marker;
//! what a way does after its window counts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{Attach, Attached};
use crate::confine::Confine;
use crate::exchange::{Object, Record};
use crate::policy::Grade;
use crate::policy_file::ima::measured as rules;
use crate::scene::Scene;
use crate::subject::Subject;

/// IMA's files.
const FOLDER: &str = "/sys/kernel/security/ima";
/// The list.
const LIST: &str = "/sys/kernel/security/ima/ascii_runtime_measurements";
/// The number of its lines.
const COUNT: &str = "/sys/kernel/security/ima/runtime_measurements_count";
/// The window has not opened yet.
const CLOSED: u64 = u64::MAX;

/// A policy of IMA, which stays until the guest ends.
struct Measurements {
    names: Vec<String>,
    /// What measures, as IMA names it.
    functions: String,
    grade: Grade,
    /// Paths and hashes of the scenario's files.
    files: Vec<(String, String)>,
    /// The number of lines when the window opened.
    begin: &'static AtomicU64,
    /// The number of lines when the policy was attached.
    attached: usize,
}

/// A line of the list.
struct Line {
    hash: String,
    path: String,
}

/// Loads the rules of `subject`, and has `scene` note where the list ends when a window opens.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(subject: &Subject, scene: &mut Scene) -> Result<Attach> {
    let Some(rules) = rules(subject) else {
        return Ok(Attach::Unsupported("no rule of IMA is about that".into()));
    };
    if let Some(why) = lack() {
        return Ok(Attach::Unsupported(why));
    }
    // Before the rules are there: the runner's own reading must not be the one that is listed.
    let files = subject.measured.iter().filter_map(|path| Some((path.clone(), hash_of(path)?))).collect();
    load(&rules)?;
    let begin = shared_number().context("failed to map memory")?;
    begin.store(CLOSED, Ordering::SeqCst);
    let count = File::open(COUNT).with_context(|| format!("failed to open {COUNT}"))?;
    scene.confine = Some(Confine::Itself(Box::new(move || {
        begin.store(number_in(&count)?, Ordering::SeqCst);
        Ok(())
    })));
    let words = rules.iter().flat_map(|rule| rule.split(' '));
    let functions: Vec<&str> = words.filter_map(|word| word.strip_prefix("func=")).collect();
    let functions = functions.join(" or ");
    let attached = lines()?.len();
    Ok(Attach::Attached(Box::new(Measurements {
        names: rules,
        functions,
        grade: subject.grade,
        files,
        begin,
        attached,
    })))
}

/// Why this kernel cannot have a policy of IMA.
pub(super) fn lack() -> Option<String> {
    (!Path::new(FOLDER).exists()).then(|| "this kernel has no IMA".into())
}

/// Loads the rules. A kernel takes rules once.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn load(rules: &[String]) -> Result<()> {
    let policy = format!("{FOLDER}/policy");
    let mut policy = File::options().write(true).open(policy).context("IMA has a policy already")?;
    for rule in rules {
        let line = format!("{rule}\n");
        policy.write_all(line.as_bytes()).with_context(|| format!("IMA refuses the rule {rule:?}"))?;
    }
    // IMA takes the rules when the file is closed.
    drop(policy);
    Ok(())
}

/// The SHA-256 of `bytes`.
pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The hash of the file at `path`; `None` if the guest has no such file.
fn hash_of(path: &str) -> Option<String> {
    Some(hash(&fs::read(path).ok()?).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A number that the runner and the processes of ways share, as long as the guest lives.
fn shared_number() -> io::Result<&'static AtomicU64> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, of zeros, which are a valid number, and which stays until the process ends.
    unsafe {
        let place = libc::mmap(null_mut(), size_of::<AtomicU64>(), protection, flags, -1, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(&*place.cast::<AtomicU64>())
    }
}

/// The number that a file of the kernel has.
fn number_in(file: &File) -> io::Result<u64> {
    let mut bytes = [0; 32];
    let length = file.read_at(&mut bytes, 0)?;
    let text = String::from_utf8_lossy(&bytes[..length]);
    text.trim().parse().map_err(|_| io::Error::other(format!("{COUNT} is {text:?}")))
}

/// The lines of the list: `10 HASH-OF-LINE ima-sig sha256:HASH PATH`.
fn lines() -> Result<Vec<Line>> {
    let text = fs::read(LIST).with_context(|| format!("failed to read {LIST}"))?;
    let text = String::from_utf8_lossy(&text);
    let line = |line: &str| {
        let mut words = line.splitn(5, ' ').skip(3);
        let hash = words.next()?.rsplit(':').next()?.to_owned();
        Some(Line { hash, path: words.next()?.trim_end().to_owned() })
    };
    text.lines().map(|text| line(text).with_context(|| format!("{LIST} has the line {text:?}"))).collect()
}

impl Measurements {
    fn has_path(&self, line: &Line) -> bool {
        self.files.iter().any(|(path, _)| *path == line.path)
    }

    /// Whether it is of one of the files by its hash. IMA writes zeros for a file that somebody may be changing.
    fn has_hash(&self, line: &Line) -> bool {
        let is_changing = line.hash.bytes().all(|digit| digit == b'0');
        self.files.iter().any(|(_, hash)| *hash == line.hash) || is_changing && self.has_path(line)
    }
}

impl Attached for Measurements {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &[]
    }

    fn clear(&mut self) -> Result<()> {
        self.begin.store(CLOSED, Ordering::SeqCst);
        Ok(())
    }

    fn records(&mut self, _window: (u64, u64)) -> Result<Vec<Record>> {
        let begin = usize::try_from(self.begin.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
        let inside = lines()?.into_iter().skip(begin);
        let meant = inside.filter(|line| match self.grade {
            Grade::Textbook => self.has_path(line),
            Grade::Complete => self.has_hash(line),
        });
        let record =
            |line: Line| Record { what: self.functions.clone(), object: Object::Right, text: line.path };
        Ok(meant.map(record).collect())
    }

    fn is_spent(&mut self) -> Result<bool> {
        let since = lines()?.into_iter().skip(self.attached);
        Ok(since.into_iter().any(|line| self.has_path(&line) || self.has_hash(&line)))
    }
}
