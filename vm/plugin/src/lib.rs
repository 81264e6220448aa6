// SPDX-License-Identifier: GPL-2.0-or-later
//! A plugin of QEMU's TCG that says where the instructions of each timed operation went, by call path.
//!
//! It does nothing until the agent in the guest executes the mark `Mark::Arm`. QEMU then translates the guest again,
//! with counters and callbacks, and the plugin follows the calls. After the last operation that is wanted it instruments
//! nothing more. This file is what QEMU calls; `tracker.rs` has the logic.

mod api;
mod arguments;
mod decode;
mod stacks;
mod symbols;
mod tracker;
mod tree;
mod windows;

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs::{self, File};
use std::io::{self, BufWriter};

use api::PluginId;
use arguments::Arguments;
use decode::{Access, Mark, decode, is_cut, mark};
use symbols::Symbols;
use tracker::{Block, Tracker};
use windows::Windows;

/// User space is below.
const KERNEL: u64 = 1 << 63;

/// The most blocks that QEMU may translate, a hundred times those of a cell.
const MOST_BLOCKS: usize = 1 << 22;

/// All that the plugin knows.
struct Plugin {
    id: PluginId,
    symbols: Symbols,
    windows: Windows<BufWriter<File>>,
    tracker: Tracker,
    blocks: Vec<Block>,
}

/// The plugin, which QEMU's thread of the CPU alone uses once it was installed.
struct Shared(UnsafeCell<Option<Plugin>>);

// SAFETY: QEMU calls `qemu_plugin_install` before it starts the CPU's thread, and everything else from that thread.
// The plugin refuses guests with several CPUs.
unsafe impl Sync for Shared {}

static PLUGIN: Shared = Shared(UnsafeCell::new(None));

/// Calls `with` with the plugin, if it was installed.
fn plugin(with: impl FnOnce(&mut Plugin)) {
    // SAFETY: one thread, see `Shared`, and no callback calls another.
    if let Some(plugin) = unsafe { &mut *PLUGIN.0.get() } {
        with(plugin);
    }
}

/// What QEMU says of itself, as far as it is the same in all versions.
#[repr(C)]
struct Info {
    target: *const c_char,
    minimum: c_int,
    current: c_int,
    system_emulation: bool,
    cpus: c_int,
}

/// QEMU calls this when it has loaded the plugin.
#[unsafe(no_mangle)]
extern "C" fn qemu_plugin_install(
    id: PluginId,
    info: *const Info,
    count: c_int,
    arguments: *const *const c_char,
) -> c_int {
    // SAFETY: QEMU passes valid information and `count` strings.
    let installed = unsafe {
        let count = usize::try_from(count).unwrap_or_default();
        let all = (0..count).map(|index| CStr::from_ptr(*arguments.add(index)).to_str().unwrap_or_default());
        install(id, &*info, all)
    };
    match installed {
        Ok(plugin) => {
            // SAFETY: no other thread uses it yet.
            unsafe { *PLUGIN.0.get() = Some(plugin) };
            api::on_translation(id, watch_for_arming);
            0
        }
        Err(why) => {
            eprintln!("hookbench's plugin: {why}");
            1
        }
    }
}

