//! Reads apt's output: the steps that `apt-get --simulate install` would take, the
//! packages that stand in the way, and the release an installed package came from.
//! Nothing here runs apt.

/// What apt would do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Simulation {
    /// Packages that would be installed or upgraded.
    pub install: Vec<Install>,
    /// Packages that would be removed.
    pub remove: Vec<String>,
}

/// A package that apt would install.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Install {
    /// The package's name.
    pub package: String,
    /// The installed version, of an upgrade.
    pub old: Option<String>,
    /// The version that would be installed.
    pub new: String,
}

/// Reads the lines `Inst` and `Remv` of a simulation.
pub(super) fn read(output: &str) -> Simulation {
    let mut simulation = Simulation::default();
    for line in output.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("Inst"), Some(package)) => {
                let old = line.split_once(" [").filter(|(before, _)| !before.contains('('));
                let old = old.and_then(|(_, rest)| rest.split(']').next()).map(str::to_owned);
                let new = line.split_once('(').and_then(|(_, rest)| rest.split_whitespace().next());
                let new = new.unwrap_or_default().to_owned();
                simulation.install.push(Install { package: package.into(), old, new });
            }
            (Some("Remv"), Some(package)) => simulation.remove.push(package.into()),
            _ => {}
        }
    }
    simulation
}

/// The packages that apt names when it finds no solution: those with dependencies that
/// cannot be met, and those that are in their way.
pub(super) fn in_the_way(output: &str) -> Vec<String> {
    let Some((_, list)) = output.split_once("unmet dependencies:") else { return Vec::new() };
    let mut packages: Vec<String> = Vec::new();
    // ` qemu-utils : Breaks: qemu-system-common (< 8.0) but 7.2 is to be installed`;
    // the left part is missing where a package has more than one such line.
    for line in list.lines().filter(|line| line.starts_with(' ')) {
        let (package, relation) = line.split_once(" : ").unwrap_or(("", line));
        let other = relation.split_once(": ").and_then(|(_, rest)| rest.split_whitespace().next());
        for name in [package.trim(), other.unwrap_or_default()] {
            if !name.is_empty() && !packages.iter().any(|known| known == name) {
                packages.push(name.into());
            }
        }
    }
    packages
}

/// A package as it is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Installed {
    /// The package's name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The releases that have this version, as `apt-get --target-release` takes them.
    pub releases: Vec<String>,
}

