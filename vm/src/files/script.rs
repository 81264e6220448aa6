//! The first line of a script, `#!`: the interpreter that the kernel starts, and the
//! program that `env` looks up. The bytes may be anything.

/// The most bytes that the kernel reads of a file to find the interpreter.
const LONGEST: usize = 256;

/// What starts a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The path of the interpreter, as the script writes it.
    pub interpreter: String,
    /// If the interpreter is `env`: the program that it starts.
    pub program: Option<String>,
}

/// Reads the first line of `bytes`. `None` if they are not a script that the kernel
/// starts.
pub fn read(bytes: &[u8]) -> Option<Script> {
    let start = &bytes[..bytes.len().min(LONGEST)];
    let line = start.strip_prefix(b"#!")?.split(|byte| [b'\n', 0].contains(byte)).next()?;
    let line = str::from_utf8(line).ok()?.trim_matches([' ', '\t']);
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if interpreter.is_empty() {
        return None;
    }
    let is_env = interpreter.rsplit('/').next() == Some("env");
    let program = if is_env { started_by_env(argument.trim_matches([' ', '\t'])) } else { None };
    Some(Script { interpreter: interpreter.to_owned(), program })
}

/// Returns the program that `env` starts. The kernel passes everything after the
/// interpreter as one argument, which only the option `-S` splits.
fn started_by_env(argument: &str) -> Option<String> {
    let split = ["-S", "-vS", "-iS", "-ivS", "--split-string="]
        .iter()
        .find_map(|option| argument.strip_prefix(option));
    let is_name = |word: &&str| !word.starts_with('-') && !word.contains('=');
    let name = match split {
        Some(words) => words.split_ascii_whitespace().find(is_name)?,
        None => Some(argument).filter(is_name)?,
    };
    let name = name.trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_interpreter_and_the_program_of_env_are_found() {
        for (line, interpreter, program) in [
            ("#!/bin/sh", "/bin/sh", None),
            ("#! /bin/bash -e\ntrue\n", "/bin/bash", None),
            ("#!\t/usr/bin/perl\t-w\r\n", "/usr/bin/perl", None),
            ("#!/usr/bin/env bpftrace\n", "/usr/bin/env", Some("bpftrace")),
            ("#!/usr/bin/env  python3 \n", "/usr/bin/env", Some("python3")),
            // Without -S, env looks for a program of this whole name.
            ("#!/usr/bin/env python3 -u\n", "/usr/bin/env", Some("python3 -u")),
            ("#!/usr/bin/env -S A=1 perl -w\n", "/usr/bin/env", Some("perl")),
            ("#!/usr/bin/env -Sperl -w\n", "/usr/bin/env", Some("perl")),
            ("#!/bin/env --split-string=awk -f\n", "/bin/env", Some("awk")),
            ("#!/usr/bin/env -S\n", "/usr/bin/env", None),
            ("#!/usr/bin/env \"\"\n", "/usr/bin/env", None),
            ("#!/usr/bin/env", "/usr/bin/env", None),
        ] {
            let found = read(line.as_bytes()).unwrap();
            assert_eq!(
                (found.interpreter.as_str(), found.program.as_deref()),
                (interpreter, program),
                "{line:?}"
            );
        }
        for text in ["", "#", "#!", "#! \n/bin/sh", "echo", "\u{feff}#!/bin/sh", "#!\0/bin/sh"] {
            assert_eq!(read(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(read(b"#!/bin/\xff\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, line in "#![ \t]*(/usr/bin/env|/bin/sh)?[ \t]?.*") {
            let _ = (read(&bytes), read(line.as_bytes()));
        }
    }
}
