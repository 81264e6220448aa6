//! The channel between hookbench and the agent in a guest: names of fw_cfg files, I/O ports, the values
//! written to them, and words of the kernel's command line. QEMU's arguments and the agent's instructions
//! both come from here. What the two sides say through the channel is in `protocol.rs`.

/// The fw_cfg file that the agent reads first: what to attach, an [`AttachOrder`](crate::protocol::AttachOrder) as JSON,
/// padded; or what to do in place of a cell.
pub const ORDER_FILE: &str = "opt/org.hookbench/order";

/// The fw_cfg file that holds the cell, which the agent reads when the monitor is attached: one
/// [`CellSpec`](crate::protocol::CellSpec) as JSON, padded.
pub const CELL_FILE: &str = "opt/org.hookbench/cell";

/// The fw_cfg file that holds the monitor's payload, a cpio archive; empty for most monitors. Every guest
/// has the file, so all have the same machine.
pub const MONITOR_FILE: &str = "opt/org.hookbench/monitor";

/// The fw_cfg file that holds the workload's payload, like [`MONITOR_FILE`].
pub const WORKLOAD_FILE: &str = "opt/org.hookbench/workload";

/// The smallest size of [`ORDER_FILE`] and [`CELL_FILE`] in bytes. Shorter ones are padded to it: cells of different
/// lengths then take equally many instructions to read.
pub const CELL_SIZE: usize = 1024;

/// The byte that pads an order and a cell. JSON ignores it.
pub const CELL_PADDING: u8 = b' ';

/// The last byte of [`CELL_FILE`], which is padding, if the agent has to send the kernel's dynamic functions after the
/// timed operations. It is no word of the cell, because a longer cell takes more instructions to read: the operations
/// of a cell are the same with and without it.
pub const SENDS_SYMBOLS: u8 = b'\n';

/// The largest size of [`ORDER_FILE`] and [`CELL_FILE`] in bytes that the agent accepts.
pub const LONGEST_CELL: usize = 64 * 1024;

/// The word of the kernel's command line that makes a kernel with several CPUs start only the first. The
/// agent brings up the others.
pub const CPUS_HELD_BACK: &str = "maxcpus=1";

/// I/O ports of an x86 guest, and what the agent writes to them.
pub mod port {
    /// QEMU's debug console, `-device isa-debugcon`: each byte written here goes to the answer file.
    pub const DEBUG_CONSOLE: u16 = 0xe9;

    /// `-device isa-debug-exit`: a write ends QEMU with status `2 * value + 1`.
    pub const DEBUG_EXIT: u16 = 0xf4;

    /// How many ports [`DEBUG_EXIT`] takes: the agent writes 32 bits at once.
    pub const DEBUG_EXIT_SIZE: u16 = 4;

    /// What the agent writes to [`DEBUG_EXIT`].
    pub const EXIT_VALUE: u32 = 0;

    /// `-device pvpanic`, at QEMU's usual place. With `-action panic=pause` a write of [`PANICKED`] stops the
    /// machine.
    pub const PVPANIC: u16 = 0x505;

    /// The event "the guest panicked" of [`PVPANIC`].
    pub const PANICKED: u8 = 1;

    /// fw_cfg's selector (QEMU, docs/specs/fw_cfg).
    pub const FW_CFG_SELECTOR: u16 = 0x510;

    /// fw_cfg's data: each read returns the next byte of what is selected.
    pub const FW_CFG_DATA: u16 = 0x511;

    /// The upper half of the address of a DMA request to fw_cfg, big endian.
    pub const FW_CFG_DMA_HIGH: u16 = 0x514;

    /// The lower half. Writing it starts the request.
    pub const FW_CFG_DMA_LOW: u16 = 0x518;
}
