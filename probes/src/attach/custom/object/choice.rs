//! Which programs of an object are attached, as its usual loader would decide: those that the
//! user or the object selects, one of several alternatives, and none that tail calls reach.
//! It is pure; `mod.rs` asks libbpf and the kernel.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};

use super::alternatives;
use super::candidates::Candidate;
use super::lists::{left_out, listed, shorten};
use crate::attach::Error;
use crate::custom::payload::Held;
use crate::custom::tuning::ObjectTuning;

/// How the reason begins that the kernel lacks a place.
const LACKS: &str = "this kernel has no ";

/// What happens to the programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The names of the programs to attach.
    pub(super) attach: BTreeSet<String>,
    /// The names of the programs to load and not to attach.
    pub(super) load: BTreeSet<String>,
    /// Choices that another loader may make otherwise.
    pub(super) notes: Vec<String>,
    /// Programs that were to be attached and cannot be, with the reasons.
    pub(super) left_out: Vec<String>,
}

/// Chooses among `programs`. In `refused` are programs for which this kernel has no place,
/// with the reasons; in `held` are those that the object's arrays of programs hold.
///
/// # Errors
/// When the object lacks a program that the user names, or none is left to attach.
pub(super) fn choose(
    programs: &[Candidate],
    tuning: &ObjectTuning,
    held: &[Held],
    refused: &BTreeMap<String, String>,
) -> Result<Choice, Error> {
    check_names(programs, tuning)?;
    let wanted = wanted(programs, tuning, held);
    let reason = |program: &Candidate| {
        let why = program.loader_only.as_ref();
        let why = why.map(|why| format!("its section is {}: {why}", program.text));
        refused.get(&program.name).cloned().or(why)
    };
    let (possible, impossible): (Vec<&Candidate>, Vec<&Candidate>) =
        wanted.iter().partition(|program| reason(program).is_none());
    let chosen = match tuning.only {
        Some(_) => alternatives::all(possible),
        None => alternatives::first(possible, &impossible),
    };
    let mut choice = Choice { notes: chosen.notes, ..Choice::default() };
    choice.attach = chosen.attach.iter().map(|program| program.name.clone()).collect();
    let (mut lost, mut unneeded) = (Vec::new(), Vec::new());
    for program in impossible {
        let (name, why) = (program.name.as_str(), reason(program).unwrap_or_default());
        match alternatives::of(program, &chosen.attach) {
            Some(other) => choice.notes.push(format!(
                "program {name} is left out: {why}; hookbench attached {} instead",
                other.name
            )),
            // The loader would have taken no program of this family.
            None if chosen.unused.contains(&alternatives::family(program)) => unneeded.push((name, why)),
            None => lost.push((name, why)),
        }
    }
    choice.left_out = left_out(lost.into_iter());
    choice.notes.extend(shorten(left_out(unneeded.into_iter())));
    if choice.attach.is_empty() {
        return Err(nothing_left(programs, choice));
    }
    choice.notes.extend(optional(programs, tuning));
    choice.add_held(held);
    Ok(choice)
}

/// The programs that the user or the object selects.
fn wanted<'a>(programs: &'a [Candidate], tuning: &ObjectTuning, held: &[Held]) -> Vec<&'a Candidate> {
    let reached = |name: &str| held.iter().any(|held| held.program == name && !held.begins);
    let select = |with_held: bool| -> Vec<&Candidate> {
        let selected = programs.iter().filter(|program| match &tuning.only {
            Some(only) => only.iter().any(|pattern| pattern.matches(&program.name)),
            // Whoever names a place wants the program there.
            None if program.is_placed => true,
            None => program.by_default && (with_held || !reached(&program.name)),
        });
        selected
            .filter(|program| !tuning.without.iter().any(|pattern| pattern.matches(&program.name)))
            .collect()
    };
    match select(false) {
        // Nothing calls them: the object's loader has to attach them.
        none if none.is_empty() && tuning.only.is_none() => select(true),
        some => some,
    }
}

