//! The device mapper: a disk that is made of another one (Linux's `dm-ioctl.h`).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::sys::check;

/// The device by which disks are made.
const CONTROL: &str = "/dev/mapper/control";
/// The name of the disk that is made.
const NAME: &[u8] = b"over-usb";

/// Requests.
const CREATE: libc::Ioctl = 0xc138_fd03;
const REMOVE: libc::Ioctl = 0xc138_fd04;
const RESUME: libc::Ioctl = 0xc138_fd06;
const LOAD: libc::Ioctl = 0xc138_fd09;

/// Bytes of `struct dm_ioctl` and of `struct dm_target_spec`, and of the text that follows.
const HEADER: usize = 312;
const TARGET: usize = 40;
const TEXT: usize = 64;

/// A request: the header, a target and its text.
struct Request([u8; HEADER + TARGET + TEXT]);

impl Request {
    fn new() -> Request {
        let mut request = Request([0; HEADER + TARGET + TEXT]);
        request.put(0, &4u32.to_ne_bytes());
        request.put(12, &(request.0.len() as u32).to_ne_bytes());
        request.put(16, &(HEADER as u32).to_ne_bytes());
        request.put(48, NAME);
        request
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn send(mut self, control: &File, request: libc::Ioctl) -> io::Result<Request> {
        // SAFETY: the kernel reads and writes as many bytes as the request says that it has.
        check(unsafe { libc::ioctl(control.as_raw_fd(), request, self.0.as_mut_ptr()) })?;
        Ok(self)
    }
}

/// Makes a disk of the first `blocks` blocks of `disk`. Returns its path.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn make(disk: &str, blocks: u64) -> io::Result<String> {
    let control = File::options().read(true).write(true).open(CONTROL)?;
    let made = Request::new().send(&control, CREATE)?;
    let mut load = Request::new();
    load.put(20, &1u32.to_ne_bytes());
    load.put(HEADER + 8, &blocks.to_ne_bytes());
    load.put(HEADER + 24, b"linear");
    load.put(HEADER + TARGET, format!("{disk} 0").as_bytes());
    load.send(&control, LOAD)?;
    Request::new().send(&control, RESUME)?;
    // The kernel's number of the disk, whose low byte is the minor number of the first disks.
    Ok(format!("/dev/dm-{}", made.0[40]))
}

/// Removes that disk, if there is one.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn remove() -> io::Result<()> {
    let control = File::options().read(true).write(true).open(CONTROL)?;
    match Request::new().send(&control, REMOVE) {
        Err(error) if error.raw_os_error() != Some(libc::ENXIO) => Err(error),
        _ => Ok(()),
    }
}
