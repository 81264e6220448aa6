//! Gets Debian packages without installing them and without root: an apt of
//! our own in the cache folder, with the machine's mirror and Debian's keys,
//! that neither reads nor changes what is installed here.

use std::cell::Cell;
use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hookbench_results::store::write_whole;

use crate::cache::Cache;
use crate::command::output;
use crate::mirror::{KEYRING, Mirror};

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

/// An apt for some suites of the machine's mirror.
pub struct Apt<'a> {
    folder: PathBuf,
    suites: String,
    /// Suites that apt has no place for.
    missing: Vec<String>,
    progress: &'a dyn Fn(&str),
    /// Whether the lists were fetched since this was made.
    updated: Cell<bool>,
}

impl<'a> Apt<'a> {
    /// Prepares an apt in `cache` for `suites`, such as `bookworm-security`;
    /// it is not asked anything yet. Under the cache's lock only.
    ///
    /// # Errors
    /// When apt is not there, has no Debian mirror, or the cache cannot be written.
    pub fn open(cache: &Cache, suites: &[String], progress: &'a dyn Fn(&str)) -> Result<Apt<'a>> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is missing, by which Debian's packages are checked; \
             install the package debian-archive-keyring"
        );
        let folder = cache.folder(Path::new("apt").join(suites.join("+")))?;
        ensure!(
            !folder.to_string_lossy().contains(['"', '\n', ';']),
            "apt cannot work in {}: choose a cache folder without quotes and semicolons",
            folder.display()
        );
        for name in ["lists/partial", "cache/archives/partial"] {
            cache.folder(folder.join(name))?;
        }
        let (sources, missing) = Mirror::configured(&folder.join("lists"))?.sources(suites);
        write_whole(&folder.join("sources.list"), sources.as_bytes())?;
        write_whole(&folder.join("apt.conf"), configuration(&folder).as_bytes())?;
        Ok(Apt { folder, suites: suites.join(", "), missing, progress, updated: Cell::new(false) })
    }

    /// The name of the newest package that matches `pattern`, in which one `*`
    /// stands for any text.
    ///
    /// # Errors
    /// When there is none; the error lists the nearest names.
    pub fn newest(&self, pattern: &str) -> Result<String> {
        self.update_when_old()?;
        if let Some(found) = newest(pattern, &self.names()?) {
            return Ok(found);
        }
        self.update()?;
        let names = self.names()?;
        newest(pattern, &names).with_context(|| {
            let place = match self.missing.as_slice() {
                [] => String::new(),
                missing => format!("; apt's sources name no place for {}", missing.join(", ")),
            };
            let near = nearest(pattern, &names).join(", ");
            format!(
                "no package {pattern} in {} of the configured mirror{place} (nearest: {near})",
                self.suites
            )
        })
    }

    /// Downloads the newest `packages` and unpacks them all into `folder`;
    /// returns them in the same order.
    ///
    /// # Errors
    /// When one is not there, cannot be downloaded or cannot be unpacked.
    pub fn fetch(&self, packages: &[String], folder: &Path) -> Result<Vec<Package>> {
        for package in packages {
            self.newest(package)?;
        }
        let download = tempfile::tempdir_in(&self.folder)
            .with_context(|| format!("failed to make a folder in {}", self.folder.display()))?;
        if self.download(packages, download.path()).is_err() {
            // The usual reason is a list older than the mirror's newest update.
            self.update()?;
            self.download(packages, download.path()).with_context(|| {
                format!("failed to download {} from the configured mirror", packages.join(", "))
            })?;
        }
        let mut unpacked = unpack(download.path(), folder)?;
        let place = |package: &Package| packages.iter().position(|name| *name == package.name);
        unpacked.sort_by_key(place);
        Ok(unpacked)
    }

    fn download(&self, packages: &[String], folder: &Path) -> Result<()> {
        output(self.command("apt-get").args(["-qq", "download"]).args(packages).current_dir(folder)).map(drop)
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
        write_whole(&self.stamp(), b"")
    }

    /// Is as old as the lists.
    fn stamp(&self) -> PathBuf {
        self.folder.join("updated")
    }

    fn names(&self) -> Result<Vec<String>> {
        let names = output(self.command("apt-cache").arg("pkgnames"))?;
        Ok(names.lines().map(str::to_owned).collect())
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
Acquire::Retries "2";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "archives/";
Dir::Cache::pkgcache "";
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
        output(Command::new("dpkg-deb").arg("-x").arg(&file).arg(folder))?;
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

/// What `*` stands for when `name` matches `pattern`; empty without a `*`.
pub(crate) fn stands_for<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == name).then_some(""),
    }
}