/// Fails when a pattern matches no program, or a target is for one that does not exist.
fn check_names(programs: &[Candidate], tuning: &ObjectTuning) -> Result<()> {
    let names = || programs.iter().map(|program| program.name.as_str());
    let unmatched = tuning.patterns().find(|pattern| !names().any(|name| pattern.matches(name)));
    let unknown = tuning.targets.keys().find(|target| !names().any(|name| name == *target));
    match unmatched.map(ToString::to_string).or(unknown.cloned()) {
        Some(wrong) => Err(anyhow!("the object has no program {wrong}; it has: {}", listed(names()))),
        None => Ok(()),
    }
}

fn nothing_left(programs: &[Candidate], choice: Choice) -> Error {
    if !choice.left_out.is_empty() {
        let lacks = choice.left_out.iter().any(|line| line.contains(LACKS));
        let hint =
            lacks.then(|| "if its loader chooses another place, PROGRAM@KIND=PLACE names it".to_string());
        let lines: Vec<String> = shorten(choice.left_out).into_iter().chain(hint).collect();
        return Error::Unsupported(lines.join("; "));
    }
    let names: Vec<&str> = programs.iter().map(|program| program.name.as_str()).collect();
    let names = listed(names.into_iter());
    anyhow!("no program of the object is selected; only= selects some of: {names}").into()
}

/// Notes about programs that the object itself does not select, unless the user selects.
fn optional(programs: &[Candidate], tuning: &ObjectTuning) -> Vec<String> {
    if tuning.only.is_some() {
        return Vec::new();
    }
    let optional = programs.iter().filter(|program| {
        !program.by_default
            && !program.is_placed
            && !tuning.without.iter().any(|pattern| pattern.matches(&program.name))
    });
    let note = |program: &Candidate| {
        format!(
            "program {} is left out: its section is ?{}",
            program.name,
            program.text.trim_start_matches('?')
        )
    };
    shorten(optional.map(note).collect())
}

impl Choice {
    /// Whether the program is loaded.
    pub(super) fn loads(&self, name: &str) -> bool {
        self.attach.contains(name) || self.load.contains(name)
    }

    /// Loads the programs in arrays. The object does not load without them.
    fn add_held(&mut self, held: &[Held]) {
        let (attached, loaded): (Vec<&Held>, Vec<&Held>) =
            held.iter().partition(|held| self.attach.contains(&held.program));
        self.load = loaded.iter().map(|held| held.program.clone()).collect();
        if !loaded.is_empty() {
            let (are, them) = if loaded.len() == 1 { ("is", "it") } else { ("are", "them") };
            self.notes.push(format!(
                "{} {are} loaded and not attached, because tail calls reach {them}; only= attaches {them}",
                names(&loaded)
            ));
        }
        let reached: Vec<&Held> = attached.into_iter().filter(|held| held.called_by.is_some()).collect();
        if !reached.is_empty() {
            let (are, them) = if reached.len() == 1 { ("is", "it") } else { ("are", "them") };
            self.notes.push(format!(
                "{} {are} attached, as only= says, although tail calls reach {them} too",
                names(&reached)
            ));
        }
    }
}

fn names(held: &[&Held]) -> String {
    shorten(held.iter().map(|held| held.program.clone()).collect()).join(", ")
}

#[cfg(test)]
mod tests {
    use libbpf_rs::ProgramType;

    use super::super::section::{Section, loader_only};
    use super::*;

    /// Programs by name and section, as `name section`.
    fn programs(lines: &[&str]) -> Vec<Candidate> {
        let candidate = |line: &&str| {
            let (name, text) = line.split_once(' ').unwrap();
            let section = Section::parse(text);
            let kind = if text == "xdp" { ProgramType::Xdp } else { section.kind.program_type() };
            Candidate {
                name: name.into(),
                text: text.into(),
                loader_only: loader_only(name, text, &section, kind),
                section,
                is_placed: false,
                by_default: !text.starts_with('?'),
            }
        };
        lines.iter().map(candidate).collect()
    }

    fn held(program: &str, called_by: Option<&str>, begins: bool) -> Held {
        Held { program: program.into(), called_by: called_by.map(String::from), begins }
    }

    fn tuning(text: &str) -> ObjectTuning {
        ObjectTuning::parse(&text.parse().unwrap()).unwrap()
    }

    fn chosen(lines: &[&str], text: &str, refused: &[&str]) -> Choice {
        let refused = refused.iter().map(|name| (name.to_string(), "no place".to_string())).collect();
        choose(&programs(lines), &tuning(text), &[], &refused).unwrap()
    }

