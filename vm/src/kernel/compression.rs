//! Unpacks what Linux compresses: kernels in their images, and modules. The output is
//! bounded, because the input may be any file.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use liblzma::read::XzDecoder;
use liblzma::stream::Stream;

use crate::files::elf;

/// How much memory unpacking xz may take, in bytes. Linux packs with a dictionary of
/// up to 128 MiB; the format allows one of 4 GiB. zstd has a limit of 128 MiB itself.
const XZ_MEMORY: u64 = 160 << 20;

/// Unpacks the first compressed stream of `packed`. In a kernel image the kernel's
/// size follows the stream. An ELF file is returned as it is.
///
/// # Errors
/// When the compression is not supported, the stream is damaged, or it unpacks to
/// more than `largest` bytes.
pub(crate) fn unpack(packed: &[u8], largest: u64) -> Result<Vec<u8>> {
    match packed {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            let stream = Stream::new_stream_decoder(XZ_MEMORY, 0).context("failed to start xz")?;
            unpack_bounded(XzDecoder::new_stream(packed, stream), largest)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::Decoder::with_buffer(packed).context("failed to start zstd")?;
            unpack_bounded(decoder.single_frame(), largest)
        }
        [0x1f, 0x8b, ..] => unpack_bounded(flate2::read::GzDecoder::new(packed), largest),
        [0x02, 0x21, 0x4c, 0x18, blocks @ ..] => unpack_lz4(blocks, largest),
        [0x89, b'L', b'Z', b'O', ..] => unsupported("LZO"),
        [b'B', b'Z', b'h', ..] => unsupported("BZIP2"),
        [0x5d, 0, 0, ..] => unsupported("LZMA"),
        _ if elf::is_elf(packed) => Ok(packed.to_vec()),
        _ => bail!("the kernel in the bzImage is compressed in an unknown way"),
    }
}

/// Unpacks LZ4's legacy format, which Debian's cloud kernels have: independent
/// blocks, each with its size before it.
fn unpack_lz4(mut blocks: &[u8], largest: u64) -> Result<Vec<u8>> {
    const BLOCK: usize = 8 << 20;
    let mut kernel = Vec::new();
    let mut block = vec![0; BLOCK];
    // The last four bytes are the kernel's size; nothing follows them.
    while let Some((size, rest)) = blocks.split_first_chunk().filter(|(_, rest)| !rest.is_empty()) {
        let size = u32::from_le_bytes(*size) as usize;
        let (packed, rest) = rest.split_at_checked(size).context("the compressed kernel is cut off")?;
        let length =
            lz4_flex::block::decompress_into(packed, &mut block).context("failed to unpack the kernel")?;
        kernel.extend_from_slice(&block[..length]);
        check_size(&kernel, largest)?;
        blocks = rest;
    }
    Ok(kernel)
}

fn unsupported(name: &str) -> Result<Vec<u8>> {
    bail!(
        "the kernel is compressed with {name}, which hookbench does not read; \
         pass its vmlinux, or build it with CONFIG_KERNEL_ZSTD=y"
    )
}

fn unpack_bounded(decoder: impl Read, largest: u64) -> Result<Vec<u8>> {
    let mut kernel = Vec::new();
    decoder.take(largest + 1).read_to_end(&mut kernel).context("failed to unpack the kernel")?;
    check_size(&kernel, largest)?;
    Ok(kernel)
}

fn check_size(kernel: &[u8], largest: u64) -> Result<()> {
    ensure!(kernel.len() as u64 <= largest, "the kernel is larger than {} MiB unpacked", largest >> 20);
    Ok(())
}
