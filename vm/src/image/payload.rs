//! Payloads: files that a guest gets with its cell, in addition to its image. The
//! agent unpacks them after the guest has resumed, so one snapshot serves cells
//! with any payload. Which files there are is decided elsewhere.

use std::path::Path;

use anyhow::{Context, Result};
use hookbench_results::store::write_whole;

use super::archive::{self, GuestFile};

/// The archives of a cell. They are files of the host, which must stay while the
/// guest runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Payload<'a> {
    /// The monitor's payload. The agent unpacks it before it attaches the monitor
    /// and before it counts the cost of attaching.
    pub monitor: Option<&'a Path>,
    /// The workload's payload.
    pub workload: Option<&'a Path>,
}

/// Packs `files`, which have the guest's paths, into the file `archive`. Returns
/// the SHA-256 of its bytes. Equal files make equal bytes.
///
/// # Errors
/// When a path is invalid or there twice, or the archive cannot be written.
pub fn pack(files: &[GuestFile], archive: &Path) -> Result<String> {
    let packed = archive::pack(files).context("failed to pack the guest's payload")?;
    write_whole(archive, &packed.bytes)?;
    Ok(packed.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Content;

    #[test]
    fn an_archive_holds_the_payload_and_nothing_else() {
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
