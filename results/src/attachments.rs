//! Attachments: files that a session returns along with the outcome of a cell, for example
//! a profile. They lie in the run's folder, `attachments/CELL/KIND.zst`, compressed. The
//! journal and `run.json` do not name them: a cell has the attachments that are there.
//!
//! The store writes the attachments of a cell before the cell's line in the journal, so an
//! interrupted run has all files of each cell that it lists.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_model::Cell;

use crate::digest::sha256;
use crate::write::{sweep, write_whole};

/// The name of the folder in a run's folder.
pub const FOLDER: &str = "attachments";
/// The largest attachment, in bytes before the compression.
pub const LARGEST: usize = 64 << 20;

/// The suffix of an attachment's file.
const SUFFIX: &str = ".zst";
/// The compression level; fixed, because equal runs have equal files.
const LEVEL: i32 = 9;
/// The longest name of a kind, in bytes.
const LONGEST_KIND: usize = 32;
/// How many characters of a cell's name its folder shows.
const SHOWN: usize = 80;
/// How many digits of the SHA-256 of a cell's name distinguish its folder.
const DIGITS: usize = 16;

/// A file of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    kind: String,
    bytes: Vec<u8>,
}

impl Attachment {
    /// An attachment of the kind `kind`, which becomes part of the file's name. A cell has
    /// at most one attachment of each kind.
    ///
    /// # Errors
    /// When `kind` is not a short word of lower-case letters, digits and dashes, or there
    /// are more bytes than [`LARGEST`].
    pub fn new(kind: &str, bytes: Vec<u8>) -> Result<Attachment> {
        ensure!(is_kind(kind), "{kind:?} is not a kind of attachment: use a-z, 0-9 and -");
        let size = bytes.len();
        ensure!(size <= LARGEST, "the attachment {kind} has {size} bytes; the limit is {LARGEST}");
        Ok(Attachment { kind: kind.into(), bytes })
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Writes the attachments of `cell` into the run's folder `run`. Removes those that an
/// earlier measurement of the cell left there.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn replace(run: &Path, cell: &Cell, attachments: &[Attachment]) -> Result<()> {
    let folder = folder_of(run, cell);
    if !attachments.is_empty() {
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create the folder {}", folder.display()))?;
    } else if !folder.is_dir() {
        return Ok(());
    }
    sweep(&folder)?;
    for attachment in attachments {
        let packed =
            zstd::encode_all(attachment.bytes(), LEVEL).context("failed to compress an attachment")?;
        write_whole(&file_of(&folder, attachment.kind()), &packed)?;
    }
    let kept: BTreeSet<&str> = attachments.iter().map(Attachment::kind).collect();
    for kind in kinds_in(&folder)?.iter().filter(|kind| !kept.contains(kind.as_str())) {
        let path = file_of(&folder, kind);
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
    }
    Ok(())
}

/// Lists the kinds of the attachments of `cell` in the run's folder `run`.
///
/// # Errors
/// When the folder cannot be read.
pub fn kinds(run: &Path, cell: &Cell) -> Result<BTreeSet<String>> {
    kinds_in(&folder_of(run, cell))
}

/// Reads an attachment of `cell`; `None` if the cell has none of this kind.
///
/// # Errors
/// When the file cannot be read, is damaged, or unpacks into more than [`LARGEST`] bytes.
pub fn read(run: &Path, cell: &Cell, kind: &str) -> Result<Option<Attachment>> {
    ensure!(is_kind(kind), "{kind:?} is not a kind of attachment");
    let path = file_of(&folder_of(run, cell), kind);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(|| format!("failed to open {}", path.display()))?,
    };
    let mut bytes = Vec::new();
    let unpacked = zstd::Decoder::new(file).and_then(|packed| {
        // A few bytes can unpack into more than a machine has.
        packed.take(LARGEST as u64 + 1).read_to_end(&mut bytes)
    });
    unpacked.with_context(|| format!("failed to read {}", path.display()))?;
    Attachment::new(kind, bytes).with_context(|| format!("failed to read {}", path.display())).map(Some)
}

/// Copies the attachments of `cells` from one run's folder to another's. Cells without
/// attachments there keep those that they have.
///
/// # Errors
/// When an attachment cannot be read or written.
pub fn copy<'a>(from: &Path, to: &Path, cells: impl IntoIterator<Item = &'a Cell>) -> Result<()> {
    if !from.join(FOLDER).is_dir() {
        return Ok(());
    }
    for cell in cells {
        let all = kinds(from, cell)?.into_iter().filter_map(|kind| read(from, cell, &kind).transpose());
        let all = all.collect::<Result<Vec<_>>>()?;
        if !all.is_empty() {
            replace(to, cell, &all)?;
        }
    }
    Ok(())
}

fn is_kind(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_KIND).contains(&text.len()) && text.bytes().all(plain)
}

/// The folder of a cell. A kernel's path is part of the cell's name, so the name may be long and lead anywhere.
fn folder_of(run: &Path, cell: &Cell) -> PathBuf {
    run.join(FOLDER).join(file_name(cell))
}

/// The name of a file or folder about `cell`: as much of the cell's name as is safe and short, and a digest of all of it.
#[must_use]
pub fn file_name(cell: &Cell) -> String {
    let name = cell.to_string();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "+=-_".contains(c) { c } else { '.' };
    let shown: String = name.chars().map(safe).take(SHOWN).collect();
    let shown = shown.trim_start_matches(['.', '-']);
    format!("{shown}-{}", &sha256(name.as_bytes())[..DIGITS])
}

fn file_of(folder: &Path, kind: &str) -> PathBuf {
    folder.join(format!("{kind}{SUFFIX}"))
}

