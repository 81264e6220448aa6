//! How a cell boots its kernel: the boot profile, the number of CPUs and the memory. What the
//! profiles mean is the business of the crate `vm`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A boot profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// As little as possible besides what is measured: two security modules, no mitigations,
    /// no address randomisation.
    #[default]
    Lean,
    /// Like the distribution: its list of security modules, with mitigations and address
    /// randomisation.
    Debian,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Profile; 2] = [Profile::Lean, Profile::Debian];

    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Lean => "lean",
            Profile::Debian => "debian",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A boot profile with a number of CPUs and an amount of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Boot {
    /// The profile.
    pub profile: Profile,
    /// The number of virtual CPUs of the guest. Under the exact clock they take turns, so
    /// the number affects memory, not time.
    pub cpus: u16,
    /// The memory of the guest in MiB. It affects the cost of a cell slightly.
    pub memory_mib: u32,
}

/// The largest number of CPUs.
pub const MOST_CPUS: u16 = 64;

/// The default memory of a guest in MiB.
pub const USUAL_MEMORY: u32 = 256;

/// The memory that a guest can have, in MiB.
pub const MEMORY: std::ops::RangeInclusive<u32> = USUAL_MEMORY..=16_384;

impl Default for Boot {
    fn default() -> Self {
        Self { profile: Profile::Lean, cpus: 1, memory_mib: USUAL_MEMORY }
    }
}

impl Boot {
    /// Whether it is the default of cells.
    pub fn is_default(&self) -> bool {
        *self == Boot::default()
    }
}

impl fmt::Display for Boot {
    /// `lean`, `debian`, `lean*4` with four CPUs, `lean@1024` with 1,024 MiB.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus = if self.cpus == 1 { String::new() } else { format!("*{}", self.cpus) };
        let memory =
            if self.memory_mib == USUAL_MEMORY { String::new() } else { format!("@{}", self.memory_mib) };
        f.pad(&format!("{}{cpus}{memory}", self.profile))
    }
}

/// Why a text is not a boot profile.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a boot profile: {0:?}; expected lean or debian, as in lean, lean*4 (4 CPUs, at most 64) or \
     lean@1024 (1,024 MiB instead of 256)"
)]
pub struct NotABoot(String);

impl FromStr for Profile {
    type Err = NotABoot;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| NotABoot(text.chars().take(80).collect()))
    }
}

impl FromStr for Boot {
    type Err = NotABoot;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, memory) = text.split_once('@').map_or((text, None), |(rest, memory)| (rest, Some(memory)));
        let (profile, cpus) =
            rest.split_once('*').map_or((rest, None), |(profile, cpus)| (profile, Some(cpus)));
        let mut boot = Boot { profile: profile.parse()?, ..Boot::default() };
        if let Some(cpus) = cpus {
            boot.cpus = cpus.parse().unwrap_or(0);
        }
        if let Some(memory) = memory {
            boot.memory_mib = memory.parse().unwrap_or(0);
        }
        // Only the form that `Display` shows, so equal cells have equal names.
        let is_valid = (1..=MOST_CPUS).contains(&boot.cpus) && MEMORY.contains(&boot.memory_mib);
        if is_valid && boot.to_string() == text {
            Ok(boot)
        } else {
            Err(NotABoot(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Boot {
    type Error = NotABoot;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Boot> for String {
    fn from(boot: Boot) -> Self {
        boot.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_and_parse_round_trip() {
        for profile in Profile::ALL {
            for (cpus, memory_mib) in [(1, 256), (2, 256), (64, 1024), (1, 1024)] {
                let boot = Boot { profile, cpus, memory_mib };
                assert_eq!(boot.to_string().parse(), Ok(boot));
            }
        }
        assert_eq!(Boot::default().to_string(), "lean");
    }

    #[test]
    fn invalid_boots_are_refused() {
        for text in [
            "",
            "fat",
            "lean*",
            "lean*0",
            "lean*1",
            "lean*04",
            "lean*65",
            "lean*99999",
            "*4",
            "lean@256",
            "lean@0",
            "lean@99999",
        ] {
            assert!(text.parse::<Boot>().is_err(), "{text}");
        }
    }
}