fn install<'a>(
    id: PluginId,
    info: &Info,
    arguments: impl Iterator<Item = &'a str>,
) -> Result<Plugin, String> {
    if !info.system_emulation || info.cpus != 1 {
        return Err(format!("a guest with {} CPUs; it follows one", info.cpus));
    }
    api::open().map_err(|name| format!("this QEMU has no {name}"))?;
    let Arguments { symbols: list, windows, wanted } = Arguments::read(arguments)?;
    let failed = |what: &str, error: &io::Error| format!("failed to {what}: {error}");
    let text =
        fs::read_to_string(&list).map_err(|error| failed(&format!("read {}", list.display()), &error))?;
    let symbols = Symbols::read(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    let file = File::create(&windows);
    let windows = file
        .and_then(|file| Windows::begin(BufWriter::new(file), wanted))
        .map_err(|error| failed(&format!("write {}", windows.display()), &error))?;
    Ok(Plugin { id, symbols, windows, tracker: Tracker::new(0), blocks: Vec::new() })
}

/// Looks for the mark that arms the plugin. Nothing else is instrumented yet.
extern "C" fn watch_for_arming(_: PluginId, block: *mut api::RawBlock) {
    // SAFETY: QEMU passed the block to this callback.
    let block = unsafe { api::Block::of_callback(block) };
    if block.address() >= KERNEL {
        return;
    }
    for instruction in block.instructions() {
        if mark(instruction.bytes(&mut [0; 16])) == Some(Mark::Arm) {
            instruction.on_execution(arm);
        }
    }
}

extern "C" fn arm(_: c_uint, _: *mut c_void) {
    plugin(|plugin| api::reset(plugin.id, instrument_from_now_on));
}

extern "C" fn instrument_from_now_on(id: PluginId) {
    plugin(|plugin| {
        api::find_counter();
        plugin.tracker = Tracker::new(api::counted());
    });
    api::on_translation(id, instrument);
}

extern "C" fn instrument(_: PluginId, block: *mut api::RawBlock) {
    // SAFETY: QEMU passed the block to this callback.
    let block = unsafe { api::Block::of_callback(block) };
    plugin(|plugin| plugin.instrument(&block));
}

/// Instructions that are counted together, before the first of them. All but the last are NOPs, which cannot fault: a
/// block of the guest's idle loop has 256, and one addition.
#[derive(Default)]
struct Group {
    first: Option<api::Instruction>,
    instructions: u64,
}

impl Group {
    /// Adds an instruction.
    fn add(&mut self, instruction: api::Instruction, is_nop: bool) {
        self.first.get_or_insert(instruction);
        self.instructions += 1;
        if !is_nop {
            self.end();
        }
    }

    /// Has QEMU count the group.
    fn end(&mut self) {
        if let Some(first) = self.first.take() {
            first.count(std::mem::take(&mut self.instructions));
        }
    }
}

/// The instructions of the block. QEMU 7.2 also lists one that it leaves to the next block: a later instruction that
/// begins on the block's page and ends on the next.
fn made_by(block: &api::Block) -> Vec<api::Instruction> {
    let mut instructions: Vec<_> = block.instructions().collect();
    if instructions.len() > 1 && instructions.last().is_some_and(|last| is_cut(last.bytes(&mut [0; 16]))) {
        instructions.pop();
    }
    instructions
}

impl Plugin {
    fn instrument(&mut self, block: &api::Block) {
        // Nothing more is attributed.
        if self.windows.has_ended() {
            return;
        }
        let (id, begin) = (self.blocks.len(), block.address());
        let instructions = made_by(block);
        let all = instructions.len() as u64;
        let mut found = None;
        let mut group = Group::default();
        for instruction in instructions {
            let mut buffer = [0; 16];
            let bytes = instruction.bytes(&mut buffer);
            match mark(bytes).filter(|_| begin < KERNEL) {
                Some(Mark::Begin) => instruction.on_execution(begin_window),
                Some(Mark::End) => instruction.on_execution(end_window),
                Some(Mark::Made) => instruction.on_execution(end_operation),
                Some(Mark::Arm) | None => {}
            }
            group.add(instruction, bytes == [0x90]);
            found = Some((decode(bytes), instruction.address() + instruction.size() as u64, instruction));
        }
        group.end();
        let Some((last, end, instruction)) = found.filter(|_| id < MOST_BLOCKS) else { return };
        let code = self.symbols.at(begin);
        self.blocks.push(Block { begin, end, instructions: all, code, last });
        block.on_execution(enter_block, id);
        if last.access != Access::Nothing {
            instruction.on_access(access_memory, id);
        }
    }

    fn end_window(&mut self) {
        for (counts, sum) in self.tracker.end(api::counted()) {
            if let Err(error) = self.windows.write(&self.tracker.tree, &counts, sum) {
                eprintln!("hookbench's plugin: failed to write windows: {error}");
            }
        }
    }

    fn end_operation(&mut self) {
        if let Err(error) = self.windows.end_operation() {
            eprintln!("hookbench's plugin: failed to write windows: {error}");
        }
    }
}

extern "C" fn enter_block(_: c_uint, id: *mut c_void) {
    plugin(|plugin| {
        if let Some(block) = plugin.blocks.get(id as usize) {
            plugin.tracker.enter(id as usize, block, api::counted());
        }
    });
}

extern "C" fn access_memory(_: c_uint, info: u32, address: u64, id: *mut c_void) {
    plugin(|plugin| plugin.tracker.access(id as usize, address, api::is_store(info)));
}

extern "C" fn begin_window(_: c_uint, _: *mut c_void) {
    plugin(|plugin| plugin.tracker.begin(api::counted()));
}

extern "C" fn end_window(_: c_uint, _: *mut c_void) {
    plugin(Plugin::end_window);
}

extern "C" fn end_operation(_: c_uint, _: *mut c_void) {
    plugin(Plugin::end_operation);
}