/// Reads the installed packages of `apt-cache policy`.
pub(super) fn installed(policy: &str) -> Vec<Installed> {
    let mut packages: Vec<Installed> = Vec::new();
    let mut package = "";
    let mut listed = false;
    for line in policy.lines() {
        if !line.starts_with(' ') {
            package = line.trim_end_matches(':');
            listed = false;
        } else if let Some(version) = line.strip_prefix(" *** ") {
            let version = version.split_whitespace().next().unwrap_or_default();
            packages.push(Installed { package: package.into(), version: version.into(), releases: vec![] });
            listed = true;
        } else if !line.starts_with("        ") {
            listed = false;
        } else if listed {
            // `100 http://deb.debian.org/debian bookworm-backports/main amd64 Packages`
            let mut words = line.split_whitespace().skip(2);
            let release = words.next().and_then(|place| place.split('/').next());
            if let (Some(last), Some(release)) = (packages.last_mut(), release) {
                last.releases.push(release.into());
            }
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 12 with qemu-utils from backports, `-t bookworm-backports`.
    const BACKPORTS: &str = "\
The following NEW packages will be installed:
  ipxe-qemu qemu-system-common qemu-system-data qemu-system-x86
The following packages will be upgraded:
  seabios
1 upgraded, 4 newly installed, 0 to remove and 134 not upgraded.
Inst ipxe-qemu (1.0.0+git-20190125.36a4c85-5.1 Debian:12.15/oldstable [all])
Inst seabios [1.16.2-1] (1.16.3-2~bpo12+1 Debian Backports:oldstable-backports [all])
Inst qemu-system-x86 (1:10.0.2+ds-2+deb13u1~bpo12+1 Debian Backports:oldstable-backports [amd64])
Conf ipxe-qemu (1.0.0+git-20190125.36a4c85-5.1 Debian:12.15/oldstable [all])
";
    /// The same machine with backports no longer among apt's sources.
    const REMOVING: &str = "\
The following packages will be REMOVED:
  qemu-utils
The following NEW packages will be installed:
  ipxe-qemu qemu-system-common qemu-system-data qemu-system-x86
0 upgraded, 4 newly installed, 1 to remove and 104 not upgraded.
Remv qemu-utils [1:10.0.2+ds-2+deb13u1~bpo12+1]
Inst qemu-system-x86 (1:7.2+dfsg-7+deb12u18+b3 Debian:12.15/oldstable [amd64])
";
    const BREAKS: &str = "\
The following packages have unmet dependencies:
 qemu-utils : Breaks: qemu-system-common (< 1:8.0+dfsg-5~) but 1:7.2+dfsg-7+deb12u18+b3 is to be installed
";
    const DEPENDS: &str = "\
The following packages have unmet dependencies:
 qemu-block-extra : Depends: libgfapi0 (>= 10.3) but it is not going to be installed
                    Depends: libiscsi7 (>= 1.18.0) but it is not going to be installed
 qemu-system-x86 : Depends: qemu-system-common (= 1:7.2+dfsg-7+deb12u18+b3) but it is not going to be installed
E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).
";
    const POLICY: &str = "\
qemu-utils:
  Installed: 1:10.0.2+ds-2+deb13u1~bpo12+1
  Candidate: 1:10.0.2+ds-2+deb13u1~bpo12+1
  Version table:
 *** 1:10.0.2+ds-2+deb13u1~bpo12+1 100
        100 http://deb.debian.org/debian bookworm-backports/main amd64 Packages
        100 /var/lib/dpkg/status
     1:7.2+dfsg-7+deb12u18+b3 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
qemu-system-x86:
  Installed: (none)
  Candidate: 1:7.2+dfsg-7+deb12u18+b3
  Version table:
     1:7.2+dfsg-7+deb12u18+b3 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
";

    #[test]
    fn installs_and_upgrades_have_their_versions() {
        let simulation = read(BACKPORTS);
        let shown: Vec<(&str, Option<&str>, &str)> = simulation
            .install
            .iter()
            .map(|install| (install.package.as_str(), install.old.as_deref(), install.new.as_str()))
            .collect();
        let expected = [
            ("ipxe-qemu", None, "1.0.0+git-20190125.36a4c85-5.1"),
            ("seabios", Some("1.16.2-1"), "1.16.3-2~bpo12+1"),
            ("qemu-system-x86", None, "1:10.0.2+ds-2+deb13u1~bpo12+1"),
        ];
        assert_eq!((shown, simulation.remove.len()), (expected.to_vec(), 0));
    }

    #[test]
    fn a_removal_is_found() {
        let simulation = read(REMOVING);
        assert_eq!((simulation.remove.as_slice(), simulation.install.len()), (&["qemu-utils".into()][..], 1));
        assert_eq!(in_the_way(REMOVING), [""; 0]);
    }

    #[test]
    fn packages_in_the_way_are_named_once_each() {
        assert_eq!(in_the_way(BREAKS), ["qemu-utils", "qemu-system-common"]);
        let expected =
            ["qemu-block-extra", "libgfapi0", "libiscsi7", "qemu-system-x86", "qemu-system-common"];
        assert_eq!(in_the_way(DEPENDS), expected);
    }

    #[test]
    fn the_release_of_an_installed_package_is_known() {
        let expected = Installed {
            package: "qemu-utils".into(),
            version: "1:10.0.2+ds-2+deb13u1~bpo12+1".into(),
            releases: vec!["bookworm-backports".into()],
        };
        assert_eq!(installed(POLICY), [expected]);
    }
}
