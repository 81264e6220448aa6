// SPDX-License-Identifier: GPL-2.0-or-later
//! A plugin of QEMU's TCG that says where the instructions of each timed operation went, by call path. It also copies a
//! warm machine for each cell (`serve/`).
//!
//! It does nothing until the agent in the guest executes the mark `Mark::Arm`. QEMU then translates the guest again,
//! with counters and callbacks, and the plugin follows the calls. After the last operation that is wanted it instruments
//! nothing more. This file is what QEMU calls; `tracker.rs` has the logic.

mod api;
mod arguments;
mod decode;
mod serve;
mod stacks;
mod symbols;
mod tracker;
mod tree;
mod windows;

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::io::BufWriter;
use std::rc::Rc;

use api::PluginId;
use arguments::{Attribution, Task};
use decode::{Access, Mark, decode, is_cut, mark};
use serve::{Point, Server};
use symbols::Symbols;
use tracker::{Block, Tracker};
use windows::Windows;

/// User space is below.
const KERNEL: u64 = 1 << 63;

/// The most blocks that QEMU may translate, a hundred times those of a cell.
const MOST_BLOCKS: usize = 1 << 22;

/// What attributes a machine's operations.
struct Plugin {
    symbols: Rc<Symbols>,
    windows: Windows<BufWriter<File>>,
    tracker: Tracker,
    blocks: Vec<Block>,
}

/// All that the plugin knows.
struct State {
    id: PluginId,
    /// What attributes the operations of this machine, if that is wanted.
    plugin: Option<Plugin>,
    /// What makes copies of it.
    server: Option<Server>,
    /// Whether this is a copy.
    is_copy: bool,
}

/// The state, which QEMU's thread of the CPU alone uses once the plugin was installed.
struct Shared(UnsafeCell<Option<State>>);

// SAFETY: QEMU calls `qemu_plugin_install` before it starts the CPU's thread, and everything else from that thread.
// The plugin refuses guests with several CPUs.
unsafe impl Sync for Shared {}

static STATE: Shared = Shared(UnsafeCell::new(None));

/// Calls `with` with the state, if the plugin was installed.
fn state(with: impl FnOnce(&mut State)) {
    // SAFETY: one thread, see `Shared`, and no callback calls another.
    if let Some(state) = unsafe { &mut *STATE.0.get() } {
        with(state);
    }
}

/// Calls `with` with what attributes operations, if that is wanted.
fn plugin(with: impl FnOnce(&mut Plugin)) {
    state(|state| {
        if let Some(plugin) = &mut state.plugin {
            with(plugin);
        }
    });
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
        Ok(state) => {
            // SAFETY: no other thread uses it yet.
            unsafe { *STATE.0.get() = Some(state) };
            api::on_translation(id, watch_for_marks);
            0
        }
        Err(why) => {
            eprintln!("hookbench's plugin: {why}");
            1
        }
    }
}

fn install<'a>(id: PluginId, info: &Info, arguments: impl Iterator<Item = &'a str>) -> Result<State, String> {
    if !info.system_emulation || info.cpus != 1 {
        return Err(format!("a guest with {} CPUs; it follows one", info.cpus));
    }
    api::open().map_err(|name| format!("this QEMU has no {name}"))?;
    let (mut plugin, mut server) = (None, None);
    match Task::read(arguments)? {
        Task::Attribute(attribution) => {
            let symbols = Rc::new(Symbols::open(&attribution.symbols)?);
            plugin = Some(Plugin::begin(attribution, symbols)?);
        }
        Task::Serve(serving) => server = Some(Server::open(serving)?),
    }
    Ok(State { id, plugin, server, is_copy: false })
}

/// Looks for marks outside of operations. Nothing else is instrumented yet.
extern "C" fn watch_for_marks(_: PluginId, block: *mut api::RawBlock) {
    // SAFETY: QEMU passed the block to this callback.
    watch(&unsafe { api::Block::of_callback(block) });
}

fn watch(block: &api::Block) {
    if block.address() >= KERNEL {
        return;
    }
    for instruction in block.instructions() {
        match mark(instruction.bytes(&mut [0; 16])) {
            Some(Mark::Arm) => instruction.on_execution(arm),
            Some(Mark::Fork) => instruction.on_execution(fork),
            Some(Mark::ForkAttached) => instruction.on_execution(fork_attached),
            Some(Mark::Leave) => instruction.on_execution(leave),
            Some(Mark::Begin | Mark::End | Mark::Made) | None => {}
        }
    }
}

extern "C" fn arm(_: c_uint, _: *mut c_void) {
    state(|state| {
        if state.plugin.is_some() {
            api::reset(state.id, instrument_from_now_on);
        }
    });
}

extern "C" fn fork(_: c_uint, _: *mut c_void) {
    serve_at(Point::Ready);
}

extern "C" fn fork_attached(_: c_uint, _: *mut c_void) {
    serve_at(Point::Attached);
}

/// Makes copies of a machine that serves at `point`, and returns in each of them.
fn serve_at(point: Point) {
    state(|state| {
        let Some(mut server) = state.server.take_if(|server| server.serves_at(point)) else { return };
        let copy = server.serve();
        state.is_copy = true;
        state.server = copy.server;
        state.plugin = copy.attribution.map(|(attribution, symbols)| {
            Plugin::begin(attribution, symbols).unwrap_or_else(|why| {
                eprintln!("hookbench's plugin: {why}");
                serve::leave()
            })
        });
    });
}

extern "C" fn leave(_: c_uint, _: *mut c_void) {
    state(|state| {
        if state.is_copy {
            serve::leave();
        }
    });
}

extern "C" fn instrument_from_now_on(id: PluginId) {
    api::find_counter();
    plugin(|plugin| plugin.tracker = Tracker::new(api::counted()));
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
    fn begin(attribution: Attribution, symbols: Rc<Symbols>) -> Result<Plugin, String> {
        let Attribution { windows, wanted, .. } = attribution;
        let file = File::create(&windows).and_then(|file| Windows::begin(BufWriter::new(file), wanted));
        let windows = file.map_err(|error| format!("failed to write {}: {error}", windows.display()))?;
        Ok(Plugin { symbols, windows, tracker: Tracker::new(0), blocks: Vec::new() })
    }

    fn instrument(&mut self, block: &api::Block) {
        // Nothing more is attributed.
        if self.windows.has_ended() {
            return watch(block);
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
                Some(Mark::Leave) => instruction.on_execution(leave),
                Some(Mark::Arm | Mark::Fork | Mark::ForkAttached) | None => {}
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
    plugin(|plugin| plugin.end_window());
}

extern "C" fn end_operation(_: c_uint, _: *mut c_void) {
    plugin(|plugin| plugin.end_operation());
}
