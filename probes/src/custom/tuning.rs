//! The parameters in brackets after a BPF object: which programs to attach and where, what
//! the object does to operations, and the values of its variables. The host checks them
//! before a guest boots; the guest does what they say.

use std::collections::BTreeMap;
use std::fmt;

use hookbench_model::param::PLACEBO;
use hookbench_model::{Params, Refusal};
use thiserror::Error;

/// The parameter that selects the programs to attach, joined by `+`.
const ONLY: &str = "only";
/// The parameter that names programs not to attach, joined by `+`.
const WITHOUT: &str = "without";
/// The parameter that says how every operation ends under the object.
pub const EXPECT: &str = "expect";

/// Whether a note about a BPF object is about a choice that a parameter changes.
pub fn is_choice(note: &str) -> bool {
    [ONLY, WITHOUT].iter().any(|name| note.contains(&format!("{name}=")))
}

/// The parameters of a BPF object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectTuning {
    /// The programs to attach; `None` for those that the object itself selects.
    pub only: Option<Vec<Pattern>>,
    /// Programs not to attach.
    pub without: Vec<Pattern>,
    /// Where programs are attached, by name, if not where their sections say.
    pub targets: BTreeMap<String, AttachTarget>,
    /// How every operation must end; `None` if all must succeed.
    pub expect: Option<Refusal>,
    /// Values of global variables, by name.
    pub variables: BTreeMap<String, String>,
}

/// A program's name, or a glob with `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        glob(self.0.as_bytes(), name.as_bytes())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `name` matches `glob`. It backtracks to the last `*` only, so its time is at most
/// the product of the lengths.
fn glob(glob: &[u8], name: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < name.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[of] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((begin, took)) => {
                    star = Some((begin, took + 1));
                    (at, of) = (begin + 1, took + 1);
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}

/// Where a program is to be attached: `fentry` to `do_filp_open`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachTarget {
    /// The kind of place, one of [`KINDS`].
    pub kind: &'static str,
    /// The place.
    pub place: String,
}

/// The kinds of place that a parameter `PROGRAM@KIND=PLACE` can name.
pub const KINDS: [&str; 11] = [
    "fentry",
    "fexit",
    "fmod_ret",
    "kprobe",
    "kretprobe",
    "ksyscall",
    "kretsyscall",
    "tp_btf",
    "raw_tp",
    "tp",
    "lsm",
];

/// What is wrong with the parameters of an object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TuningError {
    /// A list has an empty or unusable element.
    #[error("{0}={1}: expected names of programs or globs with * and ?, joined by +")]
    Patterns(&'static str, String),
    /// hookbench does not know the kind in `@KIND`.
    #[error("{0}: hookbench cannot attach to a {1:?}; the kinds are {list}", list = KINDS.join(", "))]
    Kind(String, String),
    /// A program has two targets.
    #[error("{0} has two targets")]
    Twice(String),
    /// The place is not one of its kind.
    #[error("{0}={1}: a tracepoint is GROUP/NAME, for example sched/sched_process_exec")]
    Tracepoint(String, String),
    /// `expect` names nothing that can end an operation.
    #[error("expect={0}")]
    Expect(String, #[source] hookbench_model::enforcement::UnknownRefusal),
}

impl ObjectTuning {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When one of them is wrong whatever the object is.
    pub fn parse(params: &Params) -> Result<ObjectTuning, TuningError> {
        let mut tuning = ObjectTuning::default();
        for (name, value) in params.iter() {
            match name {
                ONLY => tuning.only = Some(patterns(ONLY, value)?),
                WITHOUT => tuning.without = patterns(WITHOUT, value)?,
                EXPECT => {
                    let refusal = value.parse().map_err(|error| TuningError::Expect(value.into(), error))?;
                    tuning.expect = Some(refusal);
                }
                // The agent reads it: it is not for the object.
                _ if name == PLACEBO.name => {}
                _ => match name.split_once('@') {
                    Some((program, kind)) => tuning.set_target(program, kind, value)?,
                    None => {
                        tuning.variables.insert(name.into(), value.into());
                    }
                },
            }
        }
        Ok(tuning)
    }

    fn set_target(&mut self, program: &str, kind: &str, place: &str) -> Result<(), TuningError> {
        let name = format!("{program}@{kind}");
        let known = match kind {
            "tracepoint" => "tp",
            "raw_tracepoint" => "raw_tp",
            other => other,
        };
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == known) else {
            return Err(TuningError::Kind(name, kind.into()));
        };
        let is_pair = place
            .split_once('/')
            .is_some_and(|(group, event)| !group.is_empty() && !event.is_empty() && !event.contains('/'));
        if kind == "tp" && !is_pair {
            return Err(TuningError::Tracepoint(name, place.into()));
        }
        let target = AttachTarget { kind, place: place.into() };
        match self.targets.insert(program.into(), target) {
            Some(_) => Err(TuningError::Twice(program.into())),
            None => Ok(()),
        }
    }

    /// All patterns that must match a program.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.only.iter().flatten().chain(&self.without)
    }
}

