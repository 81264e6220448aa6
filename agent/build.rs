//! Hands the compiler's version on, so that the agent can say what made it, and
//! has the linker wrap `syscall`.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    println!("cargo::rustc-env=HOOKBENCH_RUSTC={}", version.unwrap_or_default());
    // See src/wrapped.rs.
    println!("cargo::rustc-link-arg=-Wl,--wrap=syscall");
    println!("cargo::rerun-if-changed=build.rs");
}
