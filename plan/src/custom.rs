//! Parses custom monitors as the user writes them, such as `bpf:PATH/NAME.o`, and names
//! them for cells. It does not open any file.

use anyhow::{Context, Result, bail};
use hookbench_model::{CustomMonitorKind, MonitorName, Params, Refusal};
use hookbench_probes::custom::{EXPECT, ObjectTuning};

/// Splits `PATH[NAME=VALUE ...]` into the path and the parameters of a BPF object. Other kinds have
/// no parameters, so `rest` is the path.
///
/// # Errors
/// When the parameters in brackets are invalid.
pub fn split_tuning(kind: CustomMonitorKind, rest: &str) -> Result<(&str, Params)> {
    match rest
        .strip_suffix(']')
        .and_then(|rest| rest.split_once('['))
        .filter(|_| kind == CustomMonitorKind::Bpf)
    {
        Some((path, params)) => Ok((path, params.parse()?)),
        None => Ok((rest, Params::default())),
    }
}

/// The name and parameters of the custom monitor `text`, as cells contain them; `None`
/// if `text` has no prefix of a custom monitor.
///
/// # Errors
/// When `text` has such a prefix, but no valid name follows from it.
pub fn custom_monitor_name(text: &str) -> Result<Option<(MonitorName, Params)>> {
    let Some((kind, rest)) = CustomMonitorKind::of(text) else { return Ok(None) };
    let (rest, tuning) = split_tuning(kind, rest)?;
    let name = match kind {
        CustomMonitorKind::Bpf | CustomMonitorKind::Audit => file_name(rest),
        CustomMonitorKind::Command => &parse_command(rest)?.0,
    };
    if kind == CustomMonitorKind::Bpf {
        ObjectTuning::parse(&tuning).with_context(|| format!("{text:?} has wrong parameters"))?;
    }
    let name = format!("{}:{name}", kind.prefix());
    Ok(Some((name.parse().with_context(|| format!("{text:?} is not a valid monitor"))?, tuning)))
}

/// The monitor `text` with the parameters `tuning` instead of those in its brackets.
///
/// # Errors
/// When it is not a BPF object, or its parameters are invalid.
pub fn with_tuning(text: &str, tuning: &Params) -> Result<String> {
    let Some((kind @ CustomMonitorKind::Bpf, rest)) = CustomMonitorKind::of(text) else {
        bail!("{text:?} is not a BPF object");
    };
    let (path, _) = split_tuning(kind, rest)?;
    let brackets = if tuning.is_empty() { String::new() } else { format!("[{tuning}]") };
    Ok(format!("{}:{path}{brackets}", kind.prefix()))
}

/// Adds to each BPF object in `monitors` that every operation ends with `refusal`, unless the
/// object has that parameter. Returns whether there is any object.
///
/// # Errors
/// When the parameters of an object are invalid.
pub fn expect(monitors: &mut [String], refusal: Refusal) -> Result<bool> {
    let mut any = false;
    for text in monitors {
        let Some((kind @ CustomMonitorKind::Bpf, rest)) = CustomMonitorKind::of(text) else { continue };
        let (_, mut tuning) = split_tuning(kind, rest)?;
        if tuning.get(EXPECT).is_none() {
            tuning.set(EXPECT, refusal.to_string());
        }
        *text = with_tuning(text, &tuning)?;
        any = true;
    }
    Ok(any)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The name and the words of `COMMAND` or `NAME=COMMAND`.
///
/// # Errors
/// When a quote is not closed, or there is no command.
pub fn parse_command(text: &str) -> Result<(String, Vec<String>)> {
    let named = text.split_once('=').filter(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    });
    let (name, line) = named.map_or((None, text), |(name, line)| (Some(name), line));
    let words = shlex::split(line).with_context(|| format!("unclosed quote in {line:?}"))?;
    let Some(program) = words.first() else { bail!("no command in {text:?}") };
    Ok((name.map_or_else(|| file_name(program).into(), String::from), words))
}

