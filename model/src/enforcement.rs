//! Enforcement: what a monitor does with a behaviour it sees, and how a refused operation ends.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a monitor does with a behaviour it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It observes, or it is attached without seeing anything.
    Observes,
    /// It makes operations fail.
    Denies(DenyScope),
    /// It kills the task whose operation the behaviour's policy refuses, with SIGKILL.
    Kills,
    /// Every operation must end like this, because the user says so with `expect`. Only
    /// custom monitors have it, so no record contains it.
    #[serde(skip)]
    Expects(Refusal),
}

/// Which operations a denying monitor refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DenyScope {
    /// The operations that the policy in the behaviour table names.
    Policy,
    /// All operations, because it cannot inspect them.
    Everyone,
}

impl Enforcement {
    /// Describes it in words.
    pub const fn about(self) -> &'static str {
        match self {
            Enforcement::Observes => "observes",
            Enforcement::Denies(DenyScope::Policy) => "denies by the policy",
            Enforcement::Denies(DenyScope::Everyone) => "denies all",
            Enforcement::Kills => "kills by the policy",
            Enforcement::Expects(_) => "refuses all, as the user expects",
        }
    }

    /// Returns how a refused operation ends; `None` if the monitor only observes.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Enforcement::Observes => None,
            Enforcement::Denies(_) => Some(Refusal::Errno(libc::EPERM)),
            Enforcement::Kills => Some(Refusal::Signal(libc::SIGKILL)),
            Enforcement::Expects(refusal) => Some(refusal),
        }
    }
}

/// How a refused operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The system call failed with this error number.
    Errno(i32),
    /// This signal killed the task.
    Signal(i32),
    /// The program gave up with this exit code.
    Exit(i32),
}

impl Refusal {
    /// Returns its kind and number, which the worker writes to shared memory.
    pub const fn parts(self) -> (u32, i32) {
        match self {
            Refusal::Errno(errno) => (1, errno),
            Refusal::Signal(signal) => (2, signal),
            Refusal::Exit(code) => (3, code),
        }
    }

    /// Returns the refusal with these [`parts`](Refusal::parts); `None` for an unknown kind.
    pub const fn of_parts(kind: u32, number: i32) -> Option<Refusal> {
        match kind {
            1 => Some(Refusal::Errno(number)),
            2 => Some(Refusal::Signal(number)),
            3 => Some(Refusal::Exit(number)),
            _ => None,
        }
    }
}

/// The error numbers that have a name, as errno(3) lists them.
const ERRNO_NAMES: &[(i32, &str)] = &[
    (libc::EPERM, "EPERM"),
    (libc::ENOENT, "ENOENT"),
    (libc::ESRCH, "ESRCH"),
    (libc::EINTR, "EINTR"),
    (libc::EIO, "EIO"),
    (libc::ENXIO, "ENXIO"),
    (libc::E2BIG, "E2BIG"),
    (libc::ENOEXEC, "ENOEXEC"),
    (libc::EBADF, "EBADF"),
    (libc::ECHILD, "ECHILD"),
    (libc::EAGAIN, "EAGAIN"),
    (libc::ENOMEM, "ENOMEM"),
    (libc::EACCES, "EACCES"),
    (libc::EFAULT, "EFAULT"),
    (libc::ENOTBLK, "ENOTBLK"),
    (libc::EBUSY, "EBUSY"),
    (libc::EEXIST, "EEXIST"),
    (libc::EXDEV, "EXDEV"),
    (libc::ENODEV, "ENODEV"),
    (libc::ENOTDIR, "ENOTDIR"),
    (libc::EISDIR, "EISDIR"),
    (libc::EINVAL, "EINVAL"),
    (libc::ENFILE, "ENFILE"),
    (libc::EMFILE, "EMFILE"),
    (libc::ENOTTY, "ENOTTY"),
    (libc::ETXTBSY, "ETXTBSY"),
    (libc::EFBIG, "EFBIG"),
    (libc::ENOSPC, "ENOSPC"),
    (libc::ESPIPE, "ESPIPE"),
    (libc::EROFS, "EROFS"),
    (libc::EMLINK, "EMLINK"),
    (libc::EPIPE, "EPIPE"),
    (libc::EDOM, "EDOM"),
    (libc::ERANGE, "ERANGE"),
    (libc::EDEADLK, "EDEADLK"),
    (libc::ENAMETOOLONG, "ENAMETOOLONG"),
    (libc::ENOLCK, "ENOLCK"),
    (libc::ENOSYS, "ENOSYS"),
    (libc::ENOTEMPTY, "ENOTEMPTY"),
    (libc::ELOOP, "ELOOP"),
    (libc::ENOMSG, "ENOMSG"),
    (libc::ENODATA, "ENODATA"),
    (libc::ETIME, "ETIME"),
    (libc::ENOLINK, "ENOLINK"),
    (libc::EPROTO, "EPROTO"),
    (libc::EBADMSG, "EBADMSG"),
    (libc::EOVERFLOW, "EOVERFLOW"),
    (libc::EILSEQ, "EILSEQ"),
    (libc::EUSERS, "EUSERS"),
    (libc::ENOTSOCK, "ENOTSOCK"),
    (libc::EDESTADDRREQ, "EDESTADDRREQ"),
    (libc::EMSGSIZE, "EMSGSIZE"),
    (libc::EPROTOTYPE, "EPROTOTYPE"),
    (libc::ENOPROTOOPT, "ENOPROTOOPT"),
    (libc::EPROTONOSUPPORT, "EPROTONOSUPPORT"),
    (libc::ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"),
    (libc::EOPNOTSUPP, "EOPNOTSUPP"),
    (libc::EPFNOSUPPORT, "EPFNOSUPPORT"),
    (libc::EAFNOSUPPORT, "EAFNOSUPPORT"),
    (libc::EADDRINUSE, "EADDRINUSE"),
    (libc::EADDRNOTAVAIL, "EADDRNOTAVAIL"),
    (libc::ENETDOWN, "ENETDOWN"),
    (libc::ENETUNREACH, "ENETUNREACH"),
    (libc::ENETRESET, "ENETRESET"),
    (libc::ECONNABORTED, "ECONNABORTED"),
    (libc::ECONNRESET, "ECONNRESET"),
    (libc::ENOBUFS, "ENOBUFS"),
    (libc::EISCONN, "EISCONN"),
    (libc::ENOTCONN, "ENOTCONN"),
    (libc::ESHUTDOWN, "ESHUTDOWN"),
    (libc::ETIMEDOUT, "ETIMEDOUT"),
    (libc::ECONNREFUSED, "ECONNREFUSED"),
    (libc::EHOSTDOWN, "EHOSTDOWN"),
    (libc::EHOSTUNREACH, "EHOSTUNREACH"),
    (libc::EALREADY, "EALREADY"),
    (libc::EINPROGRESS, "EINPROGRESS"),
    (libc::ESTALE, "ESTALE"),
    (libc::EDQUOT, "EDQUOT"),
    (libc::ECANCELED, "ECANCELED"),
    (libc::ENOKEY, "ENOKEY"),
    (libc::EKEYEXPIRED, "EKEYEXPIRED"),
    (libc::EKEYREVOKED, "EKEYREVOKED"),
    (libc::EKEYREJECTED, "EKEYREJECTED"),
    (libc::EOWNERDEAD, "EOWNERDEAD"),
    (libc::ENOTRECOVERABLE, "ENOTRECOVERABLE"),
    (libc::ERFKILL, "ERFKILL"),
    (libc::EHWPOISON, "EHWPOISON"),
];

/// The signals that end a refused operation, by name.
const SIGNAL_NAMES: &[(i32, &str)] = &[
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGSYS, "SIGSYS"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGABRT, "SIGABRT"),
];

