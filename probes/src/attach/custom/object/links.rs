//! Attaches loaded programs to their places, and says why the kernel refuses one.

use libbpf_rs::{Link, ProgramMut, TracepointCategory};

use super::section::{Kind, Section};

/// The error numbers by which a kernel says that it has no such place, or not for this kind of
/// program.
const NO_PLACE: [i32; 9] = [
    libc::EBUSY,
    libc::EINVAL,
    libc::ENOENT,
    libc::ESRCH,
    libc::EOPNOTSUPP,
    libc::EADDRNOTAVAIL,
    libc::ENXIO,
    libc::EILSEQ,
    // The kernel's ENOTSUPP, which errno(3) does not have.
    524,
];

/// The security hooks that kernels which close any of them close to BPF, because their return
/// values are not errors: `bpf_lsm_disabled_hooks` in kernel/bpf/bpf_lsm.c.
pub(super) const DISABLED_HOOKS: [&str; 10] = [
    "vm_enough_memory",
    "inode_need_killpriv",
    "inode_getsecurity",
    "inode_listsecurity",
    "inode_copy_up_xattr",
    "getselfattr",
    "getprocattr",
    "setprocattr",
    "key_getsecurity",
    "ismaclabel",
];

/// Whether an error number of attaching is about the place.
pub(super) fn is_about_place(errno: i32) -> bool {
    NO_PLACE.contains(&errno)
}

/// Whether the verifier refuses a program because of its place and not of its instructions.
pub(super) fn verdict_is_about_place(why: &str) -> bool {
    [
        "failed to find kernel BTF type ID",
        "is not modifiable",
        "is not sleepable",
        "The address of function",
        "points to disabled hook",
        "' is rejected",
        "is not a function",
        "points to wrong type name",
    ]
    .iter()
    .any(|part| why.contains(part))
}

/// Attaches the program where its section says, or where `section` says if the object or its
/// section does not.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(
    program: &ProgramMut<'_>,
    section: &Section,
    is_explicit: bool,
) -> Result<Link, libbpf_rs::Error> {
    let Some(place) = section.place.as_deref().filter(|_| is_explicit) else { return program.attach() };
    match section.kind {
        Kind::Kprobe => program.attach_kprobe(false, place),
        Kind::Kretprobe => program.attach_kprobe(true, place),
        Kind::Ksyscall => program.attach_ksyscall(false, place),
        Kind::Kretsyscall => program.attach_ksyscall(true, place),
        Kind::RawTp => program.attach_raw_tracepoint(place),
        Kind::Tp => {
            let (group, event) = place.split_once('/').unwrap_or(("", place));
            program.attach_tracepoint(TracepointCategory::Custom(group.into()), event)
        }
        Kind::Lsm => program.attach_lsm(),
        Kind::TpBtf | Kind::Fentry | Kind::Fexit | Kind::FmodRet => program.attach_trace(),
        Kind::KprobeMulti | Kind::KretprobeMulti | Kind::Session | Kind::Other => program.attach(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_refuses_is_about_the_place_or_not() {
        assert!(is_about_place(libc::EBUSY) && is_about_place(524));
        assert!(
            !is_about_place(libc::ENOMEM) && !is_about_place(libc::EMFILE) && !is_about_place(libc::EPERM)
        );
        assert!(verdict_is_about_place("prog 'x': failed to find kernel BTF type ID of 'y': -ESRCH"));
        assert!(!verdict_is_about_place("R1 invalid mem access 'scalar'"));
    }
}
