//! What a line asks for: the checks that auditctl's `setopt` makes of its options and of their order. Those that
//! need the kernel, or tables of system calls and users, are left out.

use super::fields::{Field, Place};
use super::line::{Effect, Problem, Rule};
use super::options::{Opt, Options};
use super::values::{absolute, list_and_action, number, task_with_calls, up_to_2, without_list};

/// What follows an option.
enum Flow {
    /// auditctl reads the next option.
    Next,
    /// It reads no further option, and checks what is left.
    Last,
    /// It looks at nothing else.
    Done,
}

/// The state of a line's check.
struct Check<'a> {
    words: &'a [String],
    options: Options<'a>,
    effect: Effect,
    /// The list of `-a`, `-A` or `-w`.
    add: Option<&'static str>,
    /// The list of `-d` or `-W`.
    delete: Option<&'static str>,
    always: Option<bool>,
    /// How many of `-a`, `-A` and `-d` there were.
    lists: usize,
    has_syscall: bool,
    /// A path, permission, program or file system was named, so the rule may have a key.
    may_have_key: bool,
    has_key: bool,
    /// An option that belongs to a rule.
    part_of_rule: Option<String>,
    fields: Vec<Field>,
    places: Vec<Place>,
}

/// What the line of these words asks for, and why auditctl refuses it.
pub(super) fn check(words: &[String]) -> (Effect, Option<Problem>) {
    let mut check = Check {
        words,
        options: Options::of(words),
        effect: Effect::default(),
        add: None,
        delete: None,
        always: None,
        lists: 0,
        has_syscall: false,
        may_have_key: false,
        has_key: false,
        part_of_rule: None,
        fields: Vec::new(),
        places: Vec::new(),
    };
    let problem = check.run().err();
    (check.effect, problem)
}

