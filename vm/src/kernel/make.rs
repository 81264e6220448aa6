//! What hookbench's builds with the kernel's makefiles share: the arguments that choose
//! the compiler, and the reason for a failure.

use crate::arch::TOOL_PREFIX;
use crate::debian::toolchain::Toolchain;

/// Returns the arguments of make that choose the compiler and its tools.
pub(super) fn compiler_arguments(toolchain: &Toolchain) -> [String; 2] {
    [format!("CROSS_COMPILE={TOOL_PREFIX}"), format!("CC={}", toolchain.compiler)]
}

/// Returns the first line of `printed` that gives a reason. Lines of make only say that
/// something failed.
pub(super) fn first_error(printed: &str) -> String {
    let lines = || printed.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = lines().find(|line| line.to_lowercase().contains("error") && !line.starts_with("make"));
    reason.or_else(|| lines().next()).unwrap_or("it printed no error").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_the_reason_and_not_that_make_stopped() {
        let printed =
            "warning: old\nmake[1]: *** Error 2\na.c:3:1: error: no such field\nmake: *** Error 2\n";
        assert_eq!(first_error(printed), "a.c:3:1: error: no such field");
        assert_eq!(first_error("pahole: not found\n"), "pahole: not found");
        assert_eq!(first_error(""), "it printed no error");
    }
}
