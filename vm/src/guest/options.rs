//! The options of a guest, apart from what it boots and which cell it runs.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::console::Show;
use crate::files::scratch::Scratch;
use crate::image::payload::Payload;
use crate::machine::{Machine, Plugin, Qemu};

/// How a guest runs.
#[derive(Debug, Clone, Copy)]
pub struct GuestOptions<'a> {
    /// How long the guest may take, in real time.
    pub budget: Duration,
    /// How many samples its answer may have. hookbench ends a guest while it
    /// writes more than such an answer can be long.
    pub samples: u32,
    /// The QEMU.
    pub qemu: &'a Qemu,
    /// The machine.
    pub machine: Machine,
    /// Where the guest's files go.
    pub scratch: &'a Scratch,
    /// hookbench ends the guest at once when this becomes true.
    pub stop: &'a AtomicBool,
    /// Shows the console while the guest runs.
    pub console: Option<Show>,
    /// The payload that the guest gets with its cell.
    pub payload: Payload<'a>,
    /// The plugin that QEMU loads.
    pub plugin: Option<Plugin<'a>>,
    /// Whether the guest has to send the dynamic functions of its kernel after the timed operations.
    pub sends_symbols: bool,
    /// How many bytes of its kernel's functions the guest may send.
    pub symbols: u64,
}
