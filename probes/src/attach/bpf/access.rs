//! Whether this process can use BPF in this kernel.

use std::path::Path;

use crate::attach::Error;

/// Whether this process may use BPF. It asks the kernel for the number of the first loaded
/// program, which changes nothing.
///
/// # Errors
/// Why not.
pub fn may_use() -> Result<(), String> {
    if let Err(Error::Unsupported(why)) = require_btf() {
        return Err(why);
    }
    // Of `union bpf_attr`, this command reads three numbers of 32 bits.
    let mut attributes = [0u32; 4];
    // SAFETY: the attributes are valid for their size; the kernel writes one of them.
    let result = unsafe {
        let size = size_of_val(&attributes);
        libc::syscall(libc::SYS_bpf, libbpf_sys::BPF_PROG_GET_NEXT_ID, attributes.as_mut_ptr(), size)
    };
    let error = std::io::Error::last_os_error();
    match (result, error.raw_os_error()) {
        (0, _) | (_, Some(libc::ENOENT)) => Ok(()),
        (_, Some(libc::ENOSYS)) => Err("the kernel was built without CONFIG_BPF_SYSCALL".into()),
        _ => Err(format!("{error}; it needs CAP_BPF or CAP_SYS_ADMIN")),
    }
}

/// Checks that the kernel publishes its types, to which loaders relocate objects.
///
/// # Errors
/// [`Error::Unsupported`] when it does not.
pub(in crate::attach) fn require_btf() -> Result<(), Error> {
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Err(Error::Unsupported(
            "the kernel has no BTF (/sys/kernel/btf/vmlinux), which CO-RE needs".into(),
        ));
    }
    Ok(())
}
