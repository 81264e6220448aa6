//! x86-64.

/// The kernel's function for a system call.
macro_rules! system_call_function {
    ($name:literal) => {
        concat!("__x64_sys_", $name)
    };
}
pub(crate) use system_call_function;
