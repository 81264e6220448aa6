//! Gets Debian packages without installing them and without root: an apt of
//! our own in the cache folder, with the machine's mirror and Debian's keys,
//! that neither reads nor changes what is installed here.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hookbench_results::store::write_whole;
use tempfile::TempDir;

use crate::cache::{self, Lock};
use crate::debian::command::{output, output_of};
use crate::debian::mirror::{KEYRING, Mirror};
use crate::debian::package_names;

/// Package lists older than this are fetched again before they are used.
const LISTS_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A package as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, such as `auditd`.
    pub name: String,
    /// Its Debian version, such as `1:3.0.9-1`.
    pub version: String,
}

/// The mirror was asked, and has no such package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no package {pattern} in {suites} of the configured mirror{} (nearest: {}); \
     check apt's sources, or whether a newer hookbench knows what Debian has now", self.place(), self.near.join(", ")
)]
pub struct NoPackage {
    /// What was looked for; `*` stands for any text.
    pub pattern: String,
    suites: String,
    /// Suites that apt has no place for.
    missing: Vec<String>,
    near: Vec<String>,
    /// The series next to it of which there are such packages.
    beside: Vec<String>,
}

impl NoPackage {
    fn place(&self) -> String {
        match self.missing.as_slice() {
            [] => String::new(),
            missing => format!("; apt's sources name no place for {}", missing.join(", ")),
        }
    }

    /// What was looked for where, and what is there instead, for a cell that
    /// cannot be measured for it.
    #[must_use]
    pub fn reason(&self) -> String {
        let NoPackage { pattern, suites, .. } = self;
        let beside = match self.beside.as_slice() {
            [] => self.near.join(", "),
            series => series.join(" and "),
        };
        format!("the mirror has no package {pattern} in {suites}{}; nearest to it are {beside}", self.place())
    }
}

/// An apt for some suites of the machine's mirror.
pub struct Apt<'a> {
    lock: &'a Lock,
    folder: PathBuf,
    suites: String,
    /// Suites that apt has no place for.
    missing: Vec<String>,
    progress: &'a dyn Fn(&str),
    /// Whether the lists were fetched since this was made.
    updated: Cell<bool>,
    /// What is in the lists; to be forgotten when they are fetched again.
    names: RefCell<Option<Rc<[String]>>>,
}

impl<'a> Apt<'a> {
    /// Prepares an apt in the locked cache for `suites`, such as
    /// `bookworm-security`; it is not asked anything yet.
    ///
    /// # Errors
    /// When apt is not there, has no Debian mirror, or the cache cannot be written.
    pub fn open(lock: &'a Lock, suites: &[String], progress: &'a dyn Fn(&str)) -> Result<Apt<'a>> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is missing, by which Debian's packages are checked; \
             install the package debian-archive-keyring"
        );
        let folder = lock.root().join("apt").join(suites.join("+"));
        ensure!(
            !folder.to_string_lossy().contains(['"', '\n', ';']),
            "apt cannot work in {}: choose a cache folder without quotes and semicolons",
            folder.display()
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

    /// The name of the newest package that matches `pattern`, in which one `*`
    /// stands for any text.
    ///
    /// # Errors
    /// When there is none; the error lists the nearest names.
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
            beside: package_names::series_beside(pattern, &names),
        })?)
    }

    /// Downloads the newest packages and unpacks them all into `folder`; returns
    /// them in the same order. A `*` in the first stands for any text, and in
    /// the others for the same.
    ///
    /// # Errors
    /// When one is not there, cannot be downloaded or cannot be unpacked.
    pub fn fetch(&self, patterns: &[String], folder: &Path) -> Result<Vec<Package>> {
        let (names, download) = match self.download(patterns) {
            // The usual reason is a list older than the mirror's newest update,
            // with which the names may be others too.
            Err(error) if !self.updated.get() => {
                self.update().with_context(|| format!("{error:#}"))?;
                self.download(patterns)?
            }
            done => done?,
        };
        // Lists are no secret, but in the cache everything is the user's alone.
        cache::make_private(&self.folder)?;
        let mut unpacked = unpack(download.path(), folder)?;
        let place = |package: &Package| names.iter().position(|name| *name == package.name);
        unpacked.sort_by_key(place);
        Ok(unpacked)
    }

    /// The names that the patterns stand for, and a folder with their files.
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
        let mut stood_for = String::new();
        let mut found = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let name =
                self.newest(&if number == 0 { pattern.clone() } else { pattern.replace('*', &stood_for) })?;
            if number == 0 {
                stood_for = package_names::stands_for(pattern, &name).unwrap_or_default().to_owned();
            }
            found.push(name);
        }
        Ok(found)
    }

    /// The packages of these names and all that they depend on, as apt would install
    /// them where there is nothing.
    ///
    /// # Errors
    /// When there is no such package, or apt cannot resolve what it depends on.
    pub fn closure(&self, names: &[String]) -> Result<Vec<String>> {
        let names = self.resolve(names)?;
        let mut command = self.command("apt-get");
        command.args(["-qq", "-s", "--no-install-recommends", "install"]).args(&names);
        let said = output(&mut command)
            .with_context(|| format!("failed to find what {} depends on", names.join(", ")))?;
        let installed = said.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        Ok(installed.map(String::from).collect())
    }

    fn update_when_old(&self) -> Result<()> {
        let age = fs::metadata(self.stamp()).and_then(|stamp| stamp.modified()).ok();
        match age.and_then(|time| time.elapsed().ok()) {
            Some(age) if age < LISTS_AGE => Ok(()),
            _ => self.update(),
        }
    }

    /// Fetches the package lists, but once only in the life of this.
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

    /// Is as old as the lists.
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

