//! `hookbench reference`: prints `docs/reference/cli.md`, generated from the command line.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Arg, Command};

use super::say;

/// The beginning of the page.
const HEAD: &str = "\
# Command line

`hookbench reference` prints this page, and a test compares the two: change the help texts in `harness/src/cmd`, not
this file. `hookbench SUBCOMMAND --help` prints the same texts in a terminal, and `hookbench --version` the version.
`hookbench completions SHELL` prints a completion script, for example for bash:

```sh
hookbench completions bash > ~/.local/share/bash-completion/completions/hookbench
```

An argument with `…` takes several values.
";

/// Prints the reference of `command`.
///
/// # Errors
/// When the write to standard output fails.
pub fn reference(command: &Command) -> Result<ExitCode> {
    say::result(&markdown(command))?;
    Ok(ExitCode::SUCCESS)
}

/// The reference of `command` as Markdown: a table of the subcommands, then a section for
/// each of them.
fn markdown(command: &Command) -> String {
    let mut page = HEAD.to_string();
    page.push_str("\n| subcommand | what it does |\n| :--- | :--- |\n");
    let visible = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    for verb in visible() {
        let name = format!("{} {}", command.get_name(), verb.get_name());
        let _ = writeln!(page, "| [`{}`](#{}) | {} |", verb.get_name(), name.replace(' ', "-"), about(verb));
    }
    for verb in visible() {
        let whole = visible().take_while(|earlier| earlier.get_name() != verb.get_name());
        let included = whole.filter(|earlier| includes(verb, earlier)).last();
        section(&mut page, command.get_name(), verb, included, 2);
    }
    page
}

/// The arguments that the reference shows.
fn visible_arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_hide_set())
}

/// Whether `command` has all options of `other`, which has several.
fn includes(command: &Command, other: &Command) -> bool {
    visible_arguments(other).count() > 1 && visible_arguments(other).all(|argument| has(command, argument))
}

/// Whether `command` has this very argument.
fn has(command: &Command, argument: &Arg) -> bool {
    let same = |own: &Arg| spelling(own) == spelling(argument) && meaning(own) == meaning(argument);
    visible_arguments(command).any(same)
}

/// Adds the section of `command`, and those of its subcommands one level below. A link
/// stands for the options of `included`.
fn section(page: &mut String, parent: &str, command: &Command, included: Option<&Command>, level: usize) {
    let name = format!("{parent} {}", command.get_name());
    let _ = write!(page, "\n{} {name}\n\n{}.\n\n", "#".repeat(level), about(command));
    let usage = command.clone().bin_name(&name).render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let _ = write!(page, "```text\n{usage}\n```\n");
    let shown =
        visible_arguments(command).filter(|argument| !included.is_some_and(|other| has(other, argument)));
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) = shown.partition(|argument| argument.is_positional());
    table(page, "argument", &positional);
    table(page, "option", &options);
    if let Some(other) = included.map(Command::get_name) {
        let _ = write!(page, "\nIt also has the options of [`{parent} {other}`](#{parent}-{other}).\n");
    }
    if let Some(after) = command.get_after_help() {
        let _ = write!(page, "\n```text\n{after}\n```\n");
    }
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        section(page, &name, verb, None, level + 1);
    }
}

fn table(page: &mut String, title: &str, arguments: &[&Arg]) {
    if !arguments.is_empty() {
        let _ = write!(page, "\n| {title} | meaning |\n| :--- | :--- |\n");
    }
    for argument in arguments {
        let _ = writeln!(page, "| `{}` | {} |", cell(&spelling(argument)), meaning(argument));
    }
}

/// The argument as the user types it.
fn spelling(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let values: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let values = if takes_values(argument) { values.join(" ") } else { String::new() };
    match argument.get_long() {
        Some(long) => format!("--{long} {values}").trim_end().to_string(),
        None => format!(
            "{values}{}",
            if argument.get_num_args().is_some_and(|n| n.max_values() > 1) { "…" } else { "" }
        ),
    }
}

/// The help text, the possible values and the default.
fn meaning(argument: &Arg) -> String {
    let mut meaning = cell(&argument.get_help().map(ToString::to_string).unwrap_or_default());
    let shown = takes_values(argument);
    let values = argument.get_possible_values();
    let values = values.iter().filter(|value| shown && !value.is_hide_set());
    let values: Vec<String> = values.map(|value| format!("`{}`", value.get_name())).collect();
    if !values.is_empty() {
        let _ = write!(meaning, ". One of {}", values.join(", "));
    }
    let defaults = argument.get_default_values().iter().map(|value| value.to_string_lossy());
    let defaults: Vec<_> = defaults.filter(|_| shown).collect();
    if !defaults.is_empty() {
        let _ = write!(meaning, " [default: {}]", defaults.join(", "));
    }
    meaning
}

fn takes_values(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

fn about(command: &Command) -> String {
    cell(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// `text` in one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::cli::command;

    #[test]
    fn the_reference_of_the_command_line_is_current() {
        let kept = include_str!("../../../docs/reference/cli.md");
        assert!(
            kept == markdown(&command()),
            "docs/reference/cli.md is outdated; write it with: hookbench reference > docs/reference/cli.md"
        );
    }

    #[test]
    fn every_visible_option_has_a_row() {
        let page = markdown(&command());
        assert_eq!(page.matches("| `--schedule").count(), 1, "{page}");
        for option in
            ["`--kernel KERNEL,…`", "`--bring PACKAGE\\|PATH,…`", "`--guests WAY`", "[default: 600]"]
        {
            assert!(page.contains(option), "{option}: {page}");
        }
        for hidden in ["--fault", "hookbench man", "hookbench reference\n"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
    }
}