fn newest(pattern: &str, names: &[String]) -> Option<String> {
    names.iter().filter(|name| stands_for(pattern, name).is_some()).max_by(|a, b| by_number(a, b)).cloned()
}

/// Orders names with numbers in them as one counts: 6.1.0-9 before 6.1.0-10.
fn by_number(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, y) = (digits(a), digits(b));
        // Without leading zeros the longer number is the greater one.
        let (p, q) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
        let order = p.len().cmp(&q.len()).then_with(|| p.cmp(q));
        let (left, right) = (a[x.len()..].chars().next(), b[y.len()..].chars().next());
        match order.then_with(|| left.cmp(&right)) {
            Ordering::Equal => {}
            different => return different,
        }
        let Some(same) = left else {
            return Ordering::Equal;
        };
        a = &a[x.len() + same.len_utf8()..];
        b = &b[y.len() + same.len_utf8()..];
    }
}

fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// The few names that share the longest beginning with `pattern`.
fn nearest<'n>(pattern: &str, names: &'n [String]) -> Vec<&'n str> {
    const SHOWN: usize = 5;
    let shared = |name: &str| pattern.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_by(|a, b| shared(b).cmp(&shared(a)).then_with(|| by_number(b, a)));
    names.truncate(SHOWN);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERN: &str = "linux-image-6.1.0-*-cloud-amd64";

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_newest_is_by_number_and_neither_debug_nor_unsigned() {
        let names = names(&[
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-57-cloud-amd64-dbg",
            "linux-image-6.1.0-58-cloud-amd64-unsigned",
            "linux-image-6.1.0-59-rt-amd64",
            "linux-image-cloud-amd64",
        ]);
        assert_eq!(newest(PATTERN, &names).unwrap(), "linux-image-6.1.0-56-cloud-amd64");
        assert_eq!(stands_for(PATTERN, "linux-image-6.1.0-56-cloud-amd64"), Some("56"));
        assert_eq!(newest("linux-image-5.10.*", &names), None);
        assert_eq!(newest("linux-image-cloud-amd64", &names).unwrap(), "linux-image-cloud-amd64");
    }

    #[test]
    fn the_nearest_names_begin_alike() {
        let names = names(&["bash", "linux-image-6.12.9-cloud-amd64", "linux-image-6.12.10-cloud-amd64"]);
        let near = nearest("linux-image-6.13.*", &names);
        assert_eq!(near[..2], ["linux-image-6.12.10-cloud-amd64", "linux-image-6.12.9-cloud-amd64"]);
    }

    #[test]
    fn a_folder_that_apt_would_misread_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(&temporary.path().join("a\"b")).unwrap();
        let error = Apt::open(&cache, &["bookworm".to_owned()], &|_| ()).err().unwrap().to_string();
        assert!(error.contains("without quotes"), "{error}");
    }

    #[test]
    fn an_unreachable_mirror_is_said_with_what_to_do() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let apt = Apt::open(&cache, &["bookworm".to_owned()], &|_| ()).unwrap();
        // Nothing listens on the discard port.
        let sources =
            format!("deb [arch=amd64 signed-by={KEYRING}] http://127.0.0.1:9/debian bookworm main\n");
        fs::write(apt.folder.join("sources.list"), sources).unwrap();
        let error = format!("{:#}", apt.newest("bash").unwrap_err());
        assert!(error.contains("check that the network is up"), "{error}");
        assert!(error.contains("127.0.0.1"), "{error}");
    }

    proptest! {
        #[test]
        fn any_names_are_ordered_without_panic(a in ".*", b in ".*") {
            prop_assert_eq!(by_number(&a, &b), by_number(&b, &a).reverse());
            prop_assert_eq!(by_number(&a, &a), Ordering::Equal);
            let _ = stands_for(&a, &b);
        }

        #[test]
        fn numbers_are_ordered_as_numbers(a: u32, b: u32) {
            prop_assert_eq!(by_number(&format!("v{a}-x"), &format!("v{b}-x")), a.cmp(&b));
        }
    }
}
