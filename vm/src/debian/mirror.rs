//! Which Debian mirror this machine uses, as its own apt configuration says,
//! and the lines of a sources list for other suites of that mirror. No host
//! name is known here.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::debian::command::output;

/// What signs Debian's archives; installed on every Debian.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Names a suite of Debian begins with; others are of other archives.
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

/// Where the machine gets Debian's packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirror {
    main: Option<String>,
    security: Option<String>,
}

impl Mirror {
    /// Asks apt; `lists` is a private folder for package lists with a folder
    /// `partial`, since apt wants to lock one.
    ///
    /// # Errors
    /// When apt-get fails or no source of it is a Debian archive.
    pub fn configured(lists: &Path) -> Result<Mirror> {
        // Not `apt-get indextargets`: it shows nothing until lists were downloaded.
        let mut command = Command::new("apt-get");
        command.args(["update", "--print-uris", "-o"]).arg(format!("Dir::State::Lists={}", lists.display()));
        let mirror = parse(&output(&mut command)?);
        ensure!(
            mirror.main.is_some(),
            "none of apt's sources is a Debian mirror; hookbench takes Debian's packages from it: \
             add one to /etc/apt/sources.list.d"
        );
        Ok(mirror)
    }

    /// The sources list for `suites`, and the suites the mirror is not known to have.
    pub fn sources(&self, suites: &[String]) -> (String, Vec<String>) {
        let mut lines = String::new();
        let mut missing = Vec::new();
        for suite in suites {
            let site = if suite.ends_with("-security") { &self.security } else { &self.main };
            match site {
                Some(site) => lines.push_str(&format!(
                    "deb [arch=amd64 lang=none target=Packages signed-by={KEYRING}] {site} {suite} main\n"
                )),
                None => missing.push(suite.clone()),
            }
        }
        (lines, missing)
    }
}

/// Reads lines such as `'http://mirror/debian/dists/bookworm/InRelease' name 0`.
pub fn parse(uris: &str) -> Mirror {
    let mut main: Vec<(&str, usize)> = Vec::new();
    let mut security = None;
    for (site, suite) in uris.lines().filter_map(archive) {
        let release = suite.split('-').next().unwrap_or_default();
        if !RELEASES.contains(&release) {
            continue;
        }
        match &suite[release.len()..] {
            "-security" => security = security.or_else(|| Some(site.to_owned())),
            // Others, too, call their suites `stable` or `bookworm`; what only
            // Debian has, and where mirrors keep it, tells them apart.
            "" => vote(&mut main, site, usize::from(site.ends_with("/debian"))),
            "-updates" | "-backports" => vote(&mut main, site, 2),
            _ => {}
        }
    }
    let most = main.iter().map(|(_, votes)| *votes).max();
    let chosen = main.iter().find(|(_, votes)| Some(*votes) == most);
    Mirror { main: chosen.map(|(site, _)| (*site).to_owned()), security }
}

/// The site and the suite of a line that names an archive.
fn archive(line: &str) -> Option<(&str, &str)> {
    let (uri, _) = line.trim().strip_prefix('\'')?.split_once('\'')?;
    let (site, suite) = uri.strip_suffix("/InRelease")?.rsplit_once("/dists/")?;
    // As one word of a line it has to be one.
    let word = !site.is_empty() && !site.contains(|c: char| c.is_whitespace() || c.is_control());
    word.then_some((site, suite))
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
    fn others_with_suites_of_the_same_name_are_not_the_mirror() {
        let mirror = parse(URIS);
        assert_eq!(mirror.main.as_deref(), Some("http://mirror.invalid/debian"));
        assert_eq!(mirror.security.as_deref(), Some("http://mirror.invalid/debian-security"));
    }

    #[test]
    fn an_archive_without_a_site_or_with_one_that_is_no_word_is_not_the_mirror() {
        for site in ["", "http://a b", "http://a\0b"] {
            let line = format!("'{site}/dists/bookworm-security/InRelease' x 0");
            assert_eq!(parse(&line), Mirror::default(), "{site:?}");
        }
    }

    #[test]
    fn other_suites_of_the_mirror_are_listed_and_unknown_places_said() {
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
