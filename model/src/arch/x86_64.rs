//! x86-64.

/// The kernel's function for a system call without arguments. Of its names, which begin with `__x64_sys_`,
/// `__ia32_sys_` and this, only this one is in the kernel's BTF.
macro_rules! call_without_arguments {
    ($name:literal) => {
        concat!("__do_sys_", $name)
    };
}
pub(crate) use call_without_arguments;
