//! The programs that `build.rs` embeds in hookbench, and the compilers that made them.

use hookbench_results::digest::sha256;

/// The agent, which is PID 1 of a guest and a child process on the host.
pub(crate) const AGENT: &[u8] = include_bytes!(env!("HOOKBENCH_AGENT"));
/// The program that `execve-noop` executes.
pub(crate) const NOOP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/noop"));
/// The program that tries scenarios in a guest.
pub(crate) const SCENARIOS: &[u8] = include_bytes!(env!("HOOKBENCH_SCENARIOS"));
/// The plugin of QEMU that attributes instructions.
pub(crate) const PLUGIN: &[u8] = include_bytes!(env!("HOOKBENCH_PLUGIN"));
/// The compiler of the BPF objects in the agent.
pub const BPF_COMPILER: &str = env!("HOOKBENCH_BPF_COMPILER");
/// The compiler of the agent.
pub(crate) const RUSTC: &str = env!("HOOKBENCH_RUSTC");

/// The SHA-256 of the agent, in hexadecimal.
pub(crate) fn agent_sha256() -> String {
    sha256(AGENT)
}
