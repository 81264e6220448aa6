//! Large files out of QEMU's fw_cfg: QEMU copies them into the guest's memory by itself, a page at a time
//! (docs/specs/fw_cfg, "DMA interface"). Through the data register it would take an instruction, and a way
//! out of TCG, for each byte.

use std::fs::File as OsFile;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::ptr::{self, NonNull};

use crate::arch;
use crate::channel::fw_cfg::File;

/// Bits of a request's control word.
const ERROR: u32 = 1;
const READ: u32 = 2;
const SELECT: u32 = 8;

const PAGE: usize = 4096;
/// Pages that are filled at once; one more holds the request.
const PAGES: usize = 64;

/// `FWCfgDmaAccess`, big endian.
#[repr(C)]
struct Request {
    control: u32,
    length: u32,
    address: u64,
}

/// A file in fw_cfg, read from its beginning.
pub(crate) struct Stream {
    memory: NonNull<u8>,
    /// The bytes of the mapping that were filled and not read yet.
    filled: std::ops::Range<usize>,
    /// How many bytes QEMU has still to copy.
    left: usize,
    /// The selector, until QEMU knows it.
    selector: Option<u16>,
    /// `/proc/self/pagemap`.
    frames: OsFile,
}

impl Stream {
    /// Begins to read `file`.
    ///
    /// # Errors
    /// When the kernel has no memory, or does not show where pages are.
    pub(crate) fn open(file: File) -> io::Result<Stream> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE | libc::MAP_LOCKED;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new anonymous mapping; it is unmapped when this is dropped.
        let memory = unsafe { libc::mmap(ptr::null_mut(), (PAGES + 1) * PAGE, protection, flags, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let Some(memory) = NonNull::new(memory.cast()) else {
            return Err(io::Error::other("memory at address zero"));
        };
        Ok(Stream {
            memory,
            filled: 0..0,
            left: file.size as usize,
            selector: Some(file.selector),
            frames: OsFile::open("/proc/self/pagemap")?,
        })
    }

    /// The physical addresses of the mapping's pages.
    fn addresses(&self) -> io::Result<[u64; PAGES + 1]> {
        const PRESENT: u64 = 1 << 63;
        const FRAME: u64 = (1 << 55) - 1;
        let mut entries = [0u8; (PAGES + 1) * 8];
        self.frames.read_exact_at(&mut entries, (self.memory.as_ptr() as usize / PAGE * 8) as u64)?;
        let mut addresses = [0; PAGES + 1];
        for (address, entry) in addresses.iter_mut().zip(entries.as_chunks::<8>().0) {
            let entry = u64::from_ne_bytes(*entry);
            if entry & PRESENT == 0 || entry & FRAME == 0 {
                return Err(io::Error::other("a locked page is not in memory"));
            }
            *address = (entry & FRAME) * PAGE as u64;
        }
        Ok(addresses)
    }

    /// Fills the mapping's pages with the next bytes.
    fn fill(&mut self) -> io::Result<()> {
        let addresses = self.addresses()?;
        let (request, pages) = (addresses[PAGES], &addresses[..PAGES]);
        let count = self.left.min(PAGES * PAGE);
        arch::with_devices(|| {
            let filled = pages.iter().enumerate().take_while(|(page, _)| page * PAGE < count);
            for (page, address) in filled {
                self.copy(request, *address, PAGE.min(count - page * PAGE))?;
            }
            io::Result::Ok(())
        })?;
        // The kernel may move a locked page. The bytes are then somewhere else.
        if self.addresses()? != addresses {
            return Err(io::Error::other("the kernel moved the pages that were read into"));
        }
        self.left -= count;
        self.filled = 0..count;
        Ok(())
    }

    /// Has QEMU copy `length` bytes to the physical address `target`. The page for requests is at the physical
    /// address `own_address`.
    fn copy(&mut self, own_address: u64, target: u64, length: usize) -> io::Result<()> {
        let select = self.selector.take().map_or(0, |selector| u32::from(selector) << 16 | SELECT);
        // SAFETY: the last page of the mapping is for requests alone.
        let request = unsafe { self.memory.as_ptr().add(PAGES * PAGE).cast::<Request>() };
        // SAFETY: writes the request into its page; QEMU writes to the page at `target`, which belongs to
        // this mapping, before the call returns.
        let control = unsafe {
            ptr::write_volatile(
                request,
                Request {
                    control: (select | READ).to_be(),
                    length: (length as u32).to_be(),
                    address: target.to_be(),
                },
            );
            arch::request_fw_cfg_dma(own_address);
            u32::from_be(ptr::read_volatile(&raw const (*request).control))
        };
        match control {
            0 => Ok(()),
            _ if control & ERROR != 0 => {
                Err(io::Error::other("QEMU refused to copy a part of a fw_cfg file"))
            }
            _ => Err(io::Error::other("QEMU did not copy a part of a fw_cfg file at once")),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.filled.is_empty() && self.left > 0 {
            self.fill()?;
        }
        let count = buffer.len().min(self.filled.len());
        // SAFETY: the filled range is in the mapping, and nothing writes to it now.
        let filled =
            unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.filled.start), count) };
        buffer[..count].copy_from_slice(filled);
        self.filled.start += count;
        Ok(count)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: nothing else refers to the mapping.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), (PAGES + 1) * PAGE) };
    }
}
