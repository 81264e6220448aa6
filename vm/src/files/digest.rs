//! The names of bytes: the SHA-256 as people compare it, and a digest of files
//! that is quick where a file is empty.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A file is looked at in pieces of so many bytes.
const BLOCK: usize = 64 * 1024;

/// What a block looks like that is left out.
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// The SHA-256 of `bytes`, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).as_slice())
}

/// What names the contents of a file: the SHA-256, in hexadecimal, of its
/// length and of each block that is not all zeros, with its place. It is not
/// the file's SHA-256: that would have to go through all zeros of a guest's
/// memory too, most of which are not even on the disk. Equal contents are equal
/// digests, whether zeros are written or holes.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn of_file(path: &Path) -> Result<String> {
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
    let mut place = 0;
    while let Some(data) = next_data(file, place, length)? {
        place = data - data % BLOCK as u64;
        let size = usize::try_from(length - place).unwrap_or(BLOCK).min(BLOCK);
        let bytes = &mut block[..size];
        file.read_exact_at(bytes, place)?;
        if *bytes != ZEROS[..size] {
            hash.update(place.to_le_bytes());
            hash.update(bytes);
        }
        place += BLOCK as u64;
    }
    Ok(hexadecimal(hash.finalize().as_slice()))
}

/// Where, from `place` on, the next bytes are that are no hole.
fn next_data(file: &File, place: u64, length: u64) -> io::Result<Option<u64>> {
    if place >= length {
        return Ok(None);
    }
    let place = i64::try_from(place).map_err(io::Error::other)?;
    // SAFETY: lseek takes a descriptor, which `file` keeps open, and numbers; it
    // touches no memory of ours. Reads above are at explicit places.
    let found = unsafe { libc::lseek(file.as_raw_fd(), place, libc::SEEK_DATA) };
    match u64::try_from(found) {
        Ok(data) => Ok((data < length).then_some(data)),
        Err(_) => match io::Error::last_os_error() {
            // Nothing but a hole up to the end.
            error if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
            error => Err(error),
        },
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), known);
    }

    /// A file with these bytes, where runs of zeros are holes.
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
    fn holes_are_zeros_and_cost_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ram.bin");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        file.write_all_at(b"x", 1 << 39).unwrap();
        let begin = std::time::Instant::now();
        let first = of_file(&path).unwrap();
        assert!(begin.elapsed().as_millis() < 1000, "{:?}", begin.elapsed());
        file.write_all_at(b"\0", 1 << 38).unwrap();
        assert_eq!(of_file(&path).unwrap(), first);
        file.write_all_at(b"x", 1 << 38).unwrap();
        assert_ne!(of_file(&path).unwrap(), first);
    }

    #[test]
    fn files_that_differ_in_length_or_place_differ() {
        let folder = tempfile::tempdir().unwrap();
        let of = |bytes: &[u8]| {
            let path = folder.path().join("file");
            fs::write(&path, bytes).unwrap();
            of_file(&path).unwrap()
        };
        let mut moved = vec![0; 2 * BLOCK];
        let zeros = of(&moved);
        moved[0] = 1;
        let first = of(&moved);
        moved.rotate_right(BLOCK);
        let all = [of(b""), of(b"\0"), of(b"\0\0"), of(b"\x01"), zeros, first, of(&moved)];
        let different: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(of_file(Path::new("/no/such/file")).unwrap_err().to_string().contains("/no/such/file"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn equal_contents_are_equal_whatever_the_holes(
            pieces in proptest::collection::vec((0u8..3, 1usize..70_000), 0..6), flipped in any::<usize>()
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (whole, holes) = (folder.path().join("whole"), folder.path().join("holes"));
            let mut bytes: Vec<u8> =
                pieces.iter().flat_map(|(byte, times)| std::iter::repeat_n(*byte, *times)).collect();
            fs::write(&whole, &bytes).unwrap();
            sparse(&holes, &bytes);
            prop_assert!(fs::metadata(&holes).unwrap().blocks() <= fs::metadata(&whole).unwrap().blocks());
            prop_assert_eq!(of_file(&whole).unwrap(), of_file(&holes).unwrap());
            if !bytes.is_empty() {
                let place = flipped % bytes.len();
                bytes[place] ^= 0x10;
                sparse(&holes, &bytes);
                prop_assert_ne!(of_file(&whole).unwrap(), of_file(&holes).unwrap());
            }
        }
    }
}
