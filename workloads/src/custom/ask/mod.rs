//! Custom workloads as the user asks for them: `cmd:COMMAND`, `syscalls:FILE.toml`. Their names in cells are made
//! here, and files of system calls are read. Only hookbench does this; the agent is told the result.

use hookbench_model::CustomWorkloadKind;

mod argument;
mod constants;
mod file;

pub use file::sequence;

/// The text or the file cannot be a workload; the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

/// The name in cells of the custom workload that the user calls `text`; `None` if `text` names no kind of custom
/// workload.
///
/// # Errors
/// When it names a kind and cannot be a name.
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
        "{shown:?} cannot be a workload: its name would be {name:?}, and a name may have letters, digits, '.', '_' \
         and '-'{}",
        match kind {
            CustomWorkloadKind::Command => "; give it another name: cmd:NAME=COMMAND",
            CustomWorkloadKind::Calls => ", and ends with .toml",
        }
    )))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The name and the words of `COMMAND` or `NAME=COMMAND`.
///
/// # Errors
/// When a quote is not closed, or there is no word.
pub fn command(text: &str) -> Result<(String, Vec<String>), Wrong> {
    let named = text.split_once('=').filter(|(name, _)| CustomWorkloadKind::Command.names(name));
    let (name, line) = named.map_or((None, text), |(name, line)| (Some(name), line));
    let words = shlex::split(line).ok_or_else(|| Wrong(format!("a quote is not closed in {line:?}")))?;
    let Some(program) = words.first() else { return Err(Wrong(format!("there is no command in {text:?}"))) };
    Ok((name.map_or_else(|| file_name(program).into(), String::from), words))
}

/// The few of `names` that begin most like the mistyped `word`.
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
    fn a_custom_workload_is_called_by_its_file_or_its_program() {
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
    fn similar_names_begin_alike() {
        assert_eq!(nearest("opennat", ["close", "openat", "open"].into_iter()), "openat, open, close");
    }
}
