// SPDX-License-Identifier: GPL-2.0-or-later
//! The plugin's arguments: `symbols=FILE,windows=FILE,skip=N,keep=N`.

use std::path::PathBuf;

use crate::windows::Wanted;

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The list of the kernel's functions.
    pub(crate) symbols: PathBuf,
    /// The file to write.
    pub(crate) windows: PathBuf,
    /// Which windows it gets.
    pub(crate) wanted: Wanted,
}

impl Arguments {
    /// Reads the arguments, `NAME=VALUE` each.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn read<'a>(all: impl Iterator<Item = &'a str>) -> Result<Arguments, String> {
        let (mut symbols, mut windows, mut skip, mut keep) = (None, None, None, None);
        for argument in all {
            let wrong = || format!("wrong argument {argument:?}");
            match argument.split_once('=').ok_or_else(wrong)? {
                ("symbols", path) => symbols = Some(path.into()),
                ("windows", path) => windows = Some(path.into()),
                ("skip", number) => skip = Some(number.parse().map_err(|_| wrong())?),
                ("keep", number) => keep = Some(number.parse().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            }
        }
        match (symbols, windows, skip, keep) {
            (Some(symbols), Some(windows), Some(skip), Some(keep)) => {
                Ok(Arguments { symbols, windows, wanted: Wanted { skip, keep } })
            }
            _ => Err("it needs symbols=FILE,windows=FILE,skip=N,keep=N".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_arguments_are_needed_and_no_other_is_known() {
        let read = |text: &str| Arguments::read(text.split_whitespace());
        let all = read("symbols=/s=1 windows=/w skip=2 keep=3").unwrap();
        let wanted = Wanted { skip: 2, keep: 3 };
        assert_eq!(all, Arguments { symbols: "/s=1".into(), windows: "/w".into(), wanted });
        for text in
            ["", "symbols=/s windows=/w skip=2", "symbols=/s windows=/w skip=2 keep=-1", "out=1", "keep"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
