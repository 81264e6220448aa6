//! Digests: the SHA-256 of bytes in hexadecimal, and a digest of files that takes
//! no time for holes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};
pub use hookbench_results::digest::{hex, sha256};
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

/// A file is read in blocks of this many bytes.
const BLOCK: usize = 64 * 1024;

/// A block that the digest leaves out.
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// Returns a digest of the contents of a file, in hexadecimal: the SHA-256 of its
/// length and of each block that is not all zeros, with the block's offset.
///
/// Equal contents have equal digests, whether their zeros are written or holes. It
/// is not the file's SHA-256, which would have to read all zeros of a guest's
/// memory. Most of those are not even on the disk.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn file_digest(path: &Path) -> Result<String> {
    let read = || -> io::Result<String> {
        let file = File::open(path)?;
        digest(&file, file.metadata()?.len())
    };
    read().with_context(|| format!("failed to read {}", path.display()))
}

fn digest(file: &File, length: u64) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    while let Some(data) = next_data(file, offset, length)? {
        offset = data - data % BLOCK as u64;
        let size = usize::try_from(length - offset).unwrap_or(BLOCK).min(BLOCK);
        let bytes = &mut block[..size];
        file.read_exact_at(bytes, offset)?;
        if *bytes != ZEROS[..size] {
            hash.update(offset.to_le_bytes());
            hash.update(bytes);
        }
        offset += BLOCK as u64;
    }
    Ok(hex(hash.finalize().as_slice()))
}

/// Returns the offset, from `offset` on, of the next bytes that are not a hole.
fn next_data(file: &File, offset: u64, length: u64) -> io::Result<Option<u64>> {
    if offset >= length {
        return Ok(None);
    }
    match seek(file, SeekFrom::Data(offset)) {
        Ok(data) => Ok((data < length).then_some(data)),
        // There is only a hole up to the end.
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    /// Writes a file with these bytes, in which runs of zeros are holes.
    fn sparse(path: &Path, bytes: &[u8]) {
        let file = File::create(path).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        for (number, piece) in bytes.chunks(4096).enumerate() {
            if piece.iter().any(|byte| *byte != 0) {
                file.write_all_at(piece, number as u64 * 4096).unwrap();
            }
        }
    }

    #[test]
    fn holes_are_zeros_and_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ram.bin");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        file.write_all_at(b"x", 1 << 39).unwrap();
        // Reading a tebibyte would take many minutes.
        let first = file_digest(&path).unwrap();
        file.write_all_at(b"\0", 1 << 38).unwrap();
        assert_eq!(file_digest(&path).unwrap(), first);
        file.write_all_at(b"x", 1 << 38).unwrap();
        assert_ne!(file_digest(&path).unwrap(), first);
    }

    #[test]
    fn files_of_another_length_or_with_moved_bytes_have_another_digest() {
        let folder = tempfile::tempdir().unwrap();
        let digest_of = |bytes: &[u8]| {
            let path = folder.path().join("file");
            fs::write(&path, bytes).unwrap();
            file_digest(&path).unwrap()
        };
        let mut moved = vec![0; 2 * BLOCK];
        let zeros = digest_of(&moved);
        moved[0] = 1;
        let first = digest_of(&moved);
        moved.rotate_right(BLOCK);
        let all = [
            digest_of(b""),
            digest_of(b"\0"),
            digest_of(b"\0\0"),
            digest_of(b"\x01"),
            zeros,
            first,
            digest_of(&moved),
        ];
        let different: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(file_digest(Path::new("/no/such/file")).unwrap_err().to_string().contains("/no/such/file"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn equal_contents_have_equal_digests_whatever_the_holes(
            pieces in proptest::collection::vec((0u8..3, 1usize..70_000), 0..6), flipped in any::<usize>()
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (whole, holes) = (folder.path().join("whole"), folder.path().join("holes"));
            let mut bytes: Vec<u8> =
                pieces.iter().flat_map(|(byte, times)| std::iter::repeat_n(*byte, *times)).collect();
            fs::write(&whole, &bytes).unwrap();
            sparse(&holes, &bytes);
            prop_assert!(fs::metadata(&holes).unwrap().blocks() <= fs::metadata(&whole).unwrap().blocks());
            prop_assert_eq!(file_digest(&whole).unwrap(), file_digest(&holes).unwrap());
            if !bytes.is_empty() {
                let place = flipped % bytes.len();
                bytes[place] ^= 0x10;
                sparse(&holes, &bytes);
                prop_assert_ne!(file_digest(&whole).unwrap(), file_digest(&holes).unwrap());
            }
        }
    }
}
