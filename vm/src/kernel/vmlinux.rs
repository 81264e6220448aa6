//! The uncompressed kernel inside a bzImage, as QEMU can start it without the
//! kernel's own, slow unpacking. Only this layout of the boot protocol is known
//! here; what is inside the ELF file is read elsewhere.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use liblzma::read::XzDecoder;
use liblzma::stream::Stream;

use crate::files::elf;

/// No kernel is larger than this once unpacked; a file that is, is no kernel.
pub const LARGEST: u64 = 512 << 20;

/// What unpacking xz may take: Linux packs with a dictionary of up to 128 MiB,
/// and the format has room for one of 4 GiB. zstd has a bound of its own, 128 MiB.
const XZ_MEMORY: u64 = 160 << 20;

/// The boot protocol that first says where the compressed kernel lies.
const PROTOCOL: u16 = 0x208;

/// Returns the ELF file in `file`, which is a bzImage or already the ELF file.
///
/// # Errors
/// When it is neither, is compressed in a way that is not supported, is larger
/// than `largest` once unpacked, or cannot be started by QEMU directly.
pub fn extract(file: Vec<u8>, largest: u64) -> Result<Vec<u8>> {
    let vmlinux = if elf::is_elf(&file) { file } else { unpack(payload(&file)?, largest)? };
    ensure!(elf::is_elf(&vmlinux), "what is compressed in the bzImage is not an ELF kernel");
    ensure!(
        elf::has_pvh_entry(&vmlinux).context("failed to read the kernel's ELF file")?,
        "the kernel has no PVH entry, by which QEMU starts it; build it with CONFIG_PVH=y"
    );
    Ok(vmlinux)
}

/// The compressed kernel of a bzImage.
fn payload(image: &[u8]) -> Result<&[u8]> {
    let boot_flag = number::<2>(image, 0x1fe).map(u16::from_le_bytes);
    let is_kernel = boot_flag == Some(0xaa55) && image.get(0x202..0x206) == Some(b"HdrS");
    ensure!(is_kernel, "not a kernel: neither an x86 bzImage nor an ELF vmlinux");
    let protocol = number(image, 0x206).map_or(0, u16::from_le_bytes);
    ensure!(
        protocol >= PROTOCOL,
        "the bzImage is of boot protocol {:#x}; hookbench reads {PROTOCOL:#x} (Linux 2.6.26) and later",
        protocol
    );
    let sectors = match image.get(0x1f1) {
        // As the protocol has it, for kernels before 1.3.
        Some(0) => 4,
        Some(&sectors) => usize::from(sectors),
        None => 0,
    };
    let field = |at| number(image, at).map_or(0, u32::from_le_bytes) as usize;
    let begin = ((sectors + 1) * 512).saturating_add(field(0x248));
    let payload = image.get(begin..begin.saturating_add(field(0x24c)));
    payload.context("the bzImage is cut off: its compressed kernel reaches beyond its end")
}

fn number<const N: usize>(image: &[u8], at: usize) -> Option<[u8; N]> {
    image.get(at..at + N)?.try_into().ok()
}

/// Unpacks the first stream of `payload`; the kernel's size follows it.
pub(crate) fn unpack(payload: &[u8], largest: u64) -> Result<Vec<u8>> {
    match payload {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            let stream = Stream::new_stream_decoder(XZ_MEMORY, 0).context("failed to start xz")?;
            bounded(XzDecoder::new_stream(payload, stream), largest)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::Decoder::with_buffer(payload).context("failed to start zstd")?;
            bounded(decoder.single_frame(), largest)
        }
        [0x1f, 0x8b, ..] => bounded(flate2::read::GzDecoder::new(payload), largest),
        [0x02, 0x21, 0x4c, 0x18, blocks @ ..] => unpack_lz4(blocks, largest),
        [0x89, b'L', b'Z', b'O', ..] => unsupported("LZO"),
        [b'B', b'Z', b'h', ..] => unsupported("BZIP2"),
        [0x5d, 0, 0, ..] => unsupported("LZMA"),
        _ if elf::is_elf(payload) => Ok(payload.to_vec()),
        _ => bail!("the kernel in the bzImage is compressed in an unknown way"),
    }
}

