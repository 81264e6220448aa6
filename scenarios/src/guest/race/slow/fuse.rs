//! A page of a file in a FUSE file system, which an ordinary user mounts in a user namespace: its server decides when
//! the kernel gets the page.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::attacker::fork_helper;
use super::super::board::Board;
use super::super::{FUSE_DEVICE, FUSE_FOLDER};
use super::{Made, Slow, content, map};
use crate::race::fuse::{LONGEST, SIZE, answer};
use crate::race::{Page, Refusal};
use crate::scene::USER;
use crate::sys::{check, path};

/// The numbers of the device `/dev/fuse`.
const DEVICE: (u32, u32) = (10, 229);

/// Makes the device, as root: everyone may open it, as on a usual system.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn prepare() -> io::Result<()> {
    if !Path::new(FUSE_DEVICE).exists() {
        let (major, minor) = DEVICE;
        let device = path(FUSE_DEVICE)?;
        // SAFETY: the path outlives the call.
        check(unsafe { libc::mknod(device.as_ptr(), libc::S_IFCHR, libc::makedev(major, minor)) })?;
    }
    fs::set_permissions(FUSE_DEVICE, fs::Permissions::from_mode(0o666))
}

struct Fuse {
    file: File,
    page: *mut u8,
}

/// Mounts the file system and starts its server.
pub(super) fn make(board: &'static Board, page: Page) -> Made {
    // SAFETY: changes this process alone.
    if let Err(error) = check(unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) }) {
        return Ok(Err(refusal("unshare", &error)));
    }
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {USER} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {USER} 1"))?;
    let device = OpenOptions::new().read(true).write(true).open(FUSE_DEVICE)?;
    if let Err(error) = mount(device.as_raw_fd()) {
        return Ok(Err(refusal("mount", &error)));
    }
    fork_helper(|| serve(device.as_raw_fd(), board, page))?;
    let file = File::open(Path::new(FUSE_FOLDER).join("page"))?;
    Ok(Ok(Box::new(Fuse { file, page: std::ptr::null_mut() })))
}

fn refusal(call: &str, error: &io::Error) -> Refusal {
    Refusal { call: call.into(), errno: error.raw_os_error().unwrap_or_default() }
}

fn mount(device: RawFd) -> io::Result<()> {
    let (kind, place) = (c"fuse", path(FUSE_FOLDER)?);
    let options = CString::new(format!("fd={device},rootmode=40000,user_id=0,group_id=0"))?;
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    // SAFETY: the strings outlive the call.
    check(unsafe {
        libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast())
    })?;
    Ok(())
}

/// Answers the kernel's requests until the file system is gone.
fn serve(device: RawFd, board: &'static Board, page: Page) -> io::Result<()> {
    let mut request = vec![0u8; LONGEST];
    loop {
        // SAFETY: the buffer is valid for its length.
        let size = unsafe { libc::read(device, request.as_mut_ptr().cast(), request.len()) };
        if size < 0 {
            match io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR | libc::EAGAIN | libc::ENOENT) => continue,
                _ => return Ok(()),
            }
        }
        if let Some(answer) = answer(&request[..size as usize], || content(board, page)) {
            // SAFETY: the buffer is valid for its length. A request that is gone needs no answer.
            unsafe { libc::write(device, answer.as_ptr().cast(), answer.len()) };
        }
    }
}

impl Slow for Fuse {
    fn page(&mut self) -> io::Result<*const u8> {
        // SAFETY: the page is a mapping of this process, which nothing refers to.
        unsafe {
            if !self.page.is_null() {
                check(libc::munmap(self.page.cast(), SIZE))?;
            }
            // The kernel forgets what it read before.
            check(libc::posix_fadvise(self.file.as_raw_fd(), 0, SIZE as i64, libc::POSIX_FADV_DONTNEED))?;
        }
        self.page = map(libc::PROT_READ, libc::MAP_PRIVATE, self.file.as_raw_fd())?;
        Ok(self.page)
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // The server has to see the file closed before its process ends, else closing waits for ever.
        if !self.page.is_null() {
            // SAFETY: as above.
            unsafe { libc::munmap(self.page.cast(), SIZE) };
        }
    }
}
