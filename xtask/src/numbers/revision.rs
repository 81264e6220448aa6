//! An earlier revision, checked out and built: `target/numbers/SHA` has its sources with
//! a separate target folder, and the next call reuses it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Failure, Result, cargo, status, step, target_dir, workspace};

/// Folders of a target folder with compiled dependencies, of the host and of the agent.
const SEEDS: [&str; 2] = ["release", "agent"];

/// A revision of this repository.
#[derive(Debug)]
pub(super) struct Revision {
    /// Its full hash.
    pub hash: String,
    /// `target/numbers/SHA`.
    pub folder: PathBuf,
}

impl Revision {
    /// Finds the commit that git calls `name`.
    pub(super) fn find(name: &str) -> Result<Revision> {
        let commit = format!("{name}^{{commit}}");
        let mut command = Command::new("git");
        command.current_dir(workspace()).args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ]);
        let output =
            command.output().map_err(|error| Failure::new(format!("failed to start git: {error}")))?;
        let hash = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || hash.is_empty() {
            return Err(Failure::usage(format!("git knows no commit {name:?}; `git log` lists them")));
        }
        let folder = target_dir().join("numbers").join(&hash);
        Ok(Revision { hash, folder })
    }

    /// Where its sources are checked out.
    pub(super) fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    /// Its hookbench, built unless an earlier call built it.
    pub(super) fn hookbench(&self) -> Result<PathBuf> {
        let built = self.folder.join("hookbench");
        if built.exists() {
            println!("==> reuse {}", built.display());
            return Ok(built);
        }
        self.check_out()?;
        let mut build = cargo(&["build", "--release", "-p", "hookbench"]);
        // Its own target folder, at the usual place: paths inside the agent are then the same.
        build.current_dir(self.source()).env_remove("CARGO_TARGET_DIR");
        step(&format!("build hookbench of {}", &self.hash[..12]), &mut build)?;
        let program = self.source().join("target/release/hookbench");
        // Renamed when it is complete, since its presence means that it is.
        let partial = self.folder.join("hookbench.partial");
        fs::copy(&program, &partial).and_then(|_| fs::rename(&partial, &built)).map_err(|error| {
            Failure::new(format!("failed to copy {} to {}: {error}", program.display(), built.display()))
        })?;
        Ok(built)
    }

    /// Unpacks the sources and seeds their target folder with dependencies that the
    /// working tree has compiled.
    fn check_out(&self) -> Result<()> {
        let source = self.source();
        let failed =
            |error: io::Error| Failure::new(format!("failed to check out {}: {error}", source.display()));
        if source.exists() {
            fs::remove_dir_all(&source).map_err(failed)?;
        }
        fs::create_dir_all(&source).map_err(failed)?;
        let mut archive = Command::new("git");
        archive.current_dir(workspace()).args(["archive", "--format=tar", &self.hash]).stdout(Stdio::piped());
        let mut archive = archive.spawn().map_err(failed)?;
        let mut tar = Command::new("tar");
        tar.arg("-x").arg("-C").arg(&source);
        if let Some(bytes) = archive.stdout.take() {
            tar.stdin(bytes);
        }
        let unpacked = status(&mut tar)?;
        let archived = archive.wait().map_err(failed)?;
        if !unpacked.success() || !archived.success() {
            return Err(Failure::new(format!(
                "failed to check out {}: git archive ended with {archived}, tar with {unpacked}",
                &self.hash
            )));
        }
        for seed in SEEDS {
            let from = target_dir().join(seed);
            if from.exists() {
                share(&from, &source.join("target").join(seed)).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Whether a file of a target folder belongs to a dependency: what comes from the
/// workspace is named after hookbench, and is built again.
fn of_a_dependency(name: &str) -> bool {
    !name.contains("hookbench") && !["incremental", "examples", ".cargo-lock"].contains(&name)
}

/// Whether rustc replaces a file of this name instead of writing into it, so that both
/// folders can have the same one.
fn is_replaced(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["rlib", "rmeta", "so"].iter().any(|known| extension == *known))
}

/// Links or copies the files below `from` into `to`.
fn share(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if !of_a_dependency(&name.to_string_lossy()) {
            continue;
        }
        let place = to.join(&name);
        if entry.file_type()?.is_dir() {
            share(&path, &place)?;
        } else if !is_replaced(&path) || fs::hard_link(&path, &place).is_err() {
            fs::copy(&path, &place)?;
            // Cargo compares times.
            let modified = entry.metadata()?.modified()?;
            fs::File::open(&place)?.set_modified(modified)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn an_unknown_revision_is_a_usage_error() {
        assert_eq!(Revision::find("no-such-revision").unwrap_err().code, 2);
        assert_eq!(Revision::find("--all").unwrap_err().code, 2);
    }

    #[test]
    fn only_dependencies_are_shared() {
        let folder = std::env::temp_dir().join(format!("xtask-share-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        for file in
            ["deps/libserde-1.rlib", "deps/serde-1.d", "deps/libhookbench_vm-2.rlib", "incremental/x/y"]
        {
            let path = from.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        share(&from, &to).unwrap();
        let shared: Vec<bool> = ["deps/libserde-1.rlib", "deps/libhookbench_vm-2.rlib", "incremental"]
            .map(|file| to.join(file).exists())
            .into();
        let links = ["deps/libserde-1.rlib", "deps/serde-1.d"].map(|file| {
            fs::metadata(to.join(file))
                .map(|metadata| (metadata.nlink(), metadata.modified().unwrap()))
                .unwrap()
        });
        let copied =
            fs::metadata(from.join("deps/serde-1.d")).and_then(|metadata| metadata.modified()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(shared, [true, false, false]);
        // Cargo writes into the file of dependencies: it must be a copy, and as old.
        assert_eq!((links[0].0, links[1].0, links[1].1), (2, 1, copied));
    }
}
