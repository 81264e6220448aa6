//! Lists the sources of the BPF policies, `probes/policies/**/*.bpf.c`. For the half of the crate that runs in the
//! guest it compiles them, an object per source, and lists the objects.

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
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let found = sources(Path::new(POLICIES))?;
    let mut rows = String::new();
    for source in &found {
        let path = fs::canonicalize(source)?.display().to_string();
        rows += &format!("({:?}, include_str!({path:?})),\n", name(source)?);
    }
    fs::write(out.join("sources.rs"), format!("&[\n{rows}]\n"))?;
    match env::var_os("CARGO_FEATURE_GUEST") {
        Some(_) => compile(&out, &found),
        None => Ok(()),
    }
}

/// The name of the policy in `source`.
fn name(source: &Path) -> Result<String, Box<dyn Error>> {
    Ok(source.strip_prefix(POLICIES)?.to_string_lossy().replace(".bpf.c", ""))
}

/// Compiles `sources` and lists the objects.
fn compile(out: &Path, sources: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let compiler = compiler::Compiler {
        program: compiler::find()?.0,
        folder: POLICIES,
        generated: out.to_path_buf(),
        libbpf: env::var("DEP_BPF_INCLUDE")?,
    };
    let mut rows = String::new();
    for source in sources {
        let name = name(source)?;
        let object = out.join(format!("{}.bpf.o", name.replace('/', "-")));
        compiler.compile(source, &object, &["-I", POLICIES])?;
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
