//! Kernel versions as mechanisms and behaviours require them: major and minor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kernel's major and minor version, as in `6.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KernelVersion {
    /// The 6 of 6.1.
    pub major: u16,
    /// The 1 of 6.1.
    pub minor: u16,
}

impl KernelVersion {
    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that does not begin with a kernel version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a kernel version: {0:?}; expected MAJOR.MINOR, as in 6.1 or 6.1.0-56-cloud-amd64")]
pub struct NotAVersion(String);

impl FromStr for KernelVersion {
    type Err = NotAVersion;

    /// Parses `6.1`, and the beginning of a release like `6.1.0-56-cloud-amd64`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NotAVersion(text.chars().take(80).collect());
        let (major, rest) = text.split_once('.').ok_or_else(error)?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Ok(Self {
            major: major.parse().map_err(|_| error())?,
            minor: rest[..digits].parse().map_err(|_| error())?,
        })
    }
}

impl TryFrom<String> for KernelVersion {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KernelVersion> for String {
    fn from(version: KernelVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_release_parses_as_its_version() {
        assert_eq!("6.1.0-56-cloud-amd64".parse(), Ok(KernelVersion::new(6, 1)));
        assert_eq!("7.3-rc1".parse(), Ok(KernelVersion::new(7, 3)));
        assert!("six.one".parse::<KernelVersion>().is_err());
        assert!("6".parse::<KernelVersion>().is_err());
    }

    #[test]
    fn versions_sort_as_numbers() {
        assert!(KernelVersion::new(6, 12) > KernelVersion::new(6, 2));
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text in ".*") {
            let _ = text.parse::<KernelVersion>();
        }

        #[test]
        fn display_and_parse_round_trip(major: u16, minor: u16) {
            let version = KernelVersion::new(major, minor);
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }
    }
}
