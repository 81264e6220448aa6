//! USB drives that the kernel itself plays: devices of the mass-storage function, which are made in configfs
//! (Documentation/usb/gadget_configfs.rst).

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use super::exists;
use crate::sys::mount;

/// Where configfs is mounted.
const CONFIGURATION: &str = "/sys/kernel/config";

/// The folder of the device `name`.
fn folder(name: &str) -> String {
    format!("{CONFIGURATION}/usb_gadget/{name}")
}

/// Mounts the file system in which devices are made.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn mount_configuration() -> io::Result<()> {
    mount("configfs", CONFIGURATION, Some("configfs"), 0, "")
}

/// Makes a device with a drive for each of `files`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn make(name: &str, files: &[String]) -> io::Result<()> {
    let device = folder(name);
    let function = format!("{device}/functions/mass_storage.0");
    let configuration = format!("{device}/configs/c.1");
    fs::create_dir(&device)?;
    fs::write(format!("{device}/idVendor"), "0x1d6b")?;
    fs::write(format!("{device}/idProduct"), "0x0104")?;
    fs::create_dir(&function)?;
    for (number, file) in files.iter().enumerate() {
        let drive = format!("{function}/lun.{number}");
        // The function has the first.
        if !exists(&drive) {
            fs::create_dir(&drive)?;
        }
        fs::write(format!("{drive}/removable"), "1")?;
        fs::write(format!("{drive}/file"), file)?;
    }
    fs::create_dir(&configuration)?;
    symlink(&function, format!("{configuration}/mass_storage.0"))
}

/// Plugs the device in, at the controller `port`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn plug(name: &str, port: &str) -> io::Result<()> {
    fs::write(format!("{}/UDC", folder(name)), port)
}

/// Unplugs the device, if it is plugged in.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn unplug(name: &str) -> io::Result<()> {
    let port = format!("{}/UDC", folder(name));
    if fs::read_to_string(&port)?.trim().is_empty() { Ok(()) } else { fs::write(port, "\n") }
}
