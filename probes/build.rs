//! Writes what the C sources take from Rust, and compiles bpf/*.bpf.c,
//! an object per source, for the half of the crate that runs in the guest. Without the
//! feature `attach` there is nothing to compile.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

#[path = "build/compiler.rs"]
mod compiler;
#[path = "build/headers.rs"]
mod headers;
#[path = "src/room.rs"]
mod room;

use compiler::Compiler;

/// The folder of the sources. Debug information names it for the generated headers too.
const SOURCES: &str = "bpf";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SOURCES}");
    println!("cargo::rerun-if-env-changed=CLANG");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("numbers.h"), headers::numbers())?;
    fs::write(out.join("policies.bpf.h"), headers::policies())?;
    if env::var_os("CARGO_FEATURE_ATTACH").is_none() {
        return Ok(());
    }
    let (program, version) = compiler::find()?;
    let (generated, libbpf) = (out.clone(), env::var("DEP_BPF_INCLUDE")?);
    let compiler = Compiler { program, folder: SOURCES, generated, libbpf };
    for entry in fs::read_dir(SOURCES)? {
        let source = entry?.path();
        let name = source.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(".bpf.c") {
            compiler.compile(&source, &out.join(format!("{stem}.bpf.o")), &[])?;
            // Records with the value of LD_PRELOAD need CO-RE, for which libbpf reads the
            // kernel's BTF. Objects whose records do without must not pay for that.
            let with_value = out.join(format!("{stem}.ld_preload.bpf.o"));
            compiler.compile(&source, &with_value, &["-DWITH_LD_PRELOAD"])?;
        }
    }
    println!("cargo::rustc-env=HOOKBENCH_BPF_COMPILER={version}");
    Ok(())
}
