// SPDX-License-Identifier: GPL-2.0-or-later
//! The functions of QEMU that the plugin uses, as `qemu-plugin.h` declares them. There are a dozen; the crates that
//! bind all of them know one version of the interface at a time, chosen when they are compiled.
//!
//! QEMU 7.2 has version 1. QEMU 10.0 has version 4, and loads plugins of version 3. Three functions differ. The plugin looks for them in
//! the process that loads it, so one file serves both.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::transmute;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

/// A translation block of QEMU.
#[repr(C)]
pub(crate) struct RawBlock {
    _private: [u8; 0],
}

/// An instruction of a translation block.
#[repr(C)]
pub(crate) struct RawInstruction {
    _private: [u8; 0],
}

#[repr(C)]
struct Scoreboard {
    _private: [u8; 0],
}

/// A number in a scoreboard.
#[repr(C)]
#[derive(Clone, Copy)]
struct ScoreboardNumber {
    score: *mut Scoreboard,
    offset: usize,
}

pub(crate) type PluginId = u64;
pub(crate) type OnTranslation = extern "C" fn(PluginId, *mut RawBlock);
pub(crate) type OnPlugin = extern "C" fn(PluginId);
pub(crate) type OnVcpu = extern "C" fn(c_uint, *mut c_void);
pub(crate) type OnAccess = extern "C" fn(c_uint, u32, u64, *mut c_void);

/// Callbacks read no registers.
const NO_REGISTERS: c_int = 0;
/// Reads and writes. In version 1, callbacks of reads alone are never called.
const READS_AND_WRITES: c_int = 3;
/// Adds to a number.
const ADD: c_int = 0;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;

    fn qemu_plugin_register_vcpu_tb_trans_cb(id: PluginId, call: OnTranslation);
    fn qemu_plugin_reset(id: PluginId, call: OnPlugin);
    fn qemu_plugin_tb_vaddr(block: *const RawBlock) -> u64;
    fn qemu_plugin_tb_n_insns(block: *const RawBlock) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const RawBlock, index: usize) -> *mut RawInstruction;
    fn qemu_plugin_insn_vaddr(instruction: *const RawInstruction) -> u64;
    fn qemu_plugin_insn_size(instruction: *const RawInstruction) -> usize;
    fn qemu_plugin_mem_is_store(info: u32) -> bool;
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut RawBlock,
        call: OnVcpu,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut RawInstruction,
        call: OnVcpu,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut RawInstruction,
        call: OnAccess,
        flags: c_int,
        which: c_int,
        data: *mut c_void,
    );
}

type DataPointer = unsafe extern "C" fn(*const RawInstruction) -> *const u8;
type DataCopy = unsafe extern "C" fn(*const RawInstruction, *mut u8, usize) -> usize;
type AddInline = unsafe extern "C" fn(*mut RawInstruction, c_int, *mut u64, u64);
type AddPerVcpu = unsafe extern "C" fn(*mut RawInstruction, c_int, ScoreboardNumber, u64);
type NewScoreboard = unsafe extern "C" fn(usize) -> *mut Scoreboard;
type FindInScoreboard = unsafe extern "C" fn(*mut Scoreboard, c_uint) -> *mut c_void;

/// The functions that differ between versions.
#[derive(Clone, Copy)]
enum Version {
    /// Version 1.
    First { data: DataPointer, add: AddInline },
    /// Version 3 and later.
    Third { data: DataCopy, add: AddPerVcpu, counter: ScoreboardNumber, find: FindInScoreboard },
}

// SAFETY: the pointers are to functions, and to a scoreboard, which QEMU allows any thread to use.
unsafe impl Send for Version {}
// SAFETY: as above.
unsafe impl Sync for Version {}

/// The version of the interface that the plugin was compiled for, which QEMU reads when it loads the plugin.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "QEMU chose the name")]
static qemu_plugin_version: AtomicI32 = AtomicI32::new(1);

/// Runs [`choose_version`] before QEMU reads the version.
#[used]
#[unsafe(link_section = ".init_array")]
static CHOOSE: extern "C" fn() = choose_version;

extern "C" fn choose_version() {
    if !find(c"qemu_plugin_scoreboard_new").is_null() {
        qemu_plugin_version.store(3, Ordering::Relaxed);
    }
}

static VERSION: OnceLock<Version> = OnceLock::new();
/// The counted instructions, in version 1.
static COUNTER: AtomicU64 = AtomicU64::new(0);
/// Where the counted instructions are.
static COUNTER_AT: AtomicPtr<u64> = AtomicPtr::new(null_mut());

/// Returns the address of QEMU's function `name`; null if it has none.
pub(crate) fn find(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends in NUL; a null handle means all that the process has loaded.
    unsafe { dlsym(null_mut(), name.as_ptr()) }
}

/// Finds the functions that differ between versions.
///
/// # Errors
/// The name of one that QEMU lacks.
pub(crate) fn open() -> Result<(), &'static str> {
    let function = |name: &'static CStr| match find(name) {
        address if address.is_null() => Err(name.to_str().unwrap_or_default()),
        address => Ok(address),
    };
    let data = function(c"qemu_plugin_insn_data")?;
    // SAFETY: the names and types are those of the header of each version.
    let version = unsafe {
        if qemu_plugin_version.load(Ordering::Relaxed) == 1 {
            let add = function(c"qemu_plugin_register_vcpu_insn_exec_inline")?;
            Version::First {
                data: transmute::<*mut c_void, DataPointer>(data),
                add: transmute::<*mut c_void, AddInline>(add),
            }
        } else {
            let add = function(c"qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu")?;
            let new = function(c"qemu_plugin_scoreboard_new")?;
            let find = function(c"qemu_plugin_scoreboard_find")?;
            let score = transmute::<*mut c_void, NewScoreboard>(new)(size_of::<u64>());
            Version::Third {
                data: transmute::<*mut c_void, DataCopy>(data),
                add: transmute::<*mut c_void, AddPerVcpu>(add),
                counter: ScoreboardNumber { score, offset: 0 },
                find: transmute::<*mut c_void, FindInScoreboard>(find),
            }
        }
    };
    VERSION.get_or_init(|| version);
    Ok(())
}

