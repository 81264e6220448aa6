//! Scenarios: behaviours that a defender cares about, the ways to reach each, and the policies by which mechanisms
//! should see or stop them. A scenario is a folder and a row in [`SCENARIOS`]; a way is a file and a row in its
//! scenario. A way does the least that shows the effect, carries no payload, and runs in guests alone.
//!
//! The tables and the ways are plain Rust, which the host compiles too; the half that attaches policies and runs
//! ways (`guest`) is only in the program that guests run.

pub mod answer;
#[cfg(feature = "guest")]
#[path = "../../agent/src/arch/mod.rs"]
#[allow(dead_code, reason = "the agent, whose instructions these are, uses more of them")]
mod arch;
mod audit_link;
mod child;
mod confine;
mod connect;
mod descriptor;
mod elf;
mod environment;
mod evidence;
pub mod exchange;
mod exec;
mod execmem;
#[cfg(feature = "guest")]
pub mod guest;
mod hidden_module;
mod library;
mod module;
mod modules;
mod mount;
mod policy;
mod policy_file;
mod process;
mod ptrace;
pub mod race;
pub mod react;
mod read_secret;
mod scenario;
mod scene;
mod section;
mod self_delete;
#[cfg_attr(not(feature = "guest"), allow(dead_code, reason = "the guest attaches by the rest"))]
mod subject;
mod sys;
mod tamper;
mod uring;
mod usb;
mod userns;

pub use confine::{ByCalls, Caller, Confine};
pub use modules::SOURCES as MODULE_SOURCES;
pub use policy::{Action, Grade, NoPolicy, POLICIES, Policy, PolicyName};
pub use policy_file::{PolicyFile, PolicySource, lines, policy_file, policy_path, policy_source};
pub use scenario::{Abi, About, Call, Effect, Flags, Image, Kind, Measured, Need, Replaced, Scenario, Way};
pub use scene::{Scene, Shared, shared};
pub use section::Section;

/// All scenarios, in the order of reports.
pub static SCENARIOS: &[&Scenario] = &[
    &userns::SCENARIO,
    &exec::SCENARIO,
    &execmem::SCENARIO,
    &environment::SCENARIO,
    &library::SCENARIO,
    &self_delete::SCENARIO,
    &module::SCENARIO,
    &hidden_module::SCENARIO,
    &mount::SCENARIO,
    &usb::SCENARIO,
    &read_secret::SCENARIO,
    &evidence::SCENARIO,
    &connect::SCENARIO,
    &ptrace::SCENARIO,
    &tamper::SCENARIO,
];

/// The scenario called `name`.
pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().copied().find(|scenario| scenario.name == name)
}
