//! Workloads of a user's own as they are asked for: `cmd:COMMAND`, `syscalls:FILE.toml`.
//! How they are called in cells, and what a file of system calls says.

use hookbench_model::CustomWorkloadKind;

mod argument;
mod constants;
mod file;

pub use file::sequence;

/// What is asked for cannot be a workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

/// What is asked for as `text`, as cells have it; `None` when that is none of a user's
/// own.
///
/// # Errors
/// When it is of a kind and can be no name.
pub fn name(text: &str) -> Result<Option<String>, Wrong> {
    let Some((kind, rest)) = CustomWorkloadKind::of(text) else { return Ok(None) };
    let name = match kind {
        CustomWorkloadKind::Command => command(rest)?.0,
        CustomWorkloadKind::Calls => file_name(rest).into(),
    };
    if kind.names(&name) {
        return Ok(Some(format!("{}:{name}", kind.prefix())));
    }
    let shown: String = text.chars().take(80).collect();
    Err(Wrong(format!(
        "{shown:?} cannot be a workload: its name would be {name:?}, and is to be of letters, digits, '.', '_' \
         and '-'{}",
        match kind {
            CustomWorkloadKind::Command => "; give it another one, as in cmd:NAME=COMMAND",
            CustomWorkloadKind::Calls => ", with .toml at its end",
        }
    )))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The name and the words of `COMMAND` or `NAME=COMMAND`.
///
/// # Errors
/// When quotes are left open, or there is no word.
pub fn command(text: &str) -> Result<(String, Vec<String>), Wrong> {
    let named = text.split_once('=').filter(|(name, _)| CustomWorkloadKind::Command.names(name));
    let (name, line) = named.map_or((None, text), |(name, line)| (Some(name), line));
    let words = shlex::split(line).ok_or_else(|| Wrong(format!("quotes are left open in {line:?}")))?;
    let Some(program) = words.first() else { return Err(Wrong(format!("there is no command in {text:?}"))) };
    Ok((name.map_or_else(|| file_name(program).into(), String::from), words))
}

/// The few of `names` that begin most like `word`, for who mistyped it.
fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> String {
    let shared = |name: &str| name.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| (std::cmp::Reverse(shared(name)), name.len().abs_diff(word.len())));
    names.truncate(4);
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_s_own_is_called_by_its_file_or_its_program() {
        for (text, named) in [
            ("cmd:./my-test --once", "cmd:my-test"),
            ("cmd:once=./my-test 'a b'", "cmd:once"),
            ("cmd:env A=b true", "cmd:env"),
            ("syscalls:a/b/open.toml", "syscalls:open.toml"),
        ] {
            assert_eq!(name(text).unwrap().as_deref(), Some(named));
        }
        assert_eq!(name("null-syscall").unwrap(), None);
        for wrong in ["cmd:", "cmd:'open", "cmd:a/", "syscalls:a.json", "syscalls:a b.toml"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn near_names_begin_alike() {
        assert_eq!(nearest("opennat", ["close", "openat", "open"].into_iter()), "openat, open, close");
    }
}
