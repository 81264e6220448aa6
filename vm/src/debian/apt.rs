//! Gets Debian packages without installing them and without root. hookbench runs apt
//! with a private configuration in the cache folder, with the machine's mirror and
//! Debian's keys. That apt neither reads nor changes what is installed here.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hookbench_results::store::write_whole;
use tempfile::TempDir;

use super::command::output;
use super::mirror::{KEYRING, Mirror};
pub use super::no_package::NoPackage;
use super::package_names;
pub use super::unpack::Package;
use super::unpack::{Unpacked, unpack};
use crate::arch::DEBIAN;
use crate::cache::{self, Lock};

/// apt fetches package lists again when they are older than this.
const LISTS_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// An apt with a private configuration, for some suites of the machine's mirror.
pub struct Apt<'a> {
    lock: &'a Lock,
    folder: PathBuf,
    suites: String,
    /// Suites without a site in apt's sources.
    missing: Vec<String>,
    progress: &'a dyn Fn(&str),
    /// Whether this value has fetched the lists.
    updated: Cell<bool>,
    /// The names in the lists; forgotten when apt fetches the lists again.
    names: RefCell<Option<Rc<[String]>>>,
}

impl<'a> Apt<'a> {
    /// Writes the configuration into the locked cache for `suites`, for example
    /// `bookworm-security`. Fetches nothing.
    ///
    /// # Errors
    /// When apt is not installed or has no Debian mirror, or the cache cannot be written.
    pub fn open(lock: &'a Lock, suites: &[String], progress: &'a dyn Fn(&str)) -> Result<Apt<'a>> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING}, which verifies Debian's packages, is missing; \
             install the package debian-archive-keyring"
        );
        let folder = lock.root().join("apt").join(suites.join("+"));
        ensure!(
            !folder.to_string_lossy().contains(['"', '\n', ';']),
            "apt cannot use the folder {}: set {} to a cache folder without quotes and semicolons",
            folder.display(),
            cache::VARIABLE
        );
        for name in ["lists/partial", "cache/archives/partial"] {
            cache::make_folder(&folder.join(name))?;
        }
        let (sources, missing) = Mirror::configured(&folder.join("lists"))?.sources(suites);
        write_whole(&folder.join("sources.list"), sources.as_bytes())?;
        write_whole(&folder.join("apt.conf"), configuration(&folder).as_bytes())?;
        cache::make_private(&folder)?;
        Ok(Apt {
            lock,
            folder,
            suites: suites.join(", "),
            missing,
            progress,
            updated: Cell::new(false),
            names: RefCell::default(),
        })
    }

    /// Returns the name of the newest package that matches `pattern`, in which one `*`
    /// stands for any text.
    ///
    /// # Errors
    /// [`NoPackage`] when there is none; it lists the nearest names.
    fn newest(&self, pattern: &str) -> Result<String> {
        self.update_when_old()?;
        if let Some(found) = package_names::newest(pattern, &self.names()?) {
            return Ok(found);
        }
        self.update()?;
        let names = self.names()?;
        Ok(package_names::newest(pattern, &names).ok_or_else(|| NoPackage {
            pattern: pattern.to_owned(),
            suites: self.suites.clone(),
            missing: self.missing.clone(),
            near: package_names::nearest(pattern, &names).into_iter().map(str::to_owned).collect(),
            neighbours: package_names::neighbouring_series(pattern, &names),
        })?)
    }

    /// Downloads the newest packages and unpacks all into `folder`. Returns them in
    /// the same order. A `*` in the first pattern stands for any text, and in the
    /// others for the same text.
    ///
    /// # Errors
    /// When a package does not exist, or cannot be downloaded or unpacked.
    pub fn fetch(&self, patterns: &[String], folder: &Path) -> Result<Vec<Package>> {
        let unpacked = self.fetch_whole(patterns, folder)?;
        Ok(unpacked.into_iter().map(|unpacked| unpacked.package).collect())
    }

    /// Does the same as [`Apt::fetch`], and also returns the paths and scripts.
    pub(super) fn fetch_whole(&self, patterns: &[String], folder: &Path) -> Result<Vec<Unpacked>> {
        let (names, download) = match self.download(patterns) {
            // Usually the list is older than the mirror's newest update, in which the
            // names may have changed, too.
            Err(error) if !self.updated.get() => {
                self.update().with_context(|| format!("{error:#}"))?;
                self.download(patterns)?
            }
            downloaded => downloaded?,
        };
        // Lists are not secret, but everything in the cache is private to the user.
        cache::make_private(&self.folder)?;
        let mut unpacked = unpack(download.path(), folder)?;
        let position = |one: &Unpacked| names.iter().position(|name| *name == one.package.name);
        unpacked.sort_by_key(position);
        Ok(unpacked)
    }

    /// Downloads packages. Returns the names that match the patterns, and a folder with
    /// the files.
    fn download(&self, patterns: &[String]) -> Result<(Vec<String>, TempDir)> {
        let names = self.resolve(patterns)?;
        let more = match names.len().saturating_sub(3) {
            0 => String::new(),
            more => format!(" and {more} more packages"),
        };
        let first: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
        (self.progress)(&format!("downloading {}{more} (from the configured mirror)", first.join(", ")));
        let folder = self.lock.scratch()?;
        let mut command = self.command("apt-get");
        command.args(["-qq", "download"]).args(&names).current_dir(folder.path());
        output(&mut command)
            .with_context(|| format!("failed to download {} from the configured mirror", names.join(", ")))?;
        Ok((names, folder))
    }

    fn resolve(&self, patterns: &[String]) -> Result<Vec<String>> {
        let mut star = String::new();
        let mut found = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let name =
                self.newest(&if number == 0 { pattern.clone() } else { pattern.replace('*', &star) })?;
            if number == 0 {
                star = package_names::match_star(pattern, &name).unwrap_or_default().to_owned();
            }
            found.push(name);
        }
        Ok(found)
    }

    /// Returns the packages of these names and everything that they depend on, as apt
    /// would install them on a machine without packages.
    ///
    /// # Errors
    /// When there is no such package, or apt cannot resolve its dependencies.
    pub fn closure(&self, names: &[String]) -> Result<Vec<String>> {
        let names = self.resolve(names)?;
        let mut command = self.command("apt-get");
        command.args(["-qq", "-s", "--no-install-recommends", "install"]).args(&names);
        let printed = output(&mut command)
            .with_context(|| format!("failed to resolve the dependencies of {}", names.join(", ")))?;
        let installed = printed.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        Ok(installed.map(String::from).collect())
    }

    fn update_when_old(&self) -> Result<()> {
        let age = fs::metadata(self.stamp()).and_then(|stamp| stamp.modified()).ok();
        match age.and_then(|time| time.elapsed().ok()) {
            Some(age) if age < LISTS_AGE => Ok(()),
            _ => self.update(),
        }
    }

    /// Fetches the package lists, at most once in the life of this value.
    fn update(&self) -> Result<()> {
        if self.updated.get() {
            return Ok(());
        }
        (self.progress)(&format!(
            "reading the package lists of {} (from the configured mirror)",
            self.suites
        ));
        output(self.command("apt-get").args(["-qq", "update"])).with_context(|| {
            format!(
                "failed to read the package lists of {} from the configured mirror; \
                 check that the network is up and that `apt-get update` works",
                self.suites
            )
        })?;
        self.updated.set(true);
        self.names.replace(None);
        write_whole(&self.stamp(), b"")
    }

    /// Returns the path of a file that is as old as the lists.
    fn stamp(&self) -> PathBuf {
        self.folder.join("updated")
    }

    fn names(&self) -> Result<Rc<[String]>> {
        if let Some(names) = self.names.borrow().as_ref() {
            return Ok(Rc::clone(names));
        }
        let names = output(self.command("apt-cache").arg("pkgnames"))?;
        let names: Rc<[String]> = names.lines().map(str::to_owned).collect();
        self.names.replace(Some(Rc::clone(&names)));
        Ok(names)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.folder.join("apt.conf"));
        command
    }
}