impl Check<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        while let Some(option) = self.options.next() {
            match self.option(option)? {
                Flow::Next => {}
                Flow::Last => return self.leftover(self.options.peek()),
                Flow::Done => return Ok(()),
            }
        }
        self.leftover(self.options.stray())?;
        if self.has_key && !(self.has_syscall || self.may_have_key) {
            return Err(Problem::new(
                "a key needs something to watch",
                "add -S, or a field such as path or perm",
            ));
        }
        if self.delete.is_some() && self.add.is_none() {
            self.effect.deletes_some = true;
        }
        match (self.add, self.delete, self.part_of_rule.take()) {
            (Some(list), ..) => {
                let always = self.always.unwrap_or(true);
                let (fields, places) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.places));
                self.effect.rule = Some(Rule { list, always, fields, places });
                Ok(())
            }
            (None, None, Some(option)) => Err(without_list(&option)),
            _ => Ok(()),
        }
    }

    /// Refuses a word that belongs to no option.
    fn leftover(&self, word: Option<&str>) -> Result<(), Problem> {
        let Some(word) = word else { return Ok(()) };
        let reason = format!("the word {word:?} belongs to no option");
        Err(if word.starts_with('#') {
            Problem::new(
                "a comment stands behind a rule",
                "auditctl knows comments only on lines of their own",
            )
        } else if self.words.iter().any(|word| word.contains(['"', '\''])) {
            Problem::new(
                reason,
                "auditctl knows no quotes; put a backslash before a blank that belongs to a word",
            )
        } else if word.contains('\t') {
            Problem::new(reason, "auditctl separates words only at blanks; replace the tab")
        } else {
            Problem::new(reason, "remove it, or write the option that it belongs to")
        })
    }

    fn option(&mut self, option: Opt) -> Result<Flow, Problem> {
        match option {
            Opt::Unknown(name) => {
                let remedy = "see auditctl(8) for its options";
                Err(Problem::new(format!("auditctl has no option {name}"), remedy))
            }
            Opt::Bare(name) => {
                Err(Problem::new(format!("{name} lacks its value"), "write it behind the option"))
            }
            Opt::Long("backlog_wait_time", value) => {
                number("--backlog_wait_time", value.unwrap_or_default()).map(|_| Flow::Next)
            }
            Opt::Long("signal", _) => Ok(Flow::Last),
            Opt::Long(..) => Ok(Flow::Done),
            Opt::Short(letter, None) => self.flag(letter),
            Opt::Short(letter @ ('a' | 'A' | 'd' | 'w' | 'W'), Some(value)) => {
                self.list(letter, value)?;
                Ok(Flow::Next)
            }
            Opt::Short(letter @ ('S' | 'F' | 'C' | 'k' | 'p'), Some(value)) => {
                self.part_of_rule.get_or_insert_with(|| format!("-{letter}"));
                self.part(letter, value)?;
                Ok(Flow::Next)
            }
            Opt::Short(letter, Some(value)) => self.setting(letter, value),
        }
    }

    /// An option without a value.
    fn flag(&mut self, letter: char) -> Result<Flow, Problem> {
        match letter {
            'i' | 'c' => self.effect.ignores_errors = true,
            'D' => return self.delete_all(),
            't' => return Ok(Flow::Done),
            'h' => return Err(Problem::new("-h prints a help text", "remove the line")),
            // -l, -s and -v print something. A key or -i that follows is theirs.
            'l' | 's' => return Ok(Flow::Done),
            _ => {}
        }
        Ok(Flow::Last)
    }

    fn delete_all(&mut self) -> Result<Flow, Problem> {
        match self.words.len() {
            1 => {
                self.effect.deletes_all = true;
                Ok(Flow::Last)
            }
            3 if self.options.peek() == Some("-k") => {
                self.effect.deletes_some = true;
                Ok(Flow::Done)
            }
            _ => Err(Problem::new("-D stands with other options", "write it alone, or as -D -k KEY")),
        }
    }

    /// An option with a value that is no part of a rule.
    fn setting(&mut self, letter: char, value: &str) -> Result<Flow, Problem> {
        let option = format!("-{letter}");
        match letter {
            'e' => self.effect.enabled = Some(up_to_2(&option, value)?),
            'f' => self.effect.failure = Some(up_to_2(&option, value)?),
            'r' => self.effect.rate = Some(number(&option, value)?),
            'b' => {
                number(&option, value)?;
            }
            'R' => return Err(Problem::new("a rule file cannot read another (-R)", "copy its lines")),
            'm' if self.words.len() > 2 => {
                return Err(Problem::new("-m stands with other options", "write it alone, with one word"));
            }
            'q' if self.has_syscall => {
                return Err(Problem::new("-q stands in a rule", "write it on a line of its own"));
            }
            'q' => {
                let parts: Vec<&str> = value.split(',').collect();
                if parts.len() != 2 || parts[1].is_empty() {
                    return Err(Problem::new("-q takes MOUNT,SUBTREE", "write both, separated by a comma"));
                }
                return Ok(Flow::Done);
            }
            _ => return Ok(Flow::Done),
        }
        Ok(Flow::Next)
    }

    /// An option that names the list of a rule, or a watch.
    fn list(&mut self, letter: char, value: &str) -> Result<(), Problem> {
        match letter {
            'w' if self.add.is_some() || self.delete.is_some() => {
                let remedy = "write -F path=PATH in a rule with -a";
                return Err(Problem::new("a watch (-w) stands in a rule with -a or -d", remedy));
            }
            'w' | 'W' => {
                absolute(value)?;
                *(if letter == 'w' { &mut self.add } else { &mut self.delete }) = Some("exit");
                self.always = Some(true);
                self.has_syscall = true;
                if letter == 'w' {
                    self.places.push(Place::watched(value));
                }
                return Ok(());
            }
            'a' | 'A' if value.contains("task") && self.has_syscall => return Err(task_with_calls()),
            _ => {}
        }
        self.lists += 1;
        if self.lists > 1 {
            return Err(Problem::new(
                "the line has more than one of -a, -A and -d",
                "write a line for each rule",
            ));
        }
        let old = if letter == 'd' { self.delete } else { self.add };
        let (list, always) = list_and_action(letter, value, old)?;
        *(if letter == 'd' { &mut self.delete } else { &mut self.add }) = Some(list);
        self.always = Some(always);
        Ok(())
    }

    /// The field of a rule.
    fn field(&mut self, value: &str) -> Result<(), Problem> {
        if self.add.or(self.delete).is_none() {
            let is_arch = value.contains("arch=") && self.options.peek() == Some("-t");
            return if is_arch { Ok(()) } else { Err(without_list("-F")) };
        }
        if value.starts_with("key=") {
            self.has_key = true;
            return Ok(());
        }
        let Some(field) = Field::read(value) else {
            let remedy = "write NAME, an operator such as = or !=, and a value, without blanks";
            return Err(Problem::new(format!("-F {value} is not a comparison"), remedy));
        };
        self.may_have_key |= matches!(field.name.as_str(), "perm" | "path" | "dir" | "exe" | "fstype");
        self.places.extend(field.place());
        self.fields.push(field);
        Ok(())
    }

    /// An option that is a part of a rule.
    fn part(&mut self, letter: char, value: &str) -> Result<(), Problem> {
        let list = self.add.or(self.delete);
        match letter {
            'S' => match list {
                Some("task") => return Err(task_with_calls()),
                Some(list @ ("user" | "filesystem" | "exclude")) => {
                    let reason = format!("the list {list} takes no system calls (-S)");
                    return Err(Problem::new(reason, "remove -S, or use the list exit"));
                }
                _ => self.has_syscall = true,
            },
            'F' => return self.field(value),
            'k' if list.is_none() || !(self.has_syscall || self.may_have_key) => {
                let remedy = "write it behind -S, -w or the fields, or write -F key=KEY";
                return Err(Problem::new("the key (-k) stands before what it belongs to", remedy));
            }
            'p' if list.is_none() => {
                return Err(Problem::new("-p needs a watch (-w) before it", "write -w PATH first"));
            }
            'p' => {
                let unknown = value.chars().find(|letter| !"rwxaRWXA".contains(*letter));
                if unknown.is_some() || value.len() > 4 {
                    return Err(Problem::new(
                        format!("-p {value} is unknown"),
                        "use the letters r, w, x and a",
                    ));
                }
                self.may_have_key = true;
            }
            _ => {}
        }
        Ok(())
    }
}
