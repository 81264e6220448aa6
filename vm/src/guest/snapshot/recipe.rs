//! What a snapshot is made of, and its name in the cache.

use std::path::Path;

use serde_json::json;

use crate::files::digest;
use crate::kernel::Kernel;
use crate::machine::Machine;

/// The version of the files and of the way to make them. Raise it when either changes.
const FORMAT: u32 = 4;

/// Everything that a snapshot depends on, apart from the machine.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// The initramfs.
    pub image: &'a Path,
    /// The SHA-256 of the initramfs.
    pub image_sha256: &'a str,
    /// The kernel's command line.
    pub boot_line: &'a str,
    /// QEMU's version, as QEMU prints it.
    pub qemu: &'a str,
}

impl Recipe<'_> {
    /// Returns the snapshot's name in the cache.
    #[must_use]
    pub fn key(&self, machine: Machine) -> String {
        key(self.qemu, machine, &self.kernel.sha256, self.image_sha256, self.boot_line)
    }
}

fn key(qemu: &str, machine: Machine, kernel_sha256: &str, image_sha256: &str, boot_line: &str) -> String {
    let arguments = machine.arguments();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let memory = machine.memory_mib();
    let firmware = machine.firmware().map(digest::sha256);
    let all = json!([FORMAT, qemu, arguments, kernel_sha256, image_sha256, boot_line, memory, firmware]);
    let all = all.to_string();
    digest::sha256(all.as_bytes())[..32].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Tcg;
    use std::collections::BTreeSet;

    fn machine(cpus: u16, memory_mib: u32) -> Machine {
        Machine::Tcg(Tcg { cpus, memory_mib })
    }

    #[test]
    fn a_snapshot_of_another_qemu_kernel_image_or_boot_line_is_another() {
        let keys = [
            key("QEMU 7.2", machine(1, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", machine(2, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", machine(1, 512), "kernel", "image", "quiet"),
            key("QEMU 7.3", machine(1, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", machine(1, 256), "kernem", "image", "quiet"),
            key("QEMU 7.2", machine(1, 256), "kernel", "imagf", "quiet"),
            key("QEMU 7.2", machine(1, 256), "kernel", "image", "quiet audit=0"),
            key("QEMU 7.2", machine(1, 256), "kerneli", "mage", "quiet"),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys[0], key("QEMU 7.2", machine(1, 256), "kernel", "image", "quiet"));
    }

    /// Users keep gigabytes of snapshots: a new name would make them all again.
    #[test]
    fn the_name_of_a_snapshot_is_as_it_was() {
        let key = key("QEMU 7.2", machine(1, 256), "kernel", "image", "quiet");
        assert_eq!(key, "16f4e057d01760ea66503a42e8208104");
    }
}