/// What makes an apt our own. `#clear` is for hooks that clean the machine's
/// cache after an update, as Debian's container images have.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
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

/// Unpacks every package file in `download` into `folder` and removes it.
fn unpack(download: &Path, folder: &Path) -> Result<Vec<Package>> {
    let context = || format!("failed to list {}", download.display());
    let mut packages = Vec::new();
    for entry in fs::read_dir(download).with_context(context)? {
        let file = entry.with_context(context)?.path();
        extract(&file, folder)?;
        let named =
            output(Command::new("dpkg-deb").args(["-W", "--showformat=${Package} ${Version}"]).arg(&file))?;
        let Some((name, version)) = named.trim().split_once(' ') else {
            bail!("dpkg-deb does not say what {} is", file.display());
        };
        packages.push(Package { name: name.to_owned(), version: version.to_owned() });
        // Does not matter: the folder goes as a whole soon after.
        let _ = fs::remove_file(&file);
    }
    Ok(packages)
}

/// As `dpkg-deb -x`, but all files are ours: a root that may not give them to
/// others, as in a user namespace, could not unpack them otherwise.
fn extract(file: &Path, folder: &Path) -> Result<()> {
    let mut archive = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start dpkg-deb (it comes with every Debian; is it in PATH?)")?;
    let bytes = archive.stdout.take().context("dpkg-deb has no output")?;
    let unpacked = output_of(Command::new("tar").args(["-xp", "--no-same-owner", "-C"]).arg(folder), bytes);
    let status = archive.wait().context("failed to wait for dpkg-deb")?;
    // tar tells a full disk by a write that was too short.
    unpacked.with_context(|| {
        format!("failed to unpack {} into {}; check that there is space", file.display(), folder.display())
    })?;
    ensure!(status.success(), "dpkg-deb failed on {} ({status})", file.display());
    Ok(())
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
    fn an_unreachable_mirror_is_said_with_what_to_do() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let lock = cache.lock(&|_| ()).unwrap();
        let apt = Apt::open(&lock, &["bookworm".to_owned()], &|_| ()).unwrap();
        // Nothing listens on the discard port.
        let sources =
            format!("deb [arch=amd64 signed-by={KEYRING}] http://127.0.0.1:9/debian bookworm main\n");
        fs::write(apt.folder.join("sources.list"), sources).unwrap();
        let error = format!("{:#}", apt.newest("bash").unwrap_err());
        assert!(error.contains("check that the network is up"), "{error}");
        assert!(error.contains("127.0.0.1"), "{error}");
    }
}
