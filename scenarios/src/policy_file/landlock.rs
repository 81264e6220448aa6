//! Landlock sandboxes: made from the tables of a scenario. Landlock has no file format; the file lists what a program
//! gives to its calls. A sandbox allows what it lists, so a policy that denies one file allows all that is beside it.

use crate::subject::Subject;

/// Rights of linux/landlock.h, and their names.
pub(crate) const EXECUTE: u64 = 1;
pub(crate) const WRITE_FILE: u64 = 1 << 1;
pub(crate) const READ_FILE: u64 = 1 << 2;
pub(crate) const TRUNCATE: u64 = 1 << 14;
const NAMES: &[(u64, &str)] =
    &[(EXECUTE, "EXECUTE"), (WRITE_FILE, "WRITE_FILE"), (READ_FILE, "READ_FILE"), (TRUNCATE, "TRUNCATE")];

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sandbox {
    /// The rights that it handles, of files.
    pub(crate) rights: u64,
    /// The files that it does not grant these rights on.
    pub(crate) denied: Vec<String>,
    /// Whether it denies to connect by TCP, to any port.
    pub(crate) denies_connect: bool,
}

/// The sandbox for `subject`; `None` if Landlock knows nothing of that kind.
pub(crate) fn sandbox(subject: &Subject) -> Option<Sandbox> {
    let has = |number| subject.has_native(number);
    let denied: Vec<String> = subject.files.iter().map(|(path, _)| path.clone()).collect();
    let letters = subject.files.iter().flat_map(|(_, letters)| letters.chars());
    let rights = letters.fold(0, |rights, letter| {
        rights
            | match letter {
                'x' => EXECUTE,
                'r' => READ_FILE,
                'w' => WRITE_FILE | TRUNCATE,
                _ => 0,
            }
    });
    let denies_connect = has(libc::SYS_connect);
    // A process in a sandbox neither changes mounts nor traces processes outside, whatever the sandbox handles.
    let is_any = has(libc::SYS_mount) || has(libc::SYS_ptrace);
    let rights = if rights == 0 && is_any { EXECUTE } else { rights };
    (rights != 0 || denies_connect).then_some(Sandbox { rights, denied, denies_connect })
}

/// The file with the sandbox; `None` if Landlock has no rules about the scenario.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    let Sandbox { rights, denied, denies_connect } = sandbox(subject)?;
    let names: Vec<&str> =
        NAMES.iter().filter(|(right, _)| rights & right != 0).map(|(_, name)| *name).collect();
    let names = names.join("|");
    let mut text = format!(
        "# {}\n# Landlock has no file format. A program gives this to landlock_create_ruleset and landlock_add_rule.\n",
        subject.scenario.about
    );
    if rights != 0 {
        text += &format!("handled_access_fs {names}\n");
        match &denied[..] {
            [] => text += &format!("path_beneath {names} /\n"),
            denied => {
                text += "# One rule for each file and folder beside the way to the file.\n";
                text += &format!("path_beneath {names} / except {}\n", denied.join(" "));
            }
        }
    }
    if denies_connect {
        text += "# No port has a rule, so no connection is allowed.\nhandled_access_net CONNECT_TCP\n";
    }
    Some(text)
}
