//! The `bpf` system call, as far as tampering needs it (linux/bpf.h).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::check_long;

/// Commands.
pub(super) const MAP_UPDATE: u32 = 2;
pub(super) const PROGRAM_NEXT_ID: u32 = 11;
pub(super) const MAP_NEXT_ID: u32 = 12;
pub(super) const MAP_BY_ID: u32 = 14;
const INFO: u32 = 15;
pub(super) const LINK_BY_ID: u32 = 30;
pub(super) const LINK_NEXT_ID: u32 = 31;
pub(super) const LINK_DETACH: u32 = 34;

/// The attributes of a command. The kernel takes a longer structure whose rest is zero.
#[repr(C, align(8))]
pub(super) struct Attributes([u32; 16]);

impl Attributes {
    pub(super) fn new() -> Attributes {
        Attributes([0; 16])
    }

    /// Sets the 32-bit field at `index`.
    pub(super) fn with(mut self, index: usize, value: u32) -> Attributes {
        self.0[index] = value;
        self
    }

    /// Sets the 64-bit field at `index`, which counts 32-bit fields.
    pub(super) fn with_pointer<T: ?Sized>(self, index: usize, pointer: *const T) -> Attributes {
        let address = pointer.cast::<()>() as u64;
        self.with(index, address as u32).with(index + 1, (address >> 32) as u32)
    }
}

/// Makes the command. What it points to has to be valid.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn bpf(command: u32, attributes: &mut Attributes) -> io::Result<i32> {
    let size = size_of::<Attributes>();
    // SAFETY: the attributes are ours; callers pass valid pointers in them.
    check_long(unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attributes, size) })
        .map(|result| result as i32)
}

/// Opens every object of a kind: its next-id and its by-id command.
///
/// # Errors
/// When the kernel refuses to list or to open them.
pub(super) fn each(next: u32, open: u32) -> io::Result<Vec<OwnedFd>> {
    let (mut found, mut id) = (Vec::new(), 0);
    loop {
        let mut attributes = Attributes::new().with(0, id);
        match bpf(next, &mut attributes) {
            Ok(_) => id = attributes.0[1],
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(found),
            Err(error) => return Err(error),
        }
        let descriptor = bpf(open, &mut Attributes::new().with(0, id))?;
        // SAFETY: the kernel has just opened it for us.
        found.push(unsafe { OwnedFd::from_raw_fd(descriptor) });
    }
}

/// Whether the kernel has a BPF program.
///
/// # Errors
/// When it refuses to list them.
pub(super) fn has_programs() -> io::Result<bool> {
    match bpf(PROGRAM_NEXT_ID, &mut Attributes::new().with(0, 0)) {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The type, the size of values and the number of entries of a map.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn map_info(map: &OwnedFd) -> io::Result<(u32, u32, u32)> {
    // struct bpf_map_info: type, id, key_size, value_size, max_entries, …
    let mut info = [0_u32; 32];
    let attributes = Attributes::new().with(0, map.as_raw_fd() as u32).with(1, size_of_val(&info) as u32);
    bpf(INFO, &mut attributes.with_pointer(2, info.as_mut_ptr().cast_const()))?;
    Ok((info[0], info[3], info[4]))
}
