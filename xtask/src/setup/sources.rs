//! Package sources for one installation: those of the machine, and a release of the
//! same mirror that they do not list. They stand in a folder of xtask's own, so
//! nothing in /etc/apt and none of the machine's package lists changes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::apt::output;
use crate::run::{Failure, Result, target_dir};

/// Sources beside the machine's, with package lists.
#[derive(Debug)]
pub(super) struct Sources {
    folder: PathBuf,
}

impl Sources {
    /// Sources that list `release` as well; fetches their package lists without root.
    ///
    /// # Errors
    /// When apt has no source of this machine's own release, or the lists cannot be
    /// fetched.
    pub(super) fn with(release: &str) -> Result<Sources> {
        let folder = target_dir().join("setup/apt");
        let failed = |error| Failure::new(format!("failed to write {}: {error}", folder.display()));
        fs::create_dir_all(folder.join("lists/partial")).map_err(failed)?;
        let listed = fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
        let line = line(&indexes()?, release).ok_or_else(|| {
            Failure::new(format!("apt's sources have no mirror of {}; add {release} to them", base(release)))
        })?;
        fs::write(folder.join("sources.list"), format!("{listed}\n{line}\n")).map_err(failed)?;
        let sources = Sources { folder };
        println!("==> fetching the package lists of {release}, for this installation only");
        let fetched = output(Command::new("apt-get").args(sources.options()).args(["-q", "update"]))?;
        if !fetched.status.success() {
            return Err(Failure::new(format!(
                "apt-get could not fetch the package lists of {release}:\n{}",
                String::from_utf8_lossy(&fetched.stderr).trim_end()
            )));
        }
        Ok(sources)
    }

    /// The options with which apt uses these sources.
    pub(super) fn options(&self) -> Vec<String> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        [
            format!("Dir::Etc::sourcelist={}", path("sources.list")),
            format!("Dir::State::lists={}", path("lists")),
            // The machine's own cache describes the machine's own lists.
            "Dir::Cache::pkgcache=".into(),
            "Dir::Cache::srcpkgcache=".into(),
            // The user `_apt` may not enter a home folder.
            "APT::Sandbox::User=root".into(),
        ]
        .into_iter()
        .flat_map(|option| ["-o".to_owned(), option])
        .collect()
    }
}

/// The release whose neighbour `release` is: `bookworm` for `bookworm-backports`.
fn base(release: &str) -> &str {
    release.split_once('-').map_or(release, |(base, _)| base)
}

/// Each package list of apt's sources: mirror, release, component.
fn indexes() -> Result<String> {
    let format = "$(REPO_URI) $(CODENAME) $(COMPONENT)";
    let listed =
        output(Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]))?;
    Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
}

/// The source of `release`: the mirror that has the release it belongs to.
fn line(indexes: &str, release: &str) -> Option<String> {
    let mut lists = indexes.lines().map(|line| line.split_whitespace());
    let mirror = lists.find_map(|mut words| {
        let mirror = words.next()?;
        (words.next()? == base(release) && words.next()? == "main").then_some(mirror)
    })?;
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    Some(format!("deb [signed-by={keyring}] {mirror} {release} main"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_on_the_mirror_of_the_release_it_belongs_to() {
        let indexes = "http://security.example/debian/ bookworm-security main\n\
                       http://mirror.example/debian/ bookworm contrib\n\
                       http://mirror.example/debian/ bookworm main\n";
        let expected = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
                        http://mirror.example/debian/ bookworm-backports main";
        assert_eq!(line(indexes, "bookworm-backports").as_deref(), Some(expected));
    }

    #[test]
    fn another_distribution_s_mirror_gives_no_source() {
        let indexes = "http://mirror.example/ubuntu/ noble main\n\nhttp://broken.example\n";
        assert_eq!(line(indexes, "bookworm-backports"), None);
    }
}