/// Finds the counter. Only the thread of the CPU may call this, because QEMU moves it when a CPU begins.
pub(crate) fn find_counter() {
    let at = match VERSION.get() {
        // SAFETY: the scoreboard is valid and has room for the first CPU.
        Some(Version::Third { counter, find, .. }) => unsafe { find(counter.score, 0).cast::<u64>() },
        _ => COUNTER.as_ptr(),
    };
    COUNTER_AT.store(at, Ordering::Relaxed);
}

/// Returns the number of counted instructions. [`find_counter`] has to come first.
pub(crate) fn counted() -> u64 {
    // SAFETY: `find_counter` stored a valid address, and only this thread adds to the number there.
    unsafe { COUNTER_AT.load(Ordering::Relaxed).read_volatile() }
}

/// Has QEMU call `call` for each block that it translates.
pub(crate) fn on_translation(id: PluginId, call: OnTranslation) {
    // SAFETY: `id` is the plugin's.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, call) }
}

/// Has QEMU forget all callbacks and all that it translated, and then call `call`. It does so before the next block.
pub(crate) fn reset(id: PluginId, call: OnPlugin) {
    // SAFETY: `id` is the plugin's.
    unsafe { qemu_plugin_reset(id, call) }
}

/// Whether an access is a write.
pub(crate) fn is_store(info: u32) -> bool {
    // SAFETY: reads its argument only.
    unsafe { qemu_plugin_mem_is_store(info) }
}

/// A block while QEMU translates it.
pub(crate) struct Block(*mut RawBlock);

/// An instruction of it. It must not outlive the callback of its block either.
#[derive(Clone, Copy)]
pub(crate) struct Instruction(*mut RawInstruction);

impl Block {
    /// The block of a callback.
    ///
    /// # Safety
    /// It must be the one that QEMU passed, and must not outlive the callback.
    pub(crate) unsafe fn of_callback(block: *mut RawBlock) -> Block {
        Block(block)
    }

    pub(crate) fn address(&self) -> u64 {
        // SAFETY: the block is valid in its callback.
        unsafe { qemu_plugin_tb_vaddr(self.0) }
    }

    pub(crate) fn instructions(&self) -> impl ExactSizeIterator<Item = Instruction> {
        // SAFETY: the block is valid in its callback.
        let length = unsafe { qemu_plugin_tb_n_insns(self.0) };
        // SAFETY: as above, and the index is below the length.
        let instruction = |index| unsafe { qemu_plugin_tb_get_insn(self.0, index) };
        (0..length).map(move |index| Instruction(instruction(index)))
    }

    /// Has QEMU call `call` with `data` before each execution.
    pub(crate) fn on_execution(&self, call: OnVcpu, data: usize) {
        // SAFETY: the block is valid in its callback; `data` is a number to QEMU.
        unsafe { qemu_plugin_register_vcpu_tb_exec_cb(self.0, call, NO_REGISTERS, data as *mut c_void) }
    }
}

impl Instruction {
    pub(crate) fn address(&self) -> u64 {
        // SAFETY: the instruction is valid in the callback of its block.
        unsafe { qemu_plugin_insn_vaddr(self.0) }
    }

    pub(crate) fn size(&self) -> usize {
        // SAFETY: as above.
        unsafe { qemu_plugin_insn_size(self.0) }
    }

    /// Copies the instruction into `buffer` and returns it.
    pub(crate) fn bytes<'a>(&self, buffer: &'a mut [u8; 16]) -> &'a [u8] {
        let size = self.size().min(buffer.len());
        // SAFETY: the instruction has `size` bytes, and the buffer is at least as long.
        unsafe {
            match VERSION.get() {
                Some(Version::First { data, .. }) => data(self.0).copy_to(buffer.as_mut_ptr(), size),
                Some(Version::Third { data, .. }) => drop(data(self.0, buffer.as_mut_ptr(), size)),
                None => {}
            }
        }
        &buffer[..size]
    }

    /// Has QEMU count so many instructions at each execution.
    pub(crate) fn count(&self, instructions: u64) {
        // SAFETY: the instruction is valid in its callback, and the counter stays.
        unsafe {
            match VERSION.get() {
                Some(Version::First { add, .. }) => add(self.0, ADD, COUNTER.as_ptr(), instructions),
                Some(Version::Third { add, counter, .. }) => add(self.0, ADD, *counter, instructions),
                None => {}
            }
        }
    }

    /// Has QEMU call `call` before each execution.
    pub(crate) fn on_execution(&self, call: OnVcpu) {
        // SAFETY: the instruction is valid in its callback.
        unsafe { qemu_plugin_register_vcpu_insn_exec_cb(self.0, call, NO_REGISTERS, null_mut()) }
    }

    /// Has QEMU call `call` with `data` after each access to memory.
    pub(crate) fn on_access(&self, call: OnAccess, data: usize) {
        let data = data as *mut c_void;
        // SAFETY: the instruction is valid in its callback; `data` is a number to QEMU.
        unsafe { qemu_plugin_register_vcpu_mem_cb(self.0, call, NO_REGISTERS, READS_AND_WRITES, data) }
    }
}
