//! A folder for the files that a workload's operations use. Nothing is opened to make or to remove it, because a
//! monitor may count opened files.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where it is made: in the tmpfs that every Debian has there. In guests it is a part of devtmpfs, where Landlock's
/// rules allow to open files.
const PLACE: &str = "/dev/shm";

/// The most folders at once.
const MOST: u32 = 1000;

/// A folder that goes with this value.
pub(crate) struct Folder {
    path: PathBuf,
    /// What was made in it, in this order.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Makes a folder. The first one of a machine always has the same name: the cost of a path depends on its names.
    ///
    /// # Errors
    /// When the kernel refuses, or there are too many.
    pub(crate) fn make() -> io::Result<Folder> {
        // A guest has none; elsewhere it is there.
        let _ = fs::create_dir(PLACE);
        for number in 0..MOST {
            let path = Path::new(PLACE).join(format!("hookbench-{number}"));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Folder { path, made: Vec::new() }),
            }
        }
        Err(io::Error::other(format!(
            "{PLACE} has {MOST} folders hookbench-N; remove those that nobody uses"
        )))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in it, which the caller makes.
    pub(crate) fn claim(&mut self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        self.made.push(path.clone());
        path
    }

    /// Makes the folder `name`. Returns its path.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn folder(&mut self, name: &str) -> io::Result<PathBuf> {
        let path = self.claim(name);
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// Makes the empty file `name`. Returns its path.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn file(&mut self, name: &str) -> io::Result<PathBuf> {
        let path = self.claim(name);
        let name = c_path(&path)?;
        // SAFETY: the path ends in NUL and outlives the call.
        match unsafe { libc::mknod(name.as_ptr(), libc::S_IFREG | 0o644, 0) } {
            0 => Ok(path),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Makes the symbolic link `name` to `target`. Returns its path.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn link(&mut self, name: &str, target: &str) -> io::Result<PathBuf> {
        let path = self.claim(name);
        symlink(target, &path)?;
        Ok(path)
    }
}

impl Drop for Folder {
    /// A process in a sandbox may not remove anything.
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
        }
        let _ = fs::remove_dir(&self.path);
    }
}

/// The path as the kernel takes it.
///
/// # Errors
/// When it contains a NUL.
pub(crate) fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_all_that_was_made_in_it() {
        let (mut folder, other) = (Folder::make().unwrap(), Folder::make().unwrap());
        folder.folder("a").unwrap();
        let file = folder.file("a/f").unwrap();
        let link = folder.link("l", "a/f").unwrap();
        assert!(file.is_file() && link.is_file());
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists() && other.path().exists());
    }
}