/// Splits the lists of the command line at commas. A command is never split.
pub fn split_lists(lists: &[String]) -> Vec<String> {
    let command = |list: &str| matches!(CustomMonitorKind::of(list), Some((CustomMonitorKind::Command, _)));
    let parts = |list: &String| match command(list) {
        true => vec![list.clone()],
        false => list.split(',').map(String::from).collect(),
    };
    lists.iter().flat_map(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Cell;
    use proptest::prelude::*;

    #[test]
    fn a_custom_monitor_is_named_after_its_file_or_program() {
        for (text, named) in [
            ("bpf:a/b/x.bpf.o", "bpf:x.bpf.o"),
            ("audit:/etc/stig.rules", "audit:stig.rules"),
            ("cmd:/usr/bin/bpftrace -e 'a, b'", "cmd:bpftrace"),
            ("cmd:opens=bpftrace -e 'x=1'", "cmd:opens"),
        ] {
            assert_eq!(custom_monitor_name(text).unwrap().unwrap().0.to_string(), named);
        }
        assert_eq!(custom_monitor_name("bpf-lsm+count").unwrap(), None);
        let (name, tuning) = custom_monitor_name("bpf:a/x.o[only=a+b min_us=9]").unwrap().unwrap();
        assert_eq!((name.to_string(), tuning.to_string()), ("bpf:x.o".into(), "min_us=9 only=a+b".into()));
        for wrong in ["bpf:a.c", "bpf:a/", "cmd:", "cmd:'open", "audit:a b.rules", "cmd:a b=c"] {
            let named = custom_monitor_name(wrong).map(|parsed| parsed.map(|(name, _)| name.to_string()));
            assert!(named.is_err() || wrong == "cmd:a b=c", "{wrong}: {named:?}");
        }
    }

    #[test]
    fn wrong_parameters_of_an_object_are_refused_by_name() {
        for (text, part) in [
            ("bpf:x.o[only=a,b]", "only=a,b"),
            ("bpf:x.o[a@uprobe=b]", "the kinds are fentry"),
            ("bpf:x.o[expect=NOPE]", "neither the name of an error number"),
        ] {
            let error = format!("{:#}", custom_monitor_name(text).unwrap_err());
            assert!(error.contains(part) && error.contains("x.o"), "{error}");
        }
        let (name, tuning) = custom_monitor_name("bpf:a/x.o[on@tp=sched/sched_switch]").unwrap().unwrap();
        let cell = format!("6.1/tcg/null-syscall/paced/{name}[{tuning}]").parse::<Cell>().unwrap();
        assert_eq!((cell.monitor, cell.tuning), (name, tuning));
    }

    #[test]
    fn what_is_expected_becomes_a_parameter_of_each_object() {
        let mut monitors =
            ["none", "bpf:a/x.o", "bpf:x.o[only=a]", "bpf:x.o[expect=EACCES]"].map(String::from);
        assert!(expect(&mut monitors, Refusal::Errno(1)).unwrap());
        assert_eq!(
            monitors,
            ["none", "bpf:a/x.o[expect=EPERM]", "bpf:x.o[expect=EPERM only=a]", "bpf:x.o[expect=EACCES]"]
        );
        assert!(!expect(&mut ["none".into()], Refusal::Errno(1)).unwrap());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "((bpf|audit|cmd):)?.*") {
            if let Ok(Some((name, tuning))) = custom_monitor_name(&text) {
                // The name is part of a cell's name, which must parse again.
                let cell = format!("6.1/tcg/null-syscall/paced/{name}");
                prop_assert_eq!(cell.parse::<Cell>().unwrap().monitor, name);
                prop_assert!(tuning.to_string().parse::<Params>().is_ok());
            }
        }
    }

    #[test]
    fn a_command_is_not_split_at_commas() {
        let lists = ["none,bpf:a.o", "cmd:a,b"].map(String::from);
        assert_eq!(split_lists(&lists), ["none", "bpf:a.o", "cmd:a,b"]);
    }
}
