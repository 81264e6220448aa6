//! Builds the programs that run inside the guest and passes their paths on for
//! embedding: the agent, always with the same profile and flags, whatever those of this
//! crate are, and the no-op that `execve-noop` executes.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The agent's target. It must be explicit: otherwise cargo would link procedural macros
/// statically too, and could not load them.
const TARGET: &str = "x86_64-unknown-linux-gnu";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    for part in ["agent", "probes", "workloads", "model", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed=../{part}");
    }
    let agent = build_agent(&root, &target_dir(&out)?)?;
    build_noop(&root.join("workloads/src/arch/x86_64/noop.S"), &out.join("noop"))?;
    let made_by = Command::new(&agent).arg("--made-by").output()?;
    let made_by = String::from_utf8(made_by.stdout)?;
    let mut lines = made_by.lines();
    println!("cargo::rustc-env=HOOKBENCH_AGENT={}", agent.display());
    println!("cargo::rustc-env=HOOKBENCH_BPF_COMPILER={}", lines.next().unwrap_or_default());
    println!("cargo::rustc-env=HOOKBENCH_RUSTC={}", lines.next().unwrap_or_default());
    Ok(())
}

/// A separate target folder inside this build's, because the outer cargo holds the lock
/// of that one.
fn target_dir(out: &Path) -> Result<PathBuf> {
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(target.ok_or("no target folder above OUT_DIR")?.join("agent"))
}

fn build_agent(root: &Path, target: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env::var("CARGO")?);
    // Variables that the outer cargo sets for its build must not change this one.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_OFFLINE"].contains(&&*text);
        if (text.starts_with("CARGO")
            || text.starts_with("RUST") && text != "RUSTUP_HOME" && text != "RUSTUP_TOOLCHAIN")
            && !kept
        {
            cargo.env_remove(&name);
        }
    }
    // No path of this machine may be in the agent: equal sources must give equal bytes.
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let flags = format!(
        "-C target-feature=+crt-static --remap-path-prefix={home}=/cargo --remap-path-prefix={}=/hookbench",
        root.display()
    );
    let status = cargo
        .current_dir(root)
        .args(["build", "--quiet", "--profile", "agent", "-p", "hookbench-agent", "--target", TARGET])
        .arg("--target-dir")
        .arg(target)
        .env("RUSTFLAGS", flags)
        .status()?;
    if !status.success() {
        return Err("failed to build the agent; install what it needs with: cargo xtask setup".into());
    }
    Ok(target.join(TARGET).join("agent/hookbench-agent"))
}

fn build_noop(source: &Path, noop: &Path) -> Result<()> {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let status = Command::new(&compiler)
        .args(["-static", "-nostdlib", "-no-pie", "-Wl,--build-id=none", "-o"])
        .arg(noop)
        .arg(source)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{compiler} failed to build {}", source.display()).into())
    }
}