fn kinds_in(folder: &Path) -> Result<BTreeSet<String>> {
    let list = || -> io::Result<BTreeSet<String>> {
        let mut kinds = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let kind = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            kinds.extend(kind.filter(|kind| is_kind(kind)).map(String::from));
        }
        Ok(kinds)
    };
    match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        kinds => kinds.with_context(|| format!("failed to read the folder {}", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kernel: &str) -> Cell {
        let mut cell: Cell = "6.1/tcg/mprotect-storm[to=r]/paced/bpf-lsm+count".parse().unwrap();
        cell.kernel = kernel.into();
        cell
    }

    fn attachment(kind: &str, bytes: &[u8]) -> Attachment {
        Attachment::new(kind, bytes.to_vec()).unwrap()
    }

    #[test]
    fn attachments_are_read_as_they_were_written_and_equal_ones_are_equal_files() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let all = [attachment("calls", b"a b c"), attachment("profile", &[7; 100_000])];
        for folder in [&one, &two] {
            replace(folder.path(), &cell("6.1"), &all).unwrap();
        }
        for attachment in &all {
            let found = read(one.path(), &cell("6.1"), attachment.kind()).unwrap();
            assert_eq!(found.as_ref(), Some(attachment));
            let file =
                |run: &Path| fs::read(file_of(&folder_of(run, &cell("6.1")), attachment.kind())).unwrap();
            assert_eq!(file(one.path()), file(two.path()));
        }
        assert_eq!(read(one.path(), &cell("6.1"), "other").unwrap(), None);
        assert_eq!(read(one.path(), &cell("6.12"), "calls").unwrap(), None);
        assert!(read(one.path(), &cell("6.1"), "../calls").is_err());
    }

    #[test]
    fn a_cell_that_is_measured_again_keeps_no_attachment_of_the_earlier_attempt() {
        let run = tempfile::tempdir().unwrap();
        let kinds = || kinds(run.path(), &cell("6.1")).unwrap().into_iter().collect::<Vec<_>>();
        replace(run.path(), &cell("6.1"), &[attachment("a", b"1"), attachment("b", b"1")]).unwrap();
        let half = folder_of(run.path(), &cell("6.1")).join("c.zst.part-7");
        fs::write(&half, "half").unwrap();
        replace(run.path(), &cell("6.1"), &[attachment("b", b"2")]).unwrap();
        assert_eq!(kinds(), ["b"]);
        assert!(!half.exists());
        assert_eq!(read(run.path(), &cell("6.1"), "b").unwrap().unwrap().bytes(), b"2");
        replace(run.path(), &cell("6.1"), &[]).unwrap();
        assert_eq!(kinds(), [] as [&str; 0]);
    }

    #[test]
    fn cells_without_attachments_leave_no_folder() {
        let run = tempfile::tempdir().unwrap();
        replace(run.path(), &cell("6.1"), &[]).unwrap();
        copy(run.path(), &run.path().join("other"), [&cell("6.1")]).unwrap();
        assert_eq!(fs::read_dir(run.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_folder_of_any_cell_is_directly_below_and_has_its_own_name() {
        let run = Path::new("run");
        let kernels = ["6.1", "../../x", "/", "..", "a/b", "a.b", "été", "\0", &"x".repeat(5000)];
        let folders: BTreeSet<PathBuf> = kernels.iter().map(|kernel| folder_of(run, &cell(kernel))).collect();
        assert_eq!(folders.len(), kernels.len());
        for folder in folders {
            assert_eq!(folder.parent(), Some(run.join(FOLDER).as_path()));
            let name = folder.file_name().unwrap().to_str().unwrap();
            assert!(name.len() <= SHOWN + 1 + DIGITS && !name.starts_with(['.', '-']), "{name}");
        }
    }

    #[test]
    fn an_attachment_that_is_too_large_is_refused_when_it_is_made_and_when_it_is_read() {
        let error = Attachment::new("big", vec![0; LARGEST + 1]).unwrap_err().to_string();
        assert!(error.contains("the limit is"), "{error}");
        for kind in ["", "A", "a/b", "a.b", &"x".repeat(LONGEST_KIND + 1)] {
            assert!(Attachment::new(kind, Vec::new()).is_err(), "{kind:?}");
        }
        let run = tempfile::tempdir().unwrap();
        replace(run.path(), &cell("6.1"), &[attachment("big", b"")]).unwrap();
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 27), LEVEL).unwrap();
        let path = file_of(&folder_of(run.path(), &cell("6.1")), "big");
        fs::write(&path, bomb).unwrap();
        let error = format!("{:#}", read(run.path(), &cell("6.1"), "big").unwrap_err());
        assert!(error.contains("big.zst") && error.contains("the limit is"), "{error}");
        fs::write(&path, b"no zstd").unwrap();
        assert!(read(run.path(), &cell("6.1"), "big").is_err());
    }

    #[test]
    fn a_copy_has_the_attachments_of_the_cells_and_no_others() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for kernel in ["6.1", "6.12"] {
            replace(from.path(), &cell(kernel), &[attachment("a", kernel.as_bytes())]).unwrap();
        }
        replace(to.path(), &cell("5.10"), &[attachment("a", b"kept")]).unwrap();
        copy(from.path(), to.path(), [&cell("6.12"), &cell("5.10")]).unwrap();
        assert_eq!(read(to.path(), &cell("5.10"), "a").unwrap().unwrap().bytes(), b"kept");
        assert_eq!(read(to.path(), &cell("6.12"), "a").unwrap().unwrap().bytes(), b"6.12");
        assert!(kinds(to.path(), &cell("6.1")).unwrap().is_empty());
    }
}
