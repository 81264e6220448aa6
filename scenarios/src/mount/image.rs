//! A file system of 64 KiB, ext2 with blocks of 1 KiB: an empty file `marker` in the root folder.

/// Bytes of a block.
const BLOCK: usize = 1024;
/// Blocks, of which the first is empty.
const BLOCKS: u32 = 64;
/// Inodes: ten are the file system's own, the eleventh is the file.
const INODES: u32 = 16;
/// The inode of the root folder.
const ROOT: u32 = 2;
/// The inode of the file.
const MARKER: u32 = 11;
/// Bytes of an inode.
const INODE: usize = 128;
/// The last block in use.
const FOLDER_BLOCK: u32 = 7;

/// The bytes of the file system. Block 1 describes it, 2 its only group, 3 and 4 say which blocks and inodes are in
/// use, 5 and 6 are the inodes, 7 the root folder.
pub(crate) fn ext2() -> Vec<u8> {
    let mut image = Image(vec![0; BLOCK * BLOCKS as usize]);
    image.describe();
    image.put(2 * BLOCK, &[3, 4, 5]);
    image.put_short(2 * BLOCK + 12, (BLOCKS - 1 - FOLDER_BLOCK) as u16);
    image.put_short(2 * BLOCK + 14, (INODES - MARKER) as u16);
    image.put_short(2 * BLOCK + 16, 1);
    image.use_bits(3, FOLDER_BLOCK, BLOCKS - 1);
    image.use_bits(4, MARKER, INODES);
    image.inode(ROOT, 0o040_755, 2, Some(FOLDER_BLOCK));
    image.inode(MARKER, 0o100_644, 1, None);
    let folder = FOLDER_BLOCK as usize * BLOCK;
    image.entry(folder, ROOT, 12, 2, b".");
    image.entry(folder + 12, ROOT, 12, 2, b"..");
    image.entry(folder + 24, MARKER, (BLOCK - 24) as u16, 1, b"marker");
    image.0
}

struct Image(Vec<u8>);

impl Image {
    fn put(&mut self, at: usize, words: &[u32]) {
        for (number, word) in words.iter().enumerate() {
            self.0[at + 4 * number..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }

    fn put_short(&mut self, at: usize, short: u16) {
        self.0[at..at + 2].copy_from_slice(&short.to_le_bytes());
    }

    /// Writes the superblock.
    fn describe(&mut self) {
        let at = BLOCK;
        let free = [BLOCKS - 1 - FOLDER_BLOCK, INODES - MARKER];
        self.put(at, &[INODES, BLOCKS, 0, free[0], free[1], 1]);
        self.put(at + 32, &[8192, 8192, INODES]);
        // It is ext2, clean, and errors do not stop the kernel.
        self.put_short(at + 56, 0xef53);
        self.put_short(at + 58, 1);
        self.put_short(at + 60, 1);
        // The revision with sizes of inodes; the first inode of a file; entries have types.
        self.put(at + 76, &[1]);
        self.put(at + 84, &[MARKER]);
        self.put_short(at + 88, INODE as u16);
        self.put(at + 96, &[2]);
    }

    /// Marks the first `used` of `all` bits in `block`, and those that stand for nothing.
    fn use_bits(&mut self, block: usize, used: u32, all: u32) {
        for bit in (0..used).chain(all..8 * BLOCK as u32) {
            self.0[block * BLOCK + bit as usize / 8] |= 1 << (bit % 8);
        }
    }

    fn inode(&mut self, number: u32, mode: u16, links: u16, block: Option<u32>) {
        let at = 5 * BLOCK + (number as usize - 1) * INODE;
        self.put_short(at, mode);
        self.put_short(at + 26, links);
        if let Some(block) = block {
            self.put(at + 4, &[BLOCK as u32]);
            self.put(at + 28, &[BLOCK as u32 / 512]);
            self.put(at + 40, &[block]);
        }
    }

    fn entry(&mut self, at: usize, inode: u32, size: u16, kind: u8, name: &[u8]) {
        self.put(at, &[inode]);
        self.put_short(at + 4, size);
        self.0[at + 6] = name.len() as u8;
        self.0[at + 7] = kind;
        self.0[at + 8..at + 8 + name.len()].copy_from_slice(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_free_blocks_and_inodes_are_those_of_the_bits() {
        let image = ext2();
        assert_eq!(image.len(), 64 * 1024);
        let zeros = |block: usize| -> u32 {
            image[block * BLOCK..][..BLOCK].iter().map(|byte| byte.count_zeros()).sum()
        };
        let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap());
        assert_eq!((zeros(3), zeros(4)), (word(BLOCK + 12), word(BLOCK + 16)));
        assert_eq!(&image[7 * BLOCK + 32..][..6], b"marker");
    }
}
