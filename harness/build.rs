//! Builds what hookbench embeds, and passes the paths on: the plugin of QEMU, and the
//! programs that run inside the guest. These are the agent, always with the same profile and flags, whatever those of this
//! crate are, and the no-op that `execve-noop` executes.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The agent's target. It must be explicit: otherwise cargo would link procedural macros
/// statically too, and could not load them.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The crates that the agent is built from.
const AGENT_CRATES: [&str; 4] = ["agent", "probes", "workloads", "model"];

/// The crate of the program that tries scenarios, which is built from `probes` and `model` too.
const SCENARIOS_CRATE: &str = "scenarios";

/// The crate of the plugin.
const PLUGIN_CRATE: &str = "vm/plugin";

/// The parts of a crate that its build reads. Published runs, tests and fuzzing seeds
/// are none of them.
const BUILD_INPUTS: [&str; 7] = ["Cargo.toml", "build.rs", "build", "src", "bpf", "modules", "policies"];

/// The files of the workspace that decide about dependencies and profiles.
const WORKSPACE_INPUTS: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// The environment variables that name compilers.
const COMPILERS: [&str; 2] = ["CLANG", "CC"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    watch(&root);
    let targets = target_folder(&out)?;
    let agent = build_agent(&root, &targets.join("agent"))?;
    let scenarios = build_scenarios(&root, &targets.join("agent"))?;
    let plugin = build_plugin(&root, &targets.join("plugin"))?;
    build_noop(&root.join("workloads/src/arch/x86_64/noop.S"), &out.join("noop"))?;
    let made_by = Command::new(&agent).arg("--made-by").output()?;
    let made_by = String::from_utf8(made_by.stdout)?;
    let mut lines = made_by.lines();
    println!("cargo::rustc-env=HOOKBENCH_AGENT={}", agent.display());
    println!("cargo::rustc-env=HOOKBENCH_SCENARIOS={}", scenarios.display());
    println!("cargo::rustc-env=HOOKBENCH_PLUGIN={}", plugin.display());
    println!("cargo::rustc-env=HOOKBENCH_BPF_COMPILER={}", lines.next().unwrap_or_default());
    println!("cargo::rustc-env=HOOKBENCH_RUSTC={}", lines.next().unwrap_or_default());
    Ok(())
}

/// Has cargo run this again when something changes that the guest's programs are
/// built from, and only then.
fn watch(root: &Path) {
    let crates = AGENT_CRATES.into_iter().chain([SCENARIOS_CRATE, PLUGIN_CRATE]);
    let parts = crates.flat_map(|name| BUILD_INPUTS.map(|input| root.join(name).join(input)));
    // Cargo takes a missing path for one that has changed.
    for path in parts.chain(WORKSPACE_INPUTS.map(|file| root.join(file))).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    for name in COMPILERS {
        println!("cargo::rerun-if-env-changed={name}");
    }
}

/// This build's target folder. The cargos that this starts have others inside of it,
/// because the outer cargo holds the lock of this one.
fn target_folder(out: &Path) -> Result<PathBuf> {
    // OUT_DIR is `TARGET_DIR/PROFILE/build/…`.
    let build = out.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "build"));
    let target = build.and_then(|build| build.ancestors().nth(2));
    Ok(target.ok_or_else(|| format!("{} is not in a target folder", out.display()))?.to_path_buf())
}

fn build_agent(root: &Path, target: &Path) -> Result<PathBuf> {
    let made = build(root, target, "agent", "hookbench-agent", STATIC)
        .map_err(|why| format!("{why}; install what it needs with: cargo xtask setup"))?;
    Ok(made.join("hookbench-agent"))
}

fn build_scenarios(root: &Path, target: &Path) -> Result<PathBuf> {
    let package = ["hookbench-scenarios", "--features", "guest"];
    Ok(build_with(root, target, "agent", &package, STATIC)?.join("hookbench-scenarios"))
}

fn build_plugin(root: &Path, target: &Path) -> Result<PathBuf> {
    Ok(build(root, target, "plugin", "hookbench-qemu-plugin", "")?.join("libhookbench_qemu_plugin.so"))
}

/// The flags of the compiler for a program of the guest.
const STATIC: &str = "-C target-feature=+crt-static";

/// Builds `package` by the `profile` with these flags of the compiler. Returns the folder of
/// what was made.
fn build(root: &Path, target: &Path, profile: &str, package: &str, flags: &str) -> Result<PathBuf> {
    build_with(root, target, profile, &[package], flags)
}

/// As [`build`], for a package with these arguments.
fn build_with(root: &Path, target: &Path, profile: &str, package: &[&str], flags: &str) -> Result<PathBuf> {
    let status = cargo(root, flags)?
        .args(["build", "--quiet", "--profile", profile, "--target", TARGET, "--target-dir"])
        .arg(target)
        .arg("-p")
        .args(package)
        .status()?;
    if !status.success() {
        return Err(format!("failed to build {}", package.join(" ")).into());
    }
    Ok(target.join(TARGET).join(profile))
}

/// A separate cargo for `root`, whose compiler gets these flags.
fn cargo(root: &Path, flags: &str) -> Result<Command> {
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
    // No path of this machine may be in what is built: equal sources must give equal bytes.
    let home = env::var("CARGO_HOME").or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let flags = format!(
        "{flags} --remap-path-prefix={home}=/cargo --remap-path-prefix={}=/hookbench",
        root.display()
    );
    cargo.current_dir(root).env("RUSTFLAGS", flags.trim_start());
    Ok(cargo)
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
