//! Writes what the C sources take from the table of behaviours, and compiles bpf/*.bpf.c,
//! an object per source, for the half of the crate that runs in the guest. Without the
//! feature `attach` there is nothing to compile.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "build/headers.rs"]
mod headers;
#[path = "src/slots.rs"]
mod slots;

/// The compilers to try, in this order, when `CLANG` names none. The first is the one
/// that `cargo xtask setup` installs: another compiler makes other programs.
const COMPILERS: &[&str] = &[
    "clang-19", "clang", "clang-22", "clang-21", "clang-20", "clang-18", "clang-17", "clang-16", "clang-15",
    "clang-14",
];

/// The folder of the sources. Debug information names it for the generated headers too.
const SOURCES: &str = "bpf";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCES}");
    println!("cargo::rerun-if-env-changed=CLANG");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("slots.h"), headers::slots())?;
    fs::write(out.join("behaviours.bpf.h"), headers::behaviours())?;
    if env::var_os("CARGO_FEATURE_ATTACH").is_none() {
        return Ok(());
    }
    let (compiler, version) = find_compiler()?;
    let includes = Includes {
        generated: out.display().to_string(),
        libbpf: env::var("DEP_BPF_INCLUDE")?,
        architecture: Architecture::of_target()?,
    };
    for entry in fs::read_dir(SOURCES)? {
        let source = entry?.path();
        let name = source.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".bpf.c") {
            compile(&compiler, &includes, &source, &out.join(format!("{stem}.bpf.o")), &[])?;
            // Records with the value of LD_PRELOAD need CO-RE, for which libbpf reads the
            // kernel's BTF. Objects whose records do without must not pay for that.
            let with_value = out.join(format!("{stem}.ld_preload.bpf.o"));
            compile(&compiler, &includes, &source, &with_value, &["-DWITH_LD_PRELOAD"])?;
        }
    }
    println!("cargo::rustc-env=HOOKBENCH_BPF_COMPILER={version}");
    Ok(())
}

/// The compiler's name and the first line of its `--version`.
fn find_compiler() -> Result<(String, String), Box<dyn Error>> {
    let named = env::var("CLANG").ok();
    for name in named.iter().map(String::as_str).chain(COMPILERS.iter().copied()) {
        if let Ok(output) = Command::new(name).arg("--version").output() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            return Ok((name.into(), text.lines().next().unwrap_or_default().into()));
        }
    }
    Err(format!("found no compiler for BPF (tried {}); install clang-19 or set CLANG", COMPILERS.join(", "))
        .into())
}

/// What the compiler has to know of the guest's CPU.
struct Architecture {
    /// The macro by which libbpf's headers pick the registers of system calls.
    define: &'static str,
    /// Where Debian keeps the architecture's `asm/` headers.
    headers: &'static str,
}

impl Architecture {
    fn of_target() -> Result<Architecture, Box<dyn Error>> {
        match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
            "x86_64" => {
                Ok(Architecture { define: "-D__TARGET_ARCH_x86", headers: "/usr/include/x86_64-linux-gnu" })
            }
            other => {
                Err(format!("hookbench has no BPF programs for {other}; add it to probes/build.rs").into())
            }
        }
    }
}

/// Where headers are.
struct Includes {
    generated: String,
    libbpf: String,
    architecture: Architecture,
}

fn compile(
    compiler: &str,
    includes: &Includes,
    source: &Path,
    object: &Path,
    defines: &[&str],
) -> Result<(), Box<dyn Error>> {
    let Includes { generated, libbpf, architecture } = includes;
    let status = Command::new(compiler)
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"])
        .args(["-Wno-unused-parameter", architecture.define])
        // Line information is loaded into the kernel with the program: it must
        // not name this machine's folders, or numbers would depend on them.
        .args(["-fdebug-compilation-dir=.", &format!("-ffile-prefix-map={libbpf}=/libbpf")])
        .arg(format!("-ffile-prefix-map={generated}={SOURCES}"))
        .args(defines)
        .args(["-I", generated, "-I", libbpf, "-I", architecture.headers, "-c"])
        .arg(source)
        .arg("-o")
        .arg(object)
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("{compiler} failed on {}", source.display()).into()) }
}
