//! The channel between hookbench and the agent in a guest: the names of the
//! fw_cfg files, the devices' I/O ports and the sizes that both sides know. The
//! agent repeats these values in `agent/src/ports.rs` and `agent/src/cpus.rs`.

/// The fw_cfg file with the cell, as JSON.
pub(crate) const CELL_FILE: &str = "opt/org.hookbench/cell";

/// The fw_cfg file with the monitor's payload, an archive. Every guest has the
/// file, so that all guests have the same machine; for most it is empty.
pub(crate) const MONITOR_FILE: &str = "opt/org.hookbench/monitor";

/// The fw_cfg file with the workload's payload; see [`MONITOR_FILE`].
pub(crate) const WORKLOAD_FILE: &str = "opt/org.hookbench/workload";

/// hookbench pads a cell with spaces to this many bytes. The cell's length then
/// changes nothing in the guest.
pub(crate) const CELL_SIZE: usize = 1024;

/// The port of `isa-debugcon`, to which the agent writes its messages.
pub(crate) const ANSWER_PORT: u16 = 0xe9;

/// The first port of `isa-debug-exit`, by which the agent ends QEMU.
pub(crate) const EXIT_PORT: u16 = 0xf4;

/// How many ports `isa-debug-exit` takes.
pub(crate) const EXIT_PORTS: u16 = 4;

/// Makes the kernel boot with one CPU. The agent brings up the others;
/// `agent/src/cpus.rs` says why the kernel cannot.
pub(crate) const ONE_CPU_WORD: &str = "maxcpus=1";
