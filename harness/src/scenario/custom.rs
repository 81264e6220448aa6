//! Custom ways: a command that the user supplies, and the effect that shows that it reached its goal. How its program
//! and its payload are found is the business of custom workloads, which are commands too.

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::CustomWorkload;
use hookbench_results::described::{CustomWayRecord, WayRecord};
use hookbench_scenarios::exchange::{CustomEffect, CustomWay, CustomWindow};
use hookbench_vm::image::GuestFile;
use hookbench_workloads::custom::{FOLDER, ask};

use crate::custom::workload::CustomWorkloads;

/// The prefix of a command.
const COMMAND: &str = "cmd:";
/// The name of the command that looks at the effect.
const CHECK: &str = "effect-check";
/// The forms of an effect, for errors.
const EFFECTS: &str = "exists:FILE, content:FILE=TEXT, exit:CODE or check:COMMAND";

/// A custom way as the user asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its name: `cmd:reach`.
    pub(crate) name: String,
    /// The command, with `cmd:`.
    pub(crate) text: String,
    /// The effect.
    pub(crate) effect: String,
    /// The user that runs it.
    pub(crate) user: u32,
    /// Whether it is an allowed neighbour.
    pub(crate) allowed: bool,
    /// Its payload, as the user names it: packages, paths of files and folders.
    pub(crate) bring: Vec<String>,
    /// Where its window opens.
    pub(crate) window: CustomWindow,
}

/// A custom way that is ready for a guest.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(super) way: CustomWay,
    /// The files that it needs.
    pub(super) files: Vec<GuestFile>,
}

impl Asked {
    /// Reads `text`, if it is a command and not the name of a way.
    ///
    /// # Errors
    /// When it cannot be a command, or `effect` is not an effect.
    pub(crate) fn read(text: &str, effect: Option<&str>, user: u32) -> Result<Option<Asked>> {
        if !text.starts_with(COMMAND) {
            return Ok(None);
        }
        let name = ask::name(text)?.context("not a command")?;
        let Some(effect) = effect else {
            bail!("{text:?} needs --effect, which says what shows that it reached its goal: {EFFECTS}");
        };
        ensure!(name != format!("{COMMAND}{CHECK}"), "call the way something else than {CHECK:?}");
        Effect::read(effect)?;
        let (text, effect) = (text.to_owned(), effect.to_owned());
        let (allowed, bring, window) = (false, Vec::new(), CustomWindow::default());
        Ok(Some(Asked { name, text, effect, user, allowed, bring, window }))
    }

    /// Its commands, with their payload, as custom workloads.
    ///
    /// # Errors
    /// When a command is malformed.
    pub(crate) fn commands(&self) -> Result<CustomWorkloads> {
        let check = match Effect::read(&self.effect)? {
            Effect::Check(command) => Some(format!("{COMMAND}{CHECK}={command}")),
            Effect::Plain(_) => None,
        };
        CustomWorkloads::read([&self.text].into_iter().chain(&check), &self.bring, None)
    }

    /// The way for guests, whose programs `commands` has found.
    ///
    /// # Errors
    /// When a program is missing.
    pub(crate) fn ready(&self, commands: &CustomWorkloads) -> Result<Ready> {
        let (program, words) = command(commands, &self.name)?;
        let mut files = commands.files(&self.name);
        let effect = match Effect::read(&self.effect)? {
            Effect::Plain(effect) => effect,
            Effect::Check(_) => {
                let name = format!("{COMMAND}{CHECK}");
                let (program, words) = command(commands, &name)?;
                let more = commands.files(&name).into_iter();
                let known: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
                files.extend(more.filter(|file| !known.contains(&file.path)));
                CustomEffect::Check { program, words }
            }
        };
        let (name, folder) = (self.name.clone(), format!("/{FOLDER}"));
        let way = CustomWay { name, program, words, folder, user: self.user, effect, window: self.window };
        Ok(Ready { way, files })
    }

    /// What a run records about it.
    ///
    /// # Errors
    /// When the command is malformed.
    pub(crate) fn record(&self) -> Result<WayRecord> {
        let command = ask::command(self.text.trim_start_matches(COMMAND))?.1;
        let custom = CustomWayRecord {
            command,
            effect: self.effect.clone(),
            user: self.user,
            bring: self.bring.clone(),
            window: self.window,
        };
        Ok(WayRecord {
            name: self.name.clone(),
            about: "a custom way".into(),
            allowed: self.allowed,
            as_root: self.user == 0,
            custom: Some(custom),
        })
    }
}

/// The path of the program in the guest, and the command.
fn command(commands: &CustomWorkloads, name: &str) -> Result<(String, Vec<String>)> {
    match commands.find(name)? {
        Some(CustomWorkload::Command(command)) => Ok((command.program, command.words)),
        _ => bail!("{name} is not a command"),
    }
}

/// An effect as the user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    Plain(CustomEffect),
    Check(String),
}

impl Effect {
    fn read(text: &str) -> Result<Effect> {
        let Some((kind, rest)) = text.split_once(':') else {
            bail!("{text:?} is not an effect; use {EFFECTS}");
        };
        let absolute = |path: &str| {
            ensure!(path.starts_with('/'), "the effect {text:?} needs the whole path of a file in the guest");
            Ok(path.to_owned())
        };
        Ok(match kind {
            "exists" => Effect::Plain(CustomEffect::Exists(absolute(rest)?)),
            "content" => {
                let (path, text) = rest.split_once('=').context("content: needs FILE=TEXT")?;
                Effect::Plain(CustomEffect::Content { path: absolute(path)?, text: text.into() })
            }
            "exit" => {
                let code =
                    rest.parse().with_context(|| format!("{rest:?} is not an exit code from 0 to 255"))?;
                Effect::Plain(CustomEffect::Exit(code))
            }
            "check" => Effect::Check(rest.into()),
            _ => bail!("{text:?} is not an effect; use {EFFECTS}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_read_as_the_user_gives_it() {
        let plain = |text: &str| match Effect::read(text).unwrap() {
            Effect::Plain(effect) => effect,
            Effect::Check(command) => panic!("{command}"),
        };
        assert_eq!(plain("exists:/run/reached"), CustomEffect::Exists("/run/reached".into()));
        let content = CustomEffect::Content { path: "/run/a".into(), text: "x=y".into() };
        assert_eq!(plain("content:/run/a=x=y"), content);
        assert_eq!(plain("exit:3"), CustomEffect::Exit(3));
        assert_eq!(Effect::read("check:./look --twice").unwrap(), Effect::Check("./look --twice".into()));
        for (wrong, part) in [
            ("reached", "exists:FILE"),
            ("exists:reached", "whole path"),
            ("content:/run/a", "FILE=TEXT"),
            ("exit:300", "0 to 255"),
            ("seen:/a", "is not an effect"),
        ] {
            let error = Effect::read(wrong).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_way_that_is_not_a_command_is_the_name_of_one() {
        assert_eq!(Asked::read("clone3", None, 1000).unwrap(), None);
        let error = Asked::read("cmd:./x", None, 1000).unwrap_err().to_string();
        assert!(error.contains("--effect"), "{error}");
        let asked = Asked::read("cmd:./x --now", Some("exit:0"), 0).unwrap().unwrap();
        assert_eq!((asked.name.as_str(), asked.record().unwrap().as_root), ("cmd:x", true));
    }
}
