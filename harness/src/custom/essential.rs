//! Programs that every Debian has and a guest lacks. Debian's packages do not say that
//! they depend on these, so hookbench brings them when a command needs them.

/// The essential packages, and those of their programs that commands and scripts start.
const ESSENTIAL: &[(&str, &[&str])] = &[
    (
        "coreutils",
        &[
            "[",
            "b2sum",
            "base32",
            "base64",
            "basename",
            "cat",
            "chgrp",
            "chmod",
            "chown",
            "chroot",
            "cksum",
            "comm",
            "cp",
            "csplit",
            "cut",
            "date",
            "dd",
            "df",
            "dir",
            "dirname",
            "du",
            "echo",
            "env",
            "expand",
            "expr",
            "factor",
            "false",
            "fmt",
            "fold",
            "groups",
            "head",
            "hostid",
            "id",
            "install",
            "join",
            "link",
            "ln",
            "ls",
            "md5sum",
            "mkdir",
            "mkfifo",
            "mknod",
            "mktemp",
            "mv",
            "nice",
            "nl",
            "nohup",
            "nproc",
            "numfmt",
            "od",
            "paste",
            "pathchk",
            "pr",
            "printenv",
            "printf",
            "pwd",
            "readlink",
            "realpath",
            "rm",
            "rmdir",
            "runcon",
            "seq",
            "sha1sum",
            "sha256sum",
            "sha512sum",
            "shred",
            "shuf",
            "sleep",
            "sort",
            "split",
            "stat",
            "stdbuf",
            "stty",
            "sum",
            "sync",
            "tac",
            "tail",
            "tee",
            "test",
            "timeout",
            "touch",
            "tr",
            "true",
            "truncate",
            "tsort",
            "tty",
            "uname",
            "unexpand",
            "uniq",
            "unlink",
            "users",
            "vdir",
            "wc",
            "who",
            "whoami",
            "yes",
        ],
    ),
    ("bsdutils", &["logger", "renice", "script", "scriptlive", "scriptreplay", "wall"]),
    ("debianutils", &["run-parts", "tempfile", "which"]),
    ("diffutils", &["cmp", "diff", "diff3", "sdiff"]),
    ("dpkg", &["dpkg", "dpkg-query", "start-stop-daemon", "update-alternatives"]),
    ("findutils", &["find", "xargs"]),
    ("grep", &["egrep", "fgrep", "grep", "rgrep"]),
    ("gzip", &["gunzip", "gzip", "zcat", "zgrep"]),
    ("hostname", &["dnsdomainname", "domainname", "hostname"]),
    ("libc-bin", &["getconf", "getent", "iconv", "ldconfig", "ldd", "locale"]),
    ("login", &["login", "newgrp"]),
    ("mawk", &["awk", "mawk", "nawk"]),
    ("mount", &["losetup", "mount", "umount"]),
    ("ncurses-bin", &["clear", "tput", "tset"]),
    ("perl-base", &["perl"]),
    ("sed", &["sed"]),
    ("sysvinit-utils", &["fstab-decode", "killall5", "pidof"]),
    ("tar", &["tar"]),
    (
        "util-linux",
        &[
            "chrt",
            "choom",
            "dmesg",
            "flock",
            "getopt",
            "ionice",
            "lscpu",
            "mcookie",
            "more",
            "mountpoint",
            "nsenter",
            "prlimit",
            "rev",
            "setarch",
            "setpriv",
            "setsid",
            "su",
            "swapon",
            "taskset",
            "whereis",
        ],
    ),
];

/// The packages with the tools of most shell scripts.
pub(super) const TOOLS: [&str; 5] = ["coreutils", "findutils", "grep", "mawk", "sed"];

/// The programs that are shells.
const SHELLS: [&str; 3] = ["bash", "dash", "sh"];

/// Packages of interpreters that do not have the interpreter's name.
const INTERPRETERS: &[(&str, &str)] = &[
    ("Rscript", "r-base-core"),
    ("guile", "guile-3.0"),
    ("lua", "lua5.4"),
    ("node", "nodejs"),
    ("php", "php-cli"),
    ("python", "python-is-python3"),
    ("stap", "systemtap"),
    ("tclsh", "tcl"),
    ("wish", "tk"),
];

/// Returns the essential package that has the program `name`.
pub(super) fn package(name: &str) -> Option<&'static str> {
    ESSENTIAL.iter().find(|(_, programs)| programs.contains(&name)).map(|(package, _)| *package)
}

/// Whether the program at `path` is a shell.
pub(super) fn is_shell(path: &str) -> bool {
    SHELLS.contains(&path.rsplit('/').next().unwrap_or_default())
}

/// Returns the package that most likely has the program `name`.
pub(super) fn likely_package(name: &str) -> &str {
    INTERPRETERS.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_in_one_package() {
        let all: Vec<&str> = ESSENTIAL.iter().flat_map(|(_, programs)| programs.iter().copied()).collect();
        for program in &all {
            assert_eq!(all.iter().filter(|other| *other == program).count(), 1, "{program}");
        }
        assert_eq!(
            [package("env"), package("awk"), package("python3")],
            [Some("coreutils"), Some("mawk"), None]
        );
        assert_eq!([likely_package("node"), likely_package("python3")], ["nodejs", "python3"]);
        assert!(is_shell("usr/bin/dash") && !is_shell("usr/bin/env"));
        assert!(TOOLS.iter().all(|tool| ESSENTIAL.iter().any(|(package, _)| package == tool)));
    }
}
