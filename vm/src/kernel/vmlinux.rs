//! The uncompressed kernel in a kernel image, in the form in which QEMU starts it.
//! QEMU then skips the kernel's own, slow unpacking.

use anyhow::{Result, ensure};

use super::compression::unpack;
use crate::arch;
use crate::files::elf;

/// The most bytes of an unpacked kernel.
pub const LARGEST: u64 = 512 << 20;

/// Returns the ELF file in `file`, which is a kernel image or already an ELF file.
///
/// # Errors
/// When the file is neither, its compression is not supported, it unpacks to more
/// than `largest` bytes, or QEMU cannot start it directly.
pub fn extract(file: Vec<u8>, largest: u64) -> Result<Vec<u8>> {
    let vmlinux = if elf::is_elf(&file) { file } else { unpack(arch::compressed_kernel(&file)?, largest)? };
    ensure!(elf::is_elf(&vmlinux), "the kernel image does not contain an ELF kernel");
    arch::check_entry(&vmlinux)?;
    Ok(vmlinux)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::compressed_kernel;
    use liblzma::stream::Stream;
    use proptest::prelude::*;
    use std::io::Write;

    /// The oldest boot protocol that hookbench reads.
    const OLDEST: u16 = 0x208;

    /// A bzImage with nothing in it but the header's fields and the payload.
    fn image(protocol: u16, payload: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 1024];
        image[0x1f1] = 1;
        image[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x206..0x208].copy_from_slice(&protocol.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&(payload.len() as u32 + 4).to_le_bytes());
        image.extend_from_slice(payload);
        // The size that follows the compressed stream.
        image.extend_from_slice(&[1, 2, 3, 4]);
        image
    }

    fn packed(name: &str, kernel: &[u8]) -> Vec<u8> {
        match name {
            "xz" => {
                let mut options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
                let mut filters = liblzma::stream::Filters::new();
                filters.x86().lzma2(options.dict_size(1 << 20));
                let stream = Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32).unwrap();
                let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
                encoder.write_all(kernel).unwrap();
                encoder.finish().unwrap()
            }
            "lz4" => {
                let blocks = kernel.chunks(8 << 20).map(lz4_flex::block::compress);
                let sized =
                    blocks.flat_map(|block| [&(block.len() as u32).to_le_bytes()[..], &block].concat());
                b"\x02\x21\x4c\x18".iter().copied().chain(sized).collect()
            }
            "zstd" => zstd::encode_all(kernel, 3).unwrap(),
            _ => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(kernel).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    #[test]
    fn each_compression_gives_the_kernel_back() {
        // Calls, as the filter for x86 changes them.
        let calls: Vec<u8> = (0..5000_u32).flat_map(|n| [0xe8, n as u8, 0, 0, (n >> 8) as u8]).collect();
        // More than one of LZ4's blocks; for the others it would only take long.
        let long = calls.repeat(400);
        for name in ["xz", "zstd", "gzip", "lz4"] {
            let kernel = if name == "lz4" { &long } else { &calls };
            let image = image(OLDEST, &packed(name, kernel));
            assert!(unpack(compressed_kernel(&image).unwrap(), LARGEST).unwrap() == *kernel, "{name}");
        }
    }

    #[test]
    fn an_error_says_why_a_file_is_not_a_kernel() {
        let error_of = |bytes: Vec<u8>| format!("{:#}", extract(bytes, LARGEST).unwrap_err());
        assert!(error_of(b"hello".to_vec()).contains("not a kernel"));
        assert!(error_of(image(0x207, b"")).contains("boot protocol"));
        assert!(error_of(image(OLDEST, b"BZh9")).contains("BZIP2"));
        assert!(error_of(image(OLDEST, b"?????")).contains("unknown way"));
        assert!(error_of(image(OLDEST, &packed("gzip", b"text"))).contains("does not contain an ELF kernel"));
        let whole = image(OLDEST, &packed("xz", b"text"));
        assert!(error_of(whole[..1040].to_vec()).contains("cut off"));
        assert!(error_of(b"\x7fELF".to_vec()).contains("ELF"));
    }

    #[test]
    fn a_file_that_unpacks_to_more_than_a_kernel_is_refused() {
        for name in ["xz", "zstd", "gzip", "lz4"] {
            let bomb = image(OLDEST, &packed(name, &vec![0; 3 << 20]));
            assert!(bomb.len() < 32 << 10, "{name}");
            let error = extract(bomb, 1 << 20).unwrap_err().to_string();
            assert_eq!(error, "the kernel is larger than 1 MiB unpacked", "{name}");
        }
    }

    #[test]
    fn a_dictionary_of_gigabytes_is_refused() {
        // The dictionary's size is a byte of the block's header, under a checksum.
        let mut xz = packed("xz", b"text");
        let filters = xz.windows(3).position(|window| window == [0x21, 1, 16]).unwrap();
        xz[filters + 2] = 40;
        let (begin, end) = (12, 12 + usize::from(xz[12]) * 4);
        let sum = crc32(&xz[begin..end]);
        xz[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        let error = format!("{:#}", extract(image(OLDEST, &xz), LARGEST).unwrap_err());
        assert!(error.contains("memory"), "{error}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }

    #[test]
    fn a_program_has_no_pvh_entry() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        assert!(format!("{:#}", extract(program, LARGEST).unwrap_err()).contains("CONFIG_PVH"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            prop_assert!(extract(bytes.clone(), LARGEST).is_err());
            for magic in [&b"\xfd7zXZ\0"[..], b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"\x02\x21\x4c\x18", b"\x7fELF\x02\x01\x01"] {
                prop_assert!(extract(image(OLDEST, &[magic, &bytes].concat()), LARGEST).is_err());
                prop_assert!(extract([magic, &bytes].concat(), LARGEST).is_err());
            }
        }

        #[test]
        fn any_header_is_read_without_panic(at in 0x1f0_usize..0x260, byte: u8, offset: u32) {
            let mut image = image(OLDEST, b"xx");
            image[0x248..0x24c].copy_from_slice(&offset.to_le_bytes());
            image[at] = byte;
            prop_assert!(extract(image, LARGEST).is_err());
        }
    }
}
