//! Large files out of QEMU's fw_cfg: it copies them into the guest's memory by
//! itself (docs/specs/fw_cfg, "DMA interface"), a page at a time. By ports it would
//! take an instruction, and a way out of TCG, for each byte.

use std::arch::asm;
use std::fs::File as OsFile;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::ptr::{self, NonNull};

use crate::ports::{File, with_ports};

/// The register that takes the address of a request, in two halves, big endian.
const ADDRESS_HIGH: u16 = 0x514;
const ADDRESS_LOW: u16 = 0x518;

/// What a request asks for.
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

/// A file in fw_cfg, from its beginning on.
pub(crate) struct Stream {
    memory: NonNull<u8>,
    /// What has been filled and not been taken.
    filled: std::ops::Range<usize>,
    left: usize,
    /// The selector, until it has been said.
    selector: Option<u16>,
    frames: OsFile,
}

impl Stream {
    /// Begins to read `file`.
    ///
    /// # Errors
    /// When there is no memory.
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

    /// The physical addresses of its pages.
    fn places(&self) -> io::Result<[u64; PAGES + 1]> {
        const PRESENT: u64 = 1 << 63;
        const FRAME: u64 = (1 << 55) - 1;
        let mut entries = [0u8; (PAGES + 1) * 8];
        self.frames.read_exact_at(&mut entries, (self.memory.as_ptr() as usize / PAGE * 8) as u64)?;
        let mut places = [0; PAGES + 1];
        for (place, entry) in places.iter_mut().zip(entries.as_chunks::<8>().0) {
            let entry = u64::from_ne_bytes(*entry);
            if entry & PRESENT == 0 || entry & FRAME == 0 {
                return Err(io::Error::other("a locked page is not in memory"));
            }
            *place = (entry & FRAME) * PAGE as u64;
        }
        Ok(places)
    }

    /// Fills its pages with what follows.
    fn fill(&mut self) -> io::Result<()> {
        let places = self.places()?;
        let count = self.left.min(PAGES * PAGE);
        with_ports(|| {
            for (page, place) in
                places[..PAGES].iter().enumerate().take_while(|(page, _)| page * PAGE < count)
            {
                self.ask(places[PAGES], *place, PAGE.min(count - page * PAGE))?;
            }
            io::Result::Ok(())
        })?;
        // The kernel may move a locked page; nobody knows then where the bytes went.
        if self.places()? != places {
            return Err(io::Error::other("the kernel moved the pages that were read into"));
        }
        self.left -= count;
        self.filled = 0..count;
        Ok(())
    }

    /// Asks for `length` bytes at the physical address `place`, by the page at `own`.
    fn ask(&mut self, own: u64, place: u64, length: usize) -> io::Result<()> {
        let select = self.selector.take().map_or(0, |selector| u32::from(selector) << 16 | SELECT);
        // SAFETY: the last page of the mapping is for requests alone.
        let request = unsafe { self.memory.as_ptr().add(PAGES * PAGE).cast::<Request>() };
        let (high, low) = (((own >> 32) as u32).to_be(), (own as u32).to_be());
        // SAFETY: writes the request into its page, and ports that are open; QEMU
        // writes to the page at `place`, which is this mapping's, before the port does.
        let control = unsafe {
            ptr::write_volatile(
                request,
                Request {
                    control: (select | READ).to_be(),
                    length: (length as u32).to_be(),
                    address: place.to_be(),
                },
            );
            asm!("out dx, eax", in("dx") ADDRESS_HIGH, in("eax") high, options(nostack));
            asm!("out dx, eax", in("dx") ADDRESS_LOW, in("eax") low, options(nostack));
            u32::from_be(ptr::read_volatile(&raw const (*request).control))
        };
        match control {
            0 => Ok(()),
            _ if control & ERROR != 0 => Err(io::Error::other("QEMU refused to hand over bytes")),
            _ => Err(io::Error::other("QEMU has not handed over the bytes at once")),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.filled.is_empty() && self.left > 0 {
            self.fill()?;
        }
        let count = buffer.len().min(self.filled.len());
        // SAFETY: what is filled is in the mapping, and nobody writes to it now.
        let filled =
            unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.filled.start), count) };
        buffer[..count].copy_from_slice(filled);
        self.filled.start += count;
        Ok(count)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's alone.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), (PAGES + 1) * PAGE) };
    }
}