fn patterns(name: &'static str, value: &str) -> Result<Vec<Pattern>, TuningError> {
    let usable = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '*' | '?'))
    };
    match value.split('+').all(usable) {
        true => Ok(value.split('+').map(|part| Pattern(part.into())).collect()),
        false => Err(TuningError::Patterns(name, value.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<ObjectTuning, TuningError> {
        ObjectTuning::parse(&text.parse().unwrap())
    }

    #[test]
    fn brackets_select_programs_set_targets_and_variables() {
        let tuning =
            parse("only=on_*+exit without=on_x min=3 open@fentry=do_filp_open expect=EPERM").unwrap();
        let only = tuning.only.unwrap();
        assert!(only.iter().any(|pattern| pattern.matches("on_open")));
        assert!(only.iter().all(|pattern| !pattern.matches("close")));
        assert!(tuning.without[0].matches("on_x"));
        assert_eq!(tuning.variables, BTreeMap::from([("min".into(), "3".into())]));
        let target = AttachTarget { kind: "fentry", place: "do_filp_open".into() };
        assert_eq!(tuning.targets, BTreeMap::from([("open".into(), target)]));
        assert_eq!(tuning.expect, "EPERM".parse().ok());
        let tuning = parse("a@tracepoint=sched/sched_switch b@raw_tracepoint=sys_enter").unwrap();
        let kinds: Vec<&str> = tuning.targets.values().map(|target| target.kind).collect();
        assert_eq!(kinds, ["tp", "raw_tp"]);
    }

    #[test]
    fn each_wrong_parameter_is_refused_with_what_would_be_right() {
        for (text, part) in [
            ("only=a++b", "joined by +"),
            ("only=[ab]", "joined by +"),
            ("without=a/b", "joined by +"),
            ("a@uprobe=x", "the kinds are fentry,"),
            ("a@tp=sys_enter", "GROUP/NAME"),
            ("a@tp=a/b/c", "GROUP/NAME"),
            ("a@kprobe=x a@kretprobe=x", "a has two targets"),
            ("expect=1", "expect=1"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_glob_knows_stars_and_question_marks() {
        for (glob, name, holds) in [
            ("on_exec", "on_exec", true),
            ("on_exec", "on_execve", false),
            ("*", "", true),
            ("on_*", "on_", true),
            ("*exec*", "on_exec_x", true),
            ("o?_exec", "on_exec", true),
            ("?", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ] {
            assert_eq!(Pattern(glob.into()).matches(name), holds, "{glob} {name}");
        }
    }

    proptest! {
        #[test]
        fn any_parameters_are_read_without_panic(text in "([a-z@_*?+=/ ]|only|expect|tp)*") {
            if let Ok(params) = text.parse::<Params>() {
                let _ = ObjectTuning::parse(&params);
            }
        }

        #[test]
        fn every_name_matches_itself_and_its_beginnings_with_a_star(name in "[a-z_]{1,9}", at in 0usize..9) {
            prop_assert!(Pattern(name.clone()).matches(&name));
            let beginning = Pattern(format!("{}*", &name[..at.min(name.len())]));
            prop_assert!(beginning.matches(&name));
        }
    }
}
