//! Arguments and environments as the kernel takes them: lists of addresses of texts.

use std::ffi::{CString, c_char};
use std::io;
use std::ptr::null;

/// Texts that stay where they are.
pub(super) struct Texts(Vec<CString>);

/// Addresses of texts, with a null at the end.
pub(super) struct Block(Vec<*const c_char>);

impl Texts {
    /// These texts.
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> io::Result<Texts> {
        let texts: Result<Vec<_>, _> = texts.into_iter().map(CString::new).collect();
        Ok(Texts(texts?))
    }

    /// Their addresses. The texts must outlive the block.
    pub(super) fn block(&self) -> Block {
        Block::of(self.0.iter().map(|text| text.as_ptr()))
    }
}

impl Block {
    /// These addresses, and a null.
    pub(super) fn of(addresses: impl IntoIterator<Item = *const c_char>) -> Block {
        Block(addresses.into_iter().chain([null()]).collect())
    }

    /// The address of the block.
    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.0.as_ptr()
    }
}