/// Unpacks LZ4's legacy format, which Debian's cloud kernels have: blocks that
/// stand alone, each with its size before it.
fn unpack_lz4(mut blocks: &[u8], largest: u64) -> Result<Vec<u8>> {
    const BLOCK: usize = 8 << 20;
    let mut kernel = Vec::new();
    let mut block = vec![0; BLOCK];
    // At the end the four bytes are the kernel's size, and nothing follows.
    while let Some((size, rest)) = blocks.split_first_chunk().filter(|(_, rest)| !rest.is_empty()) {
        let size = u32::from_le_bytes(*size) as usize;
        let (packed, rest) = rest.split_at_checked(size).context("the compressed kernel is cut off")?;
        let length =
            lz4_flex::block::decompress_into(packed, &mut block).context("failed to unpack the kernel")?;
        kernel.extend_from_slice(&block[..length]);
        check(&kernel, largest)?;
        blocks = rest;
    }
    Ok(kernel)
}

fn unsupported(name: &str) -> Result<Vec<u8>> {
    bail!(
        "the kernel is compressed with {name}, which hookbench does not read; \
         give its vmlinux, or build it with CONFIG_KERNEL_ZSTD=y"
    )
}

fn bounded(decoder: impl Read, largest: u64) -> Result<Vec<u8>> {
    let mut kernel = Vec::new();
    decoder.take(largest + 1).read_to_end(&mut kernel).context("failed to unpack the kernel")?;
    check(&kernel, largest)?;
    Ok(kernel)
}

fn check(kernel: &[u8], largest: u64) -> Result<()> {
    ensure!(kernel.len() as u64 <= largest, "the kernel is larger than {} MiB unpacked", largest >> 20);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

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
            let image = image(PROTOCOL, &packed(name, kernel));
            assert!(unpack(payload(&image).unwrap(), LARGEST).unwrap() == *kernel, "{name}");
        }
    }

    #[test]
    fn what_is_not_a_kernel_is_said() {
        let said = |bytes: Vec<u8>| format!("{:#}", extract(bytes, LARGEST).unwrap_err());
        assert!(said(b"hello".to_vec()).contains("not a kernel"));
        assert!(said(image(0x207, b"")).contains("boot protocol"));
        assert!(said(image(PROTOCOL, b"BZh9")).contains("BZIP2"));
        assert!(said(image(PROTOCOL, b"?????")).contains("unknown way"));
        assert!(said(image(PROTOCOL, &packed("gzip", b"text"))).contains("not an ELF kernel"));
        let whole = image(PROTOCOL, &packed("xz", b"text"));
        assert!(said(whole[..1040].to_vec()).contains("cut off"));
        assert!(said(b"\x7fELF".to_vec()).contains("ELF"));
    }

    #[test]
    fn what_unpacks_into_more_than_a_kernel_is_refused() {
        for name in ["xz", "zstd", "gzip", "lz4"] {
            let bomb = image(PROTOCOL, &packed(name, &vec![0; 3 << 20]));
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
        let error = format!("{:#}", extract(image(PROTOCOL, &xz), LARGEST).unwrap_err());
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
                prop_assert!(extract(image(PROTOCOL, &[magic, &bytes].concat()), LARGEST).is_err());
                prop_assert!(extract([magic, &bytes].concat(), LARGEST).is_err());
            }
        }

        #[test]
        fn any_header_is_read_without_panic(at in 0x1f0_usize..0x260, byte: u8, offset: u32) {
            let mut image = image(PROTOCOL, b"xx");
            image[0x248..0x24c].copy_from_slice(&offset.to_le_bytes());
            image[at] = byte;
            prop_assert!(extract(image, LARGEST).is_err());
        }
    }
}
