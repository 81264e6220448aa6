//! How a kernel is booted, as far as a cell says it: by which profile, and with
//! how many CPUs. What the profiles mean is the business of `vm`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A boot profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// As little as possible beside what is measured: two security modules, no
    /// mitigations, no address randomisation.
    #[default]
    Lean,
    /// As the distribution boots: its own list of security modules, mitigations
    /// and address randomisation on.
    Debian,
}

impl Profile {
    /// All of them.
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

/// A profile and a number of CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Boot {
    /// The profile.
    pub profile: Profile,
    /// How many virtual CPUs the guest has. They take turns under the exact clock:
    /// of meaning for memory, not for time.
    pub cpus: u16,
}

/// More CPUs than any kernel here is measured with.
pub const MOST_CPUS: u16 = 64;

impl Default for Boot {
    fn default() -> Self {
        Self { profile: Profile::Lean, cpus: 1 }
    }
}

impl Boot {
    /// Whether it is what cells have when nothing else is asked for.
    pub fn is_default(&self) -> bool {
        *self == Boot::default()
    }
}

impl fmt::Display for Boot {
    /// `lean`, `debian`, `lean*4` with four CPUs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cpus {
            1 => f.pad(self.profile.name()),
            cpus => f.pad(&format!("{}*{cpus}", self.profile)),
        }
    }
}

/// The text is neither a profile nor one with a number of CPUs.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a boot profile: {0:?} (expected lean or debian, or with 2 to 64 CPUs, lean*4)")]
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
        let Some((profile, cpus)) = text.split_once('*') else {
            return Ok(Boot { profile: text.parse()?, cpus: 1 });
        };
        // Written as it is shown, so that equal cells have equal names.
        let number = cpus.parse().ok().filter(|number: &u16| number.to_string() == cpus);
        match number.filter(|number| (2..=MOST_CPUS).contains(number)) {
            Some(cpus) => Ok(Boot { profile: profile.parse()?, cpus }),
            None => Err(NotABoot(text.chars().take(80).collect())),
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
    fn what_is_shown_is_read_again() {
        for profile in Profile::ALL {
            for cpus in [1, 2, 64] {
                let boot = Boot { profile, cpus };
                assert_eq!(boot.to_string().parse(), Ok(boot));
            }
        }
        assert_eq!(Boot::default().to_string(), "lean");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "fat", "lean*", "lean*0", "lean*1", "lean*04", "lean*65", "lean*99999", "*4"] {
            assert!(text.parse::<Boot>().is_err(), "{text}");
        }
    }
}
