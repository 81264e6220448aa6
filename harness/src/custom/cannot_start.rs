//! The error about a command that cannot start in a guest. Callers branch on it: it is a
//! mistake in what the user asked for.

/// A command cannot start in the guest. It is a mistake in what the user asked for.
#[derive(Debug)]
pub(crate) struct CannotStart(pub(super) String);

impl std::fmt::Display for CannotStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CannotStart {}
