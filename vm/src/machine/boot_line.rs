//! The kernel's command line: its words in each profile, its security modules,
//! and what a monitor adds. METHOD.md gives the reasons.

use hookbench_model::Profile;

use crate::arch::{CLOCK_WORD, CONSOLE_WORD, RESET_WORD, SEVERAL_CPUS_WORDS};

/// The security modules of the profile `lean`. BPF LSM is active for every
/// monitor, so that all monitors have the same baseline.
const LEAN_LSM: &str = "lockdown,bpf";

/// The first words in every profile. A panic ends the machine at once.
const FIRST_WORDS: &[&str] = &[CONSOLE_WORD, "quiet", "panic=-1", RESET_WORD];

/// The words that follow in the profile `lean`.
const LEAN_WORDS: &[&str] = &["mitigations=off", "nokaslr", "norandmaps"];

/// The words that follow in every profile. The self-tests of ciphers are more
/// than half of an ordinary boot.
const LAST_WORDS: &[&str] = &[CLOCK_WORD, "cryptomgr.notests"];

/// Security modules that exclude each other: only the first one named is active.
const EXCLUSIVE: &[&str] = &["selinux", "smack", "apparmor"];

/// Returns the words that `cpus` CPUs add to the end of the kernel's command line.
#[must_use]
pub fn words_for(cpus: u16) -> &'static [&'static str] {
    if cpus == 1 { &[] } else { SEVERAL_CPUS_WORDS }
}

/// What a monitor adds to the kernel's command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Additions<'a> {
    /// Security modules to put in front of the profile's. A module that the
    /// profile has already keeps its place, unless it is one of those that
    /// exclude each other.
    pub lsm: &'a [&'a str],
    /// Whether to leave out the profile's security modules.
    pub lsm_alone: bool,
    /// Words to put at the end.
    pub words: &'a [&'a str],
}

/// Returns the kernel's command line. `built_in` is the kernel's own list of
/// security modules, with which the distribution boots it, if it is known. If it is
/// not, and nothing is added to it, the line does not name it.
#[must_use]
pub fn boot_line(profile: Profile, built_in: Option<&str>, additions: Additions<'_>) -> String {
    let (lsm, profile_words): (Option<&str>, &[&str]) = match profile {
        Profile::Lean => (Some(LEAN_LSM), LEAN_WORDS),
        Profile::Debian => (built_in, &[]),
    };
    let own = lsm.is_none() && additions.lsm.is_empty() && !additions.lsm_alone;
    let lsm = lsm.filter(|_| !additions.lsm_alone).unwrap_or_default();
    let has = |module: &str| lsm.split(',').any(|other| other == module);
    let must_be_first = |module: &str| EXCLUSIVE.contains(&module);
    let added = additions.lsm.iter().copied().filter(|module| must_be_first(module) || !has(module));
    let moved = |module: &str| must_be_first(module) && additions.lsm.contains(&module);
    let rest = lsm.split(',').filter(|module| !(module.is_empty() || moved(module)));
    let lsm = format!("lsm={}", added.chain(rest).collect::<Vec<_>>().join(","));
    let lsm = (!own).then_some(lsm.as_str());
    let words = FIRST_WORDS.iter().chain(profile_words).chain(LAST_WORDS).copied();
    words.chain(lsm).chain(additions.words.iter().copied()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_line_is_as_it_was() {
        let line = |profile, lsm: &[&str]| {
            boot_line(
                profile,
                Some("yama,apparmor,selinux,bpf"),
                Additions { lsm, lsm_alone: false, words: &["audit=0"] },
            )
        };
        insta::assert_snapshot!(line(Profile::Lean, &[]));
        let debian = line(Profile::Debian, &["selinux", "bpf", "landlock"]);
        assert!(debian.contains("lsm=selinux,landlock,yama,apparmor,bpf audit=0"), "{debian}");
        assert!(!debian.contains("mitigations"), "{debian}");
    }

    #[test]
    fn a_list_that_is_not_known_is_left_to_the_kernel() {
        let none = Additions { words: &["audit=0"], ..Additions::default() };
        assert!(boot_line(Profile::Debian, None, none).ends_with("cryptomgr.notests audit=0"));
        assert!(boot_line(Profile::Debian, Some(""), none).ends_with("lsm= audit=0"));
        assert!(boot_line(Profile::Lean, None, none).ends_with("lsm=lockdown,bpf audit=0"));
        let alone = Additions { lsm: &["yama"], lsm_alone: true, words: &[] };
        assert!(boot_line(Profile::Debian, None, alone).ends_with("lsm=yama"));
    }

    #[test]
    fn one_cpu_adds_no_word() {
        assert!(words_for(1).is_empty());
        assert!(words_for(2).contains(&"maxcpus=1"));
    }
}
