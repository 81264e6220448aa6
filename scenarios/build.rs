//! Compiles the BPF policies, `probes/policies/**/*.bpf.c`, an object per source, for the half of the crate that runs
//! in the guest, and lists them. Without the feature `guest` there is nothing to compile.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../probes/build/compiler.rs"]
mod compiler;

/// The folder of the policies.
const POLICIES: &str = "../probes/policies";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={POLICIES}");
    println!("cargo::rerun-if-env-changed=CLANG");
    if env::var_os("CARGO_FEATURE_GUEST").is_none() {
        return Ok(());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let compiler = compiler::Compiler {
        program: compiler::find()?.0,
        folder: POLICIES,
        generated: out.clone(),
        libbpf: env::var("DEP_BPF_INCLUDE")?,
    };
    let mut rows = String::new();
    for source in sources(Path::new(POLICIES))? {
        let name = source.strip_prefix(POLICIES)?.to_string_lossy().replace(".bpf.c", "");
        let object = out.join(format!("{}.bpf.o", name.replace('/', "-")));
        compiler.compile(&source, &object, &["-I", POLICIES])?;
        rows += &format!("({name:?}, include_bytes!({:?})),\n", object.display().to_string());
    }
    fs::write(out.join("objects.rs"), format!("&[\n{rows}]\n"))?;
    Ok(())
}

/// The sources in `folder` and below, in the order of their paths.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.to_string_lossy().ends_with(".bpf.c") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
