//! What is brought to a guest with its cell, beside what its image holds: archives
//! of files, which the agent unpacks after the snapshot has been restored. So one
//! snapshot serves all, whatever they bring. What is in them is decided elsewhere.

use std::path::Path;

use anyhow::{Context, Result};
use hookbench_results::store::write_whole;

use crate::image::{self, GuestFile};

/// The archives of a cell, as files of the host's that stay while the guest runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brought<'a> {
    /// What the monitor brings: unpacked before it is attached, and before the cost of
    /// attaching is counted.
    pub monitor: Option<&'a Path>,
    /// What the workload brings.
    pub workload: Option<&'a Path>,
}

/// Packs `files`, whose paths are the guest's, into the file `archive`; says the
/// SHA-256 of its bytes. Equal files are equal bytes.
///
/// # Errors
/// When a path is not one or is there twice, or the file cannot be written.
pub fn pack(files: &[GuestFile], archive: &Path) -> Result<String> {
    let packed = image::pack(files).context("failed to pack what is brought to the guest")?;
    write_whole(archive, &packed.bytes)?;
    Ok(packed.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Content;

    #[test]
    fn an_archive_holds_what_is_brought_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a");
        let files =
            [GuestFile { path: "own/a".into(), mode: 0o644, content: Content::File(b"abc".to_vec()) }];
        let sha256 = pack(&files, &archive).unwrap();
        let bytes = std::fs::read(&archive).unwrap();
        let entry = cpio::newc::Reader::new(bytes.as_slice()).unwrap();
        assert_eq!((entry.entry().name(), entry.entry().mode()), ("own", 0o040_755));
        assert!(!bytes.windows(11).any(|part| part == b"dev/console"));
        assert_eq!(pack(&files, &archive).unwrap(), sha256);
        let wrong = [GuestFile { path: "/a".into(), ..files[0].clone() }];
        assert!(format!("{:#}", pack(&wrong, &archive).unwrap_err()).contains("not a path"));
    }
}
