//! Slow pages: the kernel waits for a page of the call's arguments, and the path is rewritten meanwhile. Each means is
//! a file here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;

use anyhow::{Context, Result, ensure};

use super::board::Board;
use super::victim::{self, HOW};
use super::watch::Watch;
use crate::child;
use crate::race::{Count, EVIL, GOOD, Means, Opened, Page, RacedCall, Refusal, SlowPage, fuse::SIZE, judge};
use crate::sys::become_user;

mod dropped;
mod fuse;
mod userfaultfd;

/// Tries of each race.
const TRIES: u32 = 100;

/// A page that the kernel has to wait for.
trait Slow {
    /// Makes the page slow again, and returns it.
    fn page(&mut self) -> io::Result<*const u8>;
}

/// How making a slow page ended.
type Made = io::Result<std::result::Result<Box<dyn Slow>, Refusal>>;

/// Tries with a slow page.
///
/// # Errors
/// When a try fails in a way that no race explains.
pub(super) fn run(
    board: &'static Board,
    watch: &mut dyn Watch,
    call: RacedCall,
    (means, page): (Means, Page),
) -> Result<SlowPage> {
    if means == Means::Fuse {
        fuse::prepare().context("failed to prepare FUSE")?;
    }
    let (mut reader, mut writer) = pipe()?;
    let status = child::run(|| {
        let result = tries(board, watch, call, (means, page)).map_err(|error| format!("{error:#}"));
        let _ = serde_json::to_writer(&mut writer, &result).map(|()| writer.flush());
        Ok(())
    })?;
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).context("failed to read what the victim found")?;
    ensure!(status == 0, "the victim ended with the status {status:#x}");
    let result: std::result::Result<SlowPage, String> =
        serde_json::from_str(&text).context("the victim did not say what it found")?;
    result.map_err(anyhow::Error::msg)
}

/// The tries, in the victim's process.
fn tries(
    board: &'static Board,
    watch: &mut dyn Watch,
    call: RacedCall,
    (means, page): (Means, Page),
) -> Result<SlowPage> {
    if means != Means::RootUserfaultfd {
        become_user().context("failed to become an ordinary user")?;
    }
    let made = match means {
        Means::Dropped => dropped::make(),
        Means::Fuse => fuse::make(board, page),
        Means::Userfaultfd | Means::RootUserfaultfd => userfaultfd::make(board, page),
    };
    let mut slow = match made.with_context(|| format!("failed to make a slow page by {means}"))? {
        Ok(slow) => slow,
        Err(refused) => return Ok(SlowPage { refused: Some(refused), ..SlowPage::default() }),
    };
    watch.confine()?;
    let mut count = Count::default();
    for _ in 0..TRIES {
        board.set_path(GOOD);
        let place = slow.page()?;
        watch.arm()?;
        let opened = match page {
            Page::Path => victim::open(call, place.cast(), HOW.as_ptr())?,
            Page::How => victim::open(call, board.path(), place.cast())?,
        };
        let record = watch.record()?;
        ensure!(opened != Opened::Refused || watch.may_refuse(), "the kernel refused the call");
        count.add(judge(record.as_deref(), opened), opened);
    }
    Ok(SlowPage { count, refused: None })
}

/// The bytes of the page, made while the kernel waits for it: the evil path, or `how`. In the latter case the path is
/// rewritten.
fn content(board: &Board, page: Page) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    match page {
        Page::Path => bytes[..EVIL.len()].copy_from_slice(EVIL.as_bytes()),
        // Zeros open for reading.
        Page::How => board.rewrite(),
    }
    bytes
}

fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: the kernel writes two descriptors, which are owned at once.
    unsafe {
        crate::sys::check(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        Ok((File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])))
    }
}

/// Maps a page.
fn map(protection: i32, flags: i32, file: i32) -> io::Result<*mut u8> {
    // SAFETY: maps at an address that the kernel chooses.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, protection, flags, file, 0) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}
