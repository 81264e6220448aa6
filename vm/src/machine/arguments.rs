//! A builder for QEMU's command line. Which options there are, and in which
//! order, is decided by those who use it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Arguments of QEMU, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments(Vec<OsString>);

impl Arguments {
    /// Adds the option `name` without a value.
    pub(crate) fn flag(mut self, name: &str) -> Arguments {
        self.0.push(name.into());
        self
    }

    /// Adds the option `name` with `value`.
    pub(crate) fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Arguments {
        self.0.extend([name.into(), value.as_ref().into()]);
        self
    }

    /// Adds the option `name` with a value that ends in a path. QEMU's parser ends a
    /// value at a comma, so commas in the path are doubled.
    pub(crate) fn option_with_path(self, name: &str, before: &str, path: &Path) -> Arguments {
        let mut value = OsString::from(before);
        value.push(path.to_string_lossy().replace(',', ",,"));
        self.option(name, value)
    }

    /// Adds all of `more`.
    pub(crate) fn append(mut self, more: Arguments) -> Arguments {
        self.0.extend(more.0);
        self
    }

    /// Returns the arguments as a process gets them.
    pub(crate) fn into_vec(self) -> Vec<OsString> {
        self.0
    }

    /// Returns the arguments as text, for tests.
    #[cfg(test)]
    pub(super) fn text(&self) -> Vec<String> {
        self.0.iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }
}
