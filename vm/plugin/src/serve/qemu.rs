// SPDX-License-Identifier: GPL-2.0-or-later
//! The functions of QEMU by which a copy of the machine gets other files. They are no part of the plugin interface:
//! a QEMU that is built with modules, as those of distributions are, exports them, and any other QEMU cannot serve.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::transmute;

use crate::api::find;

type Lock = unsafe extern "C" fn(*const c_char, c_int);
type Call = unsafe extern "C" fn();
type FindDevice = unsafe extern "C" fn() -> *mut c_void;
type Cause = unsafe extern "C" fn() -> c_int;
type ModifyFile = unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_void, usize) -> *mut c_void;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Qemu {
    lock: Lock,
    unlock: Call,
    fw_cfg: FindDevice,
    modify: ModifyFile,
    shutdown: Cause,
    reset: Cause,
}

impl Qemu {
    /// Finds the functions.
    ///
    /// # Errors
    /// The name of one that this QEMU does not export.
    pub(crate) fn open() -> Result<Qemu, String> {
        // SAFETY: the names and types are those of QEMU 7.2 to 10.0: include/qemu/main-loop.h, include/sysemu/runstate.h,
        // include/hw/nvram/fw_cfg.h.
        unsafe {
            Ok(Qemu {
                lock: transmute::<*mut c_void, Lock>(any(&[
                    c"qemu_mutex_lock_iothread_impl",
                    c"bql_lock_impl",
                ])?),
                unlock: transmute::<*mut c_void, Call>(any(&[c"qemu_mutex_unlock_iothread", c"bql_unlock"])?),
                fw_cfg: transmute::<*mut c_void, FindDevice>(any(&[c"fw_cfg_find"])?),
                modify: transmute::<*mut c_void, ModifyFile>(any(&[c"fw_cfg_modify_file"])?),
                shutdown: transmute::<*mut c_void, Cause>(any(&[c"qemu_shutdown_requested_get"])?),
                reset: transmute::<*mut c_void, Cause>(any(&[c"qemu_reset_requested_get"])?),
            })
        }
    }

    /// Runs `with` while no other thread of QEMU works on the machine.
    pub(crate) fn alone<T>(self, with: impl FnOnce() -> T) -> T {
        // SAFETY: the thread of the CPU does not hold the lock while it executes guest code, from which this is
        // called. A child of `with` holds it as its parent does.
        unsafe { (self.lock)(c"hookbench".as_ptr(), 0) };
        let result = with();
        // SAFETY: this thread holds it.
        unsafe { (self.unlock)() };
        result
    }

    /// Whether the guest has reset its machine or shut it down. QEMU's main thread, which acts on that, is not in a copy.
    pub(crate) fn is_over(self) -> bool {
        // SAFETY: each reads a number.
        unsafe { (self.shutdown)() != 0 || (self.reset)() != 0 }
    }

    /// Gives the file `name` of fw_cfg another content, which stays in memory.
    ///
    /// # Errors
    /// When the machine has no fw_cfg, or the content is too long for it.
    pub(crate) fn put(self, name: &str, content: Vec<u8>) -> Result<(), String> {
        let name = CString::new(name).map_err(|_| format!("no name of a file: {name:?}"))?;
        if u32::try_from(content.len()).is_err() {
            return Err(format!("{name:?} has {} bytes; fw_cfg has no room for that", content.len()));
        }
        // An empty file has no memory: QEMU must never free or follow what Vec has in its place.
        let mut content = content;
        content.reserve(1);
        let content = content.leak();
        // SAFETY: the functions take what their headers say; the content stays as long as the process.
        unsafe {
            let device = (self.fw_cfg)();
            if device.is_null() {
                return Err("the machine has no fw_cfg".into());
            }
            (self.modify)(device, name.as_ptr(), content.as_mut_ptr().cast(), content.len());
        }
        Ok(())
    }
}

/// The first function of `names` that this QEMU exports.
fn any(names: &[&CStr]) -> Result<*mut c_void, String> {
    let found = names.iter().map(|name| find(name)).find(|address| !address.is_null());
    found.ok_or_else(|| format!("this QEMU does not export {}", names[0].to_string_lossy()))
}