    fn attached(choice: &Choice) -> Vec<&str> {
        choice.attach.iter().map(String::as_str).collect()
    }

    #[test]
    fn of_two_kinds_at_one_event_the_first_is_attached() {
        let choice = chosen(&["raw raw_tp/x", "btf tp_btf/x"], "", &[]);
        assert_eq!(attached(&choice), ["btf"]);
        let note = "btf and raw are both at x; hookbench attached btf, as a loader would; only=raw chooses the other";
        assert_eq!(choice.notes, [note]);
        assert_eq!(choice.left_out, [""; 0]);
        let choice = chosen(&["a tp/s/x", "b raw_tp/x", "c tp_btf/x", "d kprobe/f"], "", &[]);
        assert_eq!(attached(&choice), ["c", "d"]);
        assert!(choice.notes[0].contains("c, b and a are all at x") && choice.notes[0].contains("without=c"));
    }

    #[test]
    fn two_programs_of_one_kind_are_no_alternatives() {
        for lines in
            [&["a kprobe/f", "b kprobe/f"][..], &["a fentry/f", "b fentry.s/f"], &["a lsm/f", "b lsm.s/f"]]
        {
            let choice = chosen(lines, "", &[]);
            assert_eq!(attached(&choice), ["a", "b"]);
            assert_eq!(choice.notes, [""; 0]);
        }
        let choice = chosen(&["a tp_btf/x", "b tp_btf/x", "c raw_tp/x"], "", &[]);
        assert_eq!(attached(&choice), ["a", "b"]);
        let choice = chosen(&["a fentry/f", "b fexit/f", "c kprobe/f+4", "d lsm/f"], "", &[]);
        assert_eq!(attached(&choice), ["a", "b", "c", "d"]);
    }

    #[test]
    fn what_the_user_selects_is_attached_even_if_it_is_twice() {
        let both = ["a tp_btf/x", "b raw_tp/x"];
        let choice = chosen(&both, "only=*", &[]);
        assert_eq!(attached(&choice), ["a", "b"]);
        assert!(choice.notes[0].contains("hookbench attached all, as only= says"), "{choice:?}");
        let choice = chosen(&both, "only=b", &[]);
        assert_eq!((attached(&choice), choice.notes.len()), (vec!["b"], 0));
        let choice = chosen(&both, "without=a", &[]);
        assert_eq!((attached(&choice), choice.notes.len(), choice.left_out.len()), (vec!["b"], 0, 0));
    }

    #[test]
    fn both_sides_of_a_function_are_of_one_family() {
        let lines = ["a fentry/f", "b fexit/f", "c kprobe/f", "d kretprobe/f", "e fentry/g", "f kprobe/g"];
        assert_eq!(attached(&chosen(&lines, "", &[])), ["a", "b", "e"]);
        let choice = chosen(&lines, "", &["b"]);
        assert_eq!(attached(&choice), ["c", "d", "e"]);
        assert_eq!(choice.left_out, [""; 0]);
        assert!(
            choice
                .notes
                .iter()
                .any(|note| note.contains("b is left out: no place; hookbench attached d instead"))
        );
        // A fexit program sees the arguments.
        let choice = chosen(&["a fexit/f", "b kprobe/f", "c kretprobe/f"], "", &[]);
        assert_eq!(attached(&choice), ["a"]);
        assert!(choice.notes.iter().any(|note| note.starts_with("b is left out: ")), "{choice:?}");
        // No family has both sides.
        assert_eq!(attached(&chosen(&["a fentry/f", "b kretprobe/f", "c kprobe/f"], "", &[])), ["b", "c"]);
        assert_eq!(attached(&chosen(&["a fentry/f", "b kretprobe/f"], "", &[])), ["a", "b"]);
    }

