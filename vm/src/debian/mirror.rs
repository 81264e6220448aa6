//! The Debian mirror in this machine's apt configuration, and a sources list for
//! other suites of that mirror. hookbench itself contains no host name.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::command::output;
use crate::arch::DEBIAN;

/// The keys that sign Debian's archives. Every Debian has the file.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The first words of the names of Debian's suites. Other names belong to other
/// archives.
const RELEASES: [&str; 12] = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "experimental",
];

/// The sites with Debian's packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirror {
    main: Option<String>,
    security: Option<String>,
}

impl Mirror {
    /// Asks apt for its sources. `lists` is a private folder for package lists, with a
    /// folder `partial`, which apt locks.
    ///
    /// # Errors
    /// When apt-get fails, or none of its sources is a Debian archive.
    pub fn configured(lists: &Path) -> Result<Mirror> {
        // `apt-get indextargets` shows nothing until apt has downloaded lists.
        let mut command = Command::new("apt-get");
        command.args(["update", "--print-uris", "-o"]).arg(format!("Dir::State::Lists={}", lists.display()));
        let mirror = parse(&output(&mut command)?);
        ensure!(
            mirror.main.is_some(),
            "none of apt's sources is a Debian mirror, from which hookbench gets kernels and programs; \
             add one to /etc/apt/sources.list.d"
        );
        Ok(mirror)
    }

    /// Returns the sources list for `suites`, and the suites without a known site.
    pub fn sources(&self, suites: &[String]) -> (String, Vec<String>) {
        let mut lines = String::new();
        let mut missing = Vec::new();
        for suite in suites {
            let site = if suite.ends_with("-security") { &self.security } else { &self.main };
            match site {
                Some(site) => lines.push_str(&format!(
                    "deb [arch={DEBIAN} lang=none target=Packages signed-by={KEYRING}] {site} {suite} main\n"
                )),
                None => missing.push(suite.clone()),
            }
        }
        (lines, missing)
    }
}

/// Finds the mirror in lines such as `'http://mirror/debian/dists/bookworm/InRelease' name 0`.
pub fn parse(uris: &str) -> Mirror {
    let mut main: Vec<(&str, usize)> = Vec::new();
    let mut security = None;
    for (site, suite) in uris.lines().filter_map(parse_archive) {
        let release = suite.split('-').next().unwrap_or_default();
        if !RELEASES.contains(&release) {
            continue;
        }
        match &suite[release.len()..] {
            "-security" => security = security.or_else(|| Some(site.to_owned())),
            // Other archives also have suites called `stable` or `bookworm`. Suites that
            // only Debian has, and the usual folder of mirrors, get votes.
            "" => vote(&mut main, site, usize::from(site.ends_with("/debian"))),
            "-updates" | "-backports" => vote(&mut main, site, 2),
            _ => {}
        }
    }
    let most = main.iter().map(|(_, votes)| *votes).max();
    let chosen = main.iter().find(|(_, votes)| Some(*votes) == most);
    Mirror { main: chosen.map(|(site, _)| (*site).to_owned()), security }
}

/// Returns the site and the suite of a line that names an archive.
fn parse_archive(line: &str) -> Option<(&str, &str)> {
    let (uri, _) = line.trim().strip_prefix('\'')?.split_once('\'')?;
    let (site, suite) = uri.strip_suffix("/InRelease")?.rsplit_once("/dists/")?;
    // In a sources list the site must be one word.
    let is_word = !site.is_empty() && !site.contains(|c: char| c.is_whitespace() || c.is_control());
    is_word.then_some((site, suite))
}

fn vote<'a>(sites: &mut Vec<(&'a str, usize)>, site: &'a str, votes: usize) {
    match sites.iter_mut().find(|(known, _)| *known == site) {
        Some((_, sum)) => *sum += votes,
        None => sites.push((site, votes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const URIS: &str = "\
'https://elsewhere.invalid/apt/dists/stable-tools/other/Release' x 0 
'https://elsewhere.invalid/apt/dists/nodistro/InRelease' x 0 
'https://elsewhere.invalid/apt/dists/stable/InRelease' x 0 
'https://elsewhere.invalid/apt/dists/bookworm-other/InRelease' x 0 
'http://mirror.invalid/debian/dists/bookworm/InRelease' x 0 
'http://mirror.invalid/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0 
'http://mirror.invalid/debian-security/dists/bookworm-security/InRelease' x 0 
'http://mirror.invalid/debian/dists/bookworm-updates/InRelease' x 0 
";

    #[test]
    fn another_archive_with_suites_of_the_same_name_is_not_the_mirror() {
        let mirror = parse(URIS);
        assert_eq!(mirror.main.as_deref(), Some("http://mirror.invalid/debian"));
        assert_eq!(mirror.security.as_deref(), Some("http://mirror.invalid/debian-security"));
    }

    #[test]
    fn an_archive_whose_site_is_not_one_word_is_not_the_mirror() {
        for site in ["", "http://a b", "http://a\0b"] {
            let line = format!("'{site}/dists/bookworm-security/InRelease' x 0");
            assert_eq!(parse(&line), Mirror::default(), "{site:?}");
        }
    }

    #[test]
    fn the_sources_list_has_other_suites_of_the_mirror_and_unknown_ones_are_missing() {
        let mirror = Mirror { security: None, ..parse(URIS) };
        let suites = ["trixie-backports".to_owned(), "bookworm-security".to_owned()];
        let (lines, missing) = mirror.sources(&suites);
        assert!(lines.ends_with(" http://mirror.invalid/debian trixie-backports main\n"), "{lines}");
        assert_eq!(lines.lines().count(), 1);
        assert_eq!(missing, ["bookworm-security"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "('|/dists/|/InRelease|bookworm|[a-z]| |\n){0,40}") {
            let _ = parse(&text);
        }
    }
}
