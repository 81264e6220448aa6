//! Copies large files that are mostly zero, such as the memory of a guest.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// Copies a file. Pages of zeros become holes.
pub(crate) fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create_new(to)?);
    let mut page = [0; 4096];
    let mut length = 0;
    loop {
        let read = from.read(&mut page)?;
        if read == 0 {
            return to.set_len(length);
        }
        length += read as u64;
        if page[..read].iter().any(|&byte| byte != 0) {
            to.write_all(&page[..read])?;
        } else {
            to.seek_relative(read as i64)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_copy_has_the_same_bytes_and_holes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let bytes = [vec![0; 1 << 20], vec![7; 5000], vec![0; 1 << 20]].concat();
        fs::write(&from, &bytes).unwrap();
        copy_file(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), bytes);
        assert!(fs::metadata(&to).unwrap().blocks() * 512 < 100_000);
    }
}
