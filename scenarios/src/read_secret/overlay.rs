//! The file through an overlay file system, where it has another inode.

use std::fs;
use std::io;

use super::{open_path, read_after};
use crate::scenario::{Need, Way};
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way = Way {
    needs: &[Need::Loaded("overlay")],
    as_root: true,
    ..Way::ordinary("overlay", "root opens the file through an overlay file system", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    for name in ["overlay", "overlay/upper", "overlay/work", "overlay/merged"] {
        fs::create_dir_all(scene.path(name))?;
    }
    let options = path(&format!(
        "lowerdir={0},upperdir={0}/overlay/upper,workdir={0}/overlay/work",
        scene.folder.display()
    ))?;
    let merged = path(&scene.path("overlay/merged"))?;
    // SAFETY: changes this process's mounts alone; the texts outlive the calls.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWNS))?;
        let name = c"overlay".as_ptr();
        check(libc::mount(
            std::ptr::null(),
            c"/".as_ptr(),
            std::ptr::null(),
            libc::MS_REC | libc::MS_PRIVATE,
            std::ptr::null(),
        ))?;
        check(libc::mount(name, merged.as_ptr(), name, 0, options.as_ptr().cast()))?;
    }
    let secret = path(&scene.path("overlay/merged/secret"))?;
    read_after(scene, || open_path(&secret))
}
