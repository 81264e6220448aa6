// SPDX-License-Identifier: GPL-2.0-or-later
//! The plugin's arguments: either `symbols=FILE,windows=FILE,skip=N,keep=N`, which has it attribute the operations of this
//! machine, or `serve=DESCRIPTOR,answer=FILE,console=FILE`, which has it make copies of the machine.

use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::windows::Wanted;

/// What the plugin does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// It attributes operations.
    Attribute(Attribution),
    /// It makes copies of the machine.
    Serve(Serving),
}

/// Which operations are attributed, and where that is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// The list of the kernel's functions.
    pub(crate) symbols: PathBuf,
    /// The file to write.
    pub(crate) windows: PathBuf,
    /// Which windows it gets.
    pub(crate) wanted: Wanted,
}

/// The socket for requests, and the machine's own files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Serving {
    /// A socket of packets.
    pub(crate) socket: RawFd,
    /// The file of the answer, which a copy has another for.
    pub(crate) answer: PathBuf,
    /// The file of the console, likewise.
    pub(crate) console: PathBuf,
}

impl Task {
    /// Reads the arguments, `NAME=VALUE` each.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn read<'a>(all: impl Iterator<Item = &'a str>) -> Result<Task, String> {
        let all: Vec<&str> = all.collect();
        Ok(match all.iter().any(|argument| argument.starts_with("serve=")) {
            true => Task::Serve(Serving::read(all.into_iter())?),
            false => Task::Attribute(Attribution::read(all.into_iter())?),
        })
    }
}

impl Attribution {
    /// Reads these arguments.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn read<'a>(all: impl Iterator<Item = &'a str>) -> Result<Attribution, String> {
        let (mut symbols, mut windows, mut skip, mut keep) = (None, None, None, None);
        for argument in all {
            match split(argument)? {
                ("symbols", path) => symbols = Some(path.into()),
                ("windows", path) => windows = Some(path.into()),
                ("skip", text) => skip = Some(number(argument, text)?),
                ("keep", text) => keep = Some(number(argument, text)?),
                _ => return Err(wrong(argument)),
            }
        }
        match (symbols, windows, skip, keep) {
            (Some(symbols), Some(windows), Some(skip), Some(keep)) => {
                Ok(Attribution { symbols, windows, wanted: Wanted { skip, keep } })
            }
            _ => Err("it needs symbols=FILE,windows=FILE,skip=N,keep=N".into()),
        }
    }
}

impl Serving {
    fn read<'a>(all: impl Iterator<Item = &'a str>) -> Result<Serving, String> {
        let (mut socket, mut answer, mut console) = (None, None, None);
        for argument in all {
            match split(argument)? {
                ("serve", text) => socket = Some(number(argument, text)?),
                ("answer", path) => answer = Some(path.into()),
                ("console", path) => console = Some(path.into()),
                _ => return Err(wrong(argument)),
            }
        }
        match (socket, answer, console) {
            (Some(socket), Some(answer), Some(console)) => Ok(Serving { socket, answer, console }),
            _ => Err("it needs serve=DESCRIPTOR,answer=FILE,console=FILE".into()),
        }
    }
}

fn wrong(argument: &str) -> String {
    format!("wrong argument {argument:?}")
}

fn split(argument: &str) -> Result<(&str, &str), String> {
    argument.split_once('=').ok_or_else(|| wrong(argument))
}

fn number<N: std::str::FromStr>(argument: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| wrong(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Task, String> {
        Task::read(text.split_whitespace())
    }

    #[test]
    fn all_arguments_are_needed_and_no_other_is_known() {
        let wanted = Wanted { skip: 2, keep: 3 };
        let task = Task::Attribute(Attribution { symbols: "/s=1".into(), windows: "/w".into(), wanted });
        assert_eq!(read("symbols=/s=1 windows=/w skip=2 keep=3"), Ok(task));
        for text in [
            "",
            "windows=/w skip=2 keep=3",
            "symbols=/s windows=/w skip=2",
            "symbols=/s windows=/w skip=2 keep=-1",
            "out=1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_serving_machine_knows_its_own_files() {
        let serving = Serving { socket: 5, answer: "/a".into(), console: "/c".into() };
        assert_eq!(read("serve=5 answer=/a console=/c"), Ok(Task::Serve(serving)));
        for text in ["serve=5", "serve=x answer=/a console=/c", "serve=5 answer=/a console=/c keep=1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