fn name_of(names: &[(i32, &'static str)], number: i32) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

impl fmt::Display for Refusal {
    /// `EPERM`, `SIGKILL`, `exit code 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, kind, number) = match *self {
            Refusal::Errno(number) => (ERRNO_NAMES, "errno", number),
            Refusal::Signal(number) => (SIGNAL_NAMES, "signal", number),
            Refusal::Exit(code) => (&[][..], "exit code", code),
        };
        match name_of(names, number) {
            Some(name) => f.write_str(name),
            None => write!(f, "{kind} {number}"),
        }
    }
}

/// A text that names neither an error number nor a signal.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is neither the name of an error number, such as EPERM, nor of a signal, such as SIGKILL")]
pub struct UnknownRefusal(String);

impl FromStr for Refusal {
    type Err = UnknownRefusal;

    /// Parses `EPERM` and `SIGKILL`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let find =
            |names: &[(i32, &str)]| names.iter().find(|(_, name)| *name == text).map(|(number, _)| *number);
        find(ERRNO_NAMES)
            .map(Refusal::Errno)
            .or_else(|| find(SIGNAL_NAMES).map(Refusal::Signal))
            .ok_or_else(|| UnknownRefusal(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_trip() {
        for refusal in [Refusal::Errno(1), Refusal::Signal(9), Refusal::Exit(127)] {
            let (kind, number) = refusal.parts();
            assert_eq!(Refusal::of_parts(kind, number), Some(refusal));
        }
        assert_eq!(Refusal::of_parts(0, 1), None);
    }

    #[test]
    fn known_numbers_are_shown_by_name() {
        let shown = [Refusal::Errno(1), Refusal::Errno(999), Refusal::Signal(9), Refusal::Exit(1)];
        assert_eq!(
            shown.map(|refusal| refusal.to_string()),
            ["EPERM", "errno 999", "SIGKILL", "exit code 1"]
        );
    }

    #[test]
    fn a_name_is_read_as_it_is_shown() {
        for (number, name) in ERRNO_NAMES {
            assert_eq!(name.parse(), Ok(Refusal::Errno(*number)));
            assert_eq!(Refusal::Errno(*number).to_string(), *name);
        }
        assert_eq!("SIGKILL".parse(), Ok(Refusal::Signal(libc::SIGKILL)));
        for wrong in ["", "eperm", "1", "-1", "success"] {
            let error = wrong.parse::<Refusal>().unwrap_err().to_string();
            assert!(error.contains("EPERM") && error.contains("SIGKILL"), "{error}");
        }
    }
}
