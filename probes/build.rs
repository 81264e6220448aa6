//! Compiles bpf/*.bpf.c, one object per mechanism, for the half of the crate
//! that runs in the guest. Without the feature `attach` there is nothing to do.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compilers that are tried, in this order, when `CLANG` names none: first
/// the one that set-up installs, for another compiler makes other programs.
const COMPILERS: &[&str] = &[
    "clang-19", "clang", "clang-22", "clang-21", "clang-20", "clang-18", "clang-17", "clang-16", "clang-15",
    "clang-14",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-env-changed=CLANG");
    if env::var_os("CARGO_FEATURE_ATTACH").is_none() {
        return Ok(());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let include = env::var("DEP_BPF_INCLUDE")?;
    let (compiler, version) = compiler()?;
    for entry in fs::read_dir("bpf")? {
        let source = entry?.path();
        let name = source.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".bpf.c") {
            compile(&compiler, &include, &source, &out.join(format!("{stem}.bpf.o")), &[])?;
            // Records with the value of LD_PRELOAD need CO-RE, and so libbpf the
            // kernel's BTF: those who do without shall not pay for it.
            let with_value = out.join(format!("{stem}.ld_preload.bpf.o"));
            compile(&compiler, &include, &source, &with_value, &["-DWITH_LD_PRELOAD"])?;
        }
    }
    println!("cargo::rustc-env=HOOKBENCH_BPF_COMPILER={version}");
    Ok(())
}

/// The compiler's name and the first line of its `--version`.
fn compiler() -> Result<(String, String), Box<dyn Error>> {
    let asked = env::var("CLANG").ok();
    for name in asked.iter().map(String::as_str).chain(COMPILERS.iter().copied()) {
        if let Ok(output) = Command::new(name).arg("--version").output() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            return Ok((name.into(), text.lines().next().unwrap_or_default().into()));
        }
    }
    Err(format!("no compiler for BPF found; tried {}; install clang-19 or set CLANG", COMPILERS.join(", "))
        .into())
}

fn compile(
    compiler: &str,
    include: &str,
    source: &Path,
    object: &Path,
    defines: &[&str],
) -> Result<(), Box<dyn Error>> {
    let status = Command::new(compiler)
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"])
        .args(["-Wno-unused-parameter", "-D__TARGET_ARCH_x86"])
        // Line information is loaded into the kernel with the program: it must
        // not name this machine's folders, or numbers would depend on them.
        .args(["-fdebug-compilation-dir=.", &format!("-ffile-prefix-map={include}=/libbpf")])
        .args(defines)
        .args(["-I", include, "-I/usr/include/x86_64-linux-gnu", "-c"])
        .arg(source)
        .arg("-o")
        .arg(object)
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("{compiler} failed on {}", source.display()).into()) }
}
