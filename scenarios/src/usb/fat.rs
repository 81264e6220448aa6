//! A file system of 64 KiB, FAT12: an empty file `marker` in the root folder.

/// Bytes of a sector.
const SECTOR: usize = 512;
/// Sectors.
const SECTORS: u16 = 128;
/// Entries of the root folder, which fill a sector.
const ENTRIES: u16 = 16;
/// The byte for a fixed disk, which the table of clusters begins with too.
const MEDIUM: u8 = 0xf8;

/// The bytes of the file system. Sector 0 describes it, 1 is the table of clusters, 2 the root folder.
pub(super) fn image() -> Vec<u8> {
    let mut image = vec![0; SECTOR * SECTORS as usize];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xeb, 0x3c, 0x90]);
    put(3, b"hookbnch");
    put(11, &(SECTOR as u16).to_le_bytes());
    // A sector in a cluster, a sector before the table, one table.
    put(13, &[1, 1, 0, 1]);
    put(17, &ENTRIES.to_le_bytes());
    put(19, &SECTORS.to_le_bytes());
    // A sector in the table.
    put(21, &[MEDIUM, 1, 0]);
    put(38, &[0x29]);
    put(43, b"NO NAME    FAT12   ");
    put(510, &[0x55, 0xaa]);
    put(SECTOR, &[MEDIUM, 0xff, 0xff]);
    put(2 * SECTOR, b"MARKER     ");
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_fat() {
        let image = image();
        assert_eq!(image.len(), 64 * 1024);
        assert_eq!(&image[54..62], b"FAT12   ");
        assert_eq!((image[16], image[21]), (1, image[SECTOR]));
    }
}
