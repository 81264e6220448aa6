//! What a guest starts from: a kernel with an image, or a file of memory.

use std::path::Path;

use super::arguments::Arguments;

/// What a guest boots.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// The kernel, uncompressed.
    pub vmlinux: &'a Path,
    /// The initramfs.
    pub image: &'a Path,
    /// The kernel's command line.
    pub boot_line: &'a str,
}

impl Boot<'_> {
    /// Returns QEMU's arguments. A guest that resumes from a snapshot has these
    /// things in its memory already.
    pub(crate) fn arguments(&self) -> Arguments {
        Arguments::default()
            .option("-kernel", self.vmlinux)
            .option("-initrd", self.image)
            .option("-append", self.boot_line)
    }
}

/// Whether writes of a guest to its memory reach the file of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryWrites {
    /// They do: hookbench is making the file.
    ToFile,
    /// They do not: the host copies each page when the guest first writes to it.
    Private,
}

/// Returns the arguments that make `file` the guest's memory of `mib` MiB.
pub(crate) fn memory_file(file: &Path, mib: u32, writes: MemoryWrites) -> Arguments {
    let share = match writes {
        MemoryWrites::ToFile => "on",
        MemoryWrites::Private => "off",
    };
    let before = format!("memory-backend-file,id=ram,size={mib}M,share={share},mem-path=");
    Arguments::default().option_with_path("-object", &before, file).option("-machine", "memory-backend=ram")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_the_path_of_a_memory_file_is_doubled() {
        let arguments = memory_file(Path::new("/tmp/a,b"), 256, MemoryWrites::ToFile).text();
        let expected = "memory-backend-file,id=ram,size=256M,share=on,mem-path=/tmp/a,,b";
        assert_eq!(arguments, ["-object", expected, "-machine", "memory-backend=ram"]);
    }
}