    #[test]
    fn what_has_no_place_is_left_out_unless_an_alternative_has_one() {
        assert_eq!(
            chosen(&["a fentry/f", "b raw_tp/x"], "", &["a"]).left_out,
            ["program a is left out: no place"]
        );
        let choice = chosen(&["a fentry/f", "b raw_tp/x", "c kprobe/f", "d fentry/g"], "", &["a", "c", "d"]);
        assert_eq!(choice.left_out, ["programs a, c and d are left out: no place"]);
        let choice = chosen(&["a tp_btf/x", "b raw_tp/x"], "", &["a"]);
        assert_eq!((attached(&choice), choice.left_out.len()), (vec!["b"], 0));
        // The object falls back on probes, and does not have to.
        let lines = ["a fentry/f", "b kprobe/f", "c kprobe/g"];
        let choice = chosen(&lines, "", &["c"]);
        assert_eq!((attached(&choice), choice.left_out.len()), (vec!["a"], 0));
        assert!(choice.notes.iter().any(|note| note == "program c is left out: no place"), "{choice:?}");
        let choice = chosen(&[&lines[..], &["d kprobe/h"]].concat(), "", &["c"]);
        assert_eq!((attached(&choice), choice.left_out.len()), (vec!["a", "d"], 1));
        let choice = chosen(&["a fentry/f", "b raw_tp/x"], "only=b", &["a"]);
        assert_eq!((choice.left_out.len(), choice.notes.len()), (0, 0));
        let choice = chosen(&["a xdp", "b raw_tp/x", "c raw_tp"], "", &[]);
        assert_eq!(attached(&choice), ["b"]);
        assert!(choice.left_out[0].contains("its section is xdp: it is for a network device"), "{choice:?}");
        assert!(choice.left_out[1].contains("c@raw_tp=PLACE"), "{choice:?}");
    }

    #[test]
    fn an_object_of_which_nothing_can_be_attached_is_unsupported() {
        let none = BTreeMap::new();
        match choose(&programs(&["a xdp", "b uprobe/x:y"]), &tuning(""), &[], &none) {
            Err(Error::Unsupported(why)) => {
                assert!(why.contains("network device") && why.contains("user space"))
            }
            other => panic!("{other:?}"),
        }
        match choose(&programs(&["a ?raw_tp/x", "b ?tp_btf/x"]), &tuning(""), &[], &none) {
            Err(Error::Failed(error)) => assert!(error.to_string().contains("only= selects some of: a, b")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pattern_without_a_program_is_refused_with_the_names() {
        for text in ["only=z*", "without=z", "z@kprobe=x"] {
            match choose(&programs(&["a raw_tp/x", "b tp_btf/x"]), &tuning(text), &[], &BTreeMap::new()) {
                Err(Error::Failed(error)) => {
                    assert!(error.to_string().contains("the object has no program z"), "{error}");
                    assert!(error.to_string().ends_with("it has: a, b"), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn optional_programs_are_attached_if_the_user_selects_them() {
        let lines = ["a ?raw_tp/x", "b kprobe/f"];
        let choice = chosen(&lines, "", &[]);
        assert_eq!(attached(&choice), ["b"]);
        assert_eq!(choice.notes, ["program a is left out: its section is ?raw_tp/x"]);
        assert_eq!(attached(&chosen(&lines, "only=a", &[])), ["a"]);
    }

    #[test]
    fn what_tail_calls_reach_is_loaded_and_not_attached() {
        let all = programs(&["a raw_tp/x", "b raw_tp/x", "c raw_tp/x"]);
        let slots = [held("b", Some("a"), false), held("c", None, true)];
        let choose_with = |text: &str| choose(&all, &tuning(text), &slots, &BTreeMap::new()).unwrap();
        let choice = choose_with("");
        assert_eq!(attached(&choice), ["a", "c"]);
        assert_eq!(choice.load, BTreeSet::from(["b".into()]));
        assert!(choice.notes[0].starts_with("b is loaded and not attached"), "{choice:?}");
        let choice = choose_with("only=a");
        assert_eq!(choice.load, BTreeSet::from(["b".into(), "c".into()]));
        let choice = choose_with("only=a+b");
        assert_eq!(attached(&choice), ["a", "b"]);
        assert!(
            choice.notes.iter().any(|note| note.starts_with("b is attached, as only= says")),
            "{choice:?}"
        );
        // If there is nothing else, the object's loader attaches what its arrays hold.
        let slots = ["a", "b", "c"].map(|name| held(name, None, false));
        let choice = choose(&all, &tuning(""), &slots, &BTreeMap::new()).unwrap();
        assert_eq!(attached(&choice), ["a", "b", "c"]);
    }
}
