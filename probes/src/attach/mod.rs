//! The half that runs in the guest, and in the agent on a host: attach a monitor, ask it
//! what it saw, detach it. What several mechanisms share lies in this folder. From the
//! ground up: contracts (`attached`, `evidence`, `request`), the kernel's interfaces
//! (`ledger`, `tracefs`, `audit_link`, `reader`), loaders (`bpf`), and custom monitors.

mod attached;
pub mod audit_link;
pub mod avc;
pub mod bpf;
pub mod custom;
mod evidence;
pub mod kmod;
pub mod ledger;
pub mod login;
pub mod lsm;
pub mod perf_clock;
pub mod reader;
mod request;
mod scheduling;
pub mod seccomp_filter;
pub mod supervisor;
pub(crate) mod timer;
pub mod trace_clock;
pub mod tracefs;
mod vain;
pub mod witness;

pub use attached::{Attached, Blind, Error, EventCounts, Ticks};
pub use bpf::phases;
pub use request::AttachRequest;
pub use scheduling::{ReaderPriority, WORKER_PRIORITY, die_with_parent, set_fifo, set_ordinary};

/// The compiler that made the BPF objects, the first line of its `--version`.
pub const BPF_COMPILER: &str = env!("HOOKBENCH_BPF_COMPILER");