/// Returns the private configuration of apt. `#clear` removes hooks that clean the
/// machine's cache after an update, as in Debian's container images.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{DEBIAN}";
APT::Architectures {{ "{DEBIAN}"; }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "1";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "archives/";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{folder}/lists";
Dir::State::status "/dev/null";
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;

    #[test]
    fn a_folder_that_apt_would_misread_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(&temporary.path().join("a\"b")).unwrap();
        let lock = cache.lock(&|_| ()).unwrap();
        let error = Apt::open(&lock, &["bookworm".to_owned()], &|_| ()).err().unwrap().to_string();
        assert!(error.contains("without quotes"), "{error}");
    }

    #[test]
    fn an_error_about_an_unreachable_mirror_says_what_to_check() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let lock = cache.lock(&|_| ()).unwrap();
        let apt = Apt::open(&lock, &["bookworm".to_owned()], &|_| ()).unwrap();
        // No program listens on the discard port.
        let sources =
            format!("deb [arch=amd64 signed-by={KEYRING}] http://127.0.0.1:9/debian bookworm main\n");
        fs::write(apt.folder.join("sources.list"), sources).unwrap();
        let error = format!("{:#}", apt.newest("bash").unwrap_err());
        assert!(error.contains("check that the network is up"), "{error}");
        assert!(error.contains("127.0.0.1"), "{error}");
    }
}
