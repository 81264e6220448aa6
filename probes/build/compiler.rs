//! The compiler of BPF programs, for the build scripts of this crate and of `scenarios`.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compilers to try, in this order, when `CLANG` names none. The first is the one
/// that `cargo xtask setup` installs: another compiler makes other programs.
const COMPILERS: &[&str] = &[
    "clang-19", "clang", "clang-22", "clang-21", "clang-20", "clang-18", "clang-17", "clang-16", "clang-15",
    "clang-14",
];

/// The compiler's name and the first line of its `--version`.
pub(crate) fn find() -> Result<(String, String), Box<dyn Error>> {
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
            other => Err(format!("hookbench has no BPF programs for {other}; add it to probes/build").into()),
        }
    }
}

/// A compiler and where it finds headers.
pub(crate) struct Compiler {
    /// Its name.
    pub(crate) program: String,
    /// The folder of the sources. Debug information names it for the generated headers too.
    pub(crate) folder: &'static str,
    /// The folder of generated headers.
    pub(crate) generated: PathBuf,
    /// The folder of libbpf's headers.
    pub(crate) libbpf: String,
}

impl Compiler {
    /// Compiles `source` with these additional arguments.
    pub(crate) fn compile(&self, source: &Path, object: &Path, more: &[&str]) -> Result<(), Box<dyn Error>> {
        let Compiler { program, folder, generated, libbpf } = self;
        let (generated, architecture) = (generated.display(), Architecture::of_target()?);
        let status = Command::new(program)
            .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"])
            .args(["-Wno-unused-parameter", architecture.define])
            // Line information is loaded into the kernel with the program: it must
            // not name this machine's folders, or numbers would depend on them.
            .args(["-fdebug-compilation-dir=.", &format!("-ffile-prefix-map={libbpf}=/libbpf")])
            .arg(format!("-ffile-prefix-map={generated}={folder}"))
            .args(more)
            .args(["-I", &generated.to_string(), "-I", libbpf, "-I", architecture.headers, "-c"])
            .arg(source)
            .arg("-o")
            .arg(object)
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("{program} failed on {}", source.display()).into())
        }
    }
}
