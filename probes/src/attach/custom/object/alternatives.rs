//! Alternatives among the programs of an object: at one event, by different kinds of place. A
//! loader takes the programs of one kind, and at a function those of one family: `fentry` with
//! `fexit`, or `kprobe` with `kretprobe`.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Candidate;
use super::section::{Event, Kind};

/// The programs to attach, and what to say about the others.
pub(super) struct Chosen<'a> {
    pub(super) attach: Vec<&'a Candidate>,
    pub(super) notes: Vec<String>,
    /// The families of which no program is attached, because others come first.
    pub(super) unused: BTreeSet<Kind>,
}

/// The most choices that are noted one by one.
const MOST_NOTES: usize = 3;

/// The programs at one tracepoint or function, by family.
type Families<'a> = BTreeMap<Kind, Vec<(Event, &'a Candidate)>>;

/// Chooses the first family at each tracepoint and function. The programs in `impossible`
/// cannot be chosen, but a family that they leave incomplete comes after complete ones.
pub(super) fn first<'a>(possible: Vec<&'a Candidate>, impossible: &[&'a Candidate]) -> Chosen<'a> {
    let mut chosen = Chosen { attach: Vec::new(), notes: Vec::new(), unused: BTreeSet::new() };
    let lacking = group(impossible);
    let mut dropped: BTreeSet<&str> = BTreeSet::new();
    for (place, families) in group(&possible) {
        let kept = match families.len() {
            1 => continue,
            _ => kept_families(&families, lacking.get(place.as_str())),
        };
        for (event, programs) in by_event(&families) {
            let (stay, go): (Vec<&Candidate>, Vec<&Candidate>) = programs
                .iter()
                .copied()
                .partition(|program| kept.contains(&(event.clone(), family(program))));
            if go.is_empty() {
                continue;
            }
            dropped.extend(go.iter().map(|program| program.name.as_str()));
            if stay.is_empty() {
                chosen.notes.push(format!(
                    "{} {} left out: a program at the exit of the function sees its arguments, too",
                    names(&go, " and "),
                    if go.len() == 1 { "is" } else { "are" },
                ));
                continue;
            }
            let otherwise = match programs.len() == possible.len() {
                true => format!("only={}", names(&go, "+")),
                false => format!("without={}", names(&of_kept(&families, &kept), "+")),
            };
            chosen.notes.push(format!(
                "{} at {event}; hookbench attached {}, as a loader would; {otherwise} chooses the other{}",
                are(&programs),
                names(&stay, " and "),
                if go.len() == 1 { "" } else { "s" }
            ));
        }
    }
    if chosen.notes.len() > MOST_NOTES {
        chosen.notes = vec![many(chosen.notes.len(), &dropped)];
    }
    let (go, stay): (Vec<&Candidate>, Vec<&Candidate>) =
        possible.into_iter().partition(|program| dropped.contains(program.name.as_str()));
    let families = |programs: &[&Candidate]| programs.iter().map(|program| family(program)).collect();
    let used: BTreeSet<Kind> = families(&stay);
    chosen.unused = &families(&go) - &used;
    chosen.attach = stay;
    chosen
}

/// All programs at a place of the families that are kept there.
fn of_kept<'a>(families: &Families<'a>, kept: &BTreeSet<(Event, Kind)>) -> Vec<&'a Candidate> {
    let is_kept = |kind: &Kind| kept.iter().any(|(_, family)| family == kind);
    let programs = families.iter().filter(|(kind, _)| is_kept(kind)).flat_map(|(_, programs)| programs);
    programs.map(|(_, program)| *program).collect()
}

/// The note about so many choices, by which the programs `dropped` are not attached.
fn many(choices: usize, dropped: &BTreeSet<&str>) -> String {
    let first: Vec<&str> = dropped.iter().take(MOST_NOTES).copied().collect();
    let more = dropped.len().saturating_sub(first.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "{choices} events have programs by several kinds of place; hookbench attached one kind at each, as a loader \
         would, and left out {}{more}; only= and without= choose others",
        first.join(", ")
    )
}

/// Takes all, and says which of them are alternatives.
pub(super) fn all(possible: Vec<&Candidate>) -> Chosen<'_> {
    let mut notes = Vec::new();
    for families in group(&possible).into_values().filter(|families| families.len() > 1) {
        for (event, programs) in by_event(&families) {
            let kinds: BTreeSet<Kind> = programs.iter().map(|program| family(program)).collect();
            if kinds.len() > 1 {
                notes.push(format!(
                    "{} at {event}, of which a loader takes one kind; hookbench attached all, as only= says",
                    are(&programs)
                ));
            }
        }
    }
    Chosen { attach: possible, notes, unused: BTreeSet::new() }
}

/// A program of `attached` that runs at the same event as `program`.
pub(super) fn of<'a>(program: &Candidate, attached: &[&'a Candidate]) -> Option<&'a Candidate> {
    let event = program.section.event()?;
    attached.iter().find(|other| other.section.event().as_ref() == Some(&event)).copied()
}

pub(super) fn family(program: &Candidate) -> Kind {
    program.section.kind.family()
}

/// The programs at each tracepoint and function. Whoever places a program wants it there, so
/// such programs are no alternatives.
fn group<'a>(programs: &[&'a Candidate]) -> BTreeMap<String, Families<'a>> {
    let mut places: BTreeMap<String, Families> = BTreeMap::new();
    for program in programs.iter().filter(|program| !program.is_placed) {
        if let Some(event) = program.section.event() {
            let place = match &event {
                // A tracepoint and a function may have the same name.
                Event::Tracepoint(name) => format!("tracepoint {name}"),
                function => function.name().to_string(),
            };
            places.entry(place).or_default().entry(family(program)).or_default().push((event, program));
        }
    }
    places
}

fn by_event<'a>(families: &Families<'a>) -> BTreeMap<Event, Vec<&'a Candidate>> {
    let mut events: BTreeMap<Event, Vec<&Candidate>> = BTreeMap::new();
    for (event, program) in families.values().flatten() {
        events.entry(event.clone()).or_default().push(program);
    }
    events
}

/// Which family is kept at each event: the first that has all the events which any has, or
/// else, for each event, the first that has it. A `fexit` program sees the arguments of its
/// function, so it does without one at the entry.
fn kept_families(families: &Families, lacking: Option<&Families>) -> BTreeSet<(Event, Kind)> {
    let events = |programs: &[(Event, &Candidate)]| -> BTreeSet<Event> {
        programs.iter().map(|(event, _)| event.clone()).collect()
    };
    let all: BTreeSet<Event> = families.values().flat_map(|programs| events(programs)).collect();
    let covers = |family: Kind, programs: &[(Event, &Candidate)]| {
        let own = events(programs);
        let at_exit =
            |event: &Event| family == Kind::Fentry && own.contains(&Event::Exit(event.name().into()));
        all.iter().all(|event| own.contains(event) || at_exit(event))
    };
    let is_whole = |family: &Kind| lacking.is_none_or(|lacking| !lacking.contains_key(family));
    let complete = |whole: bool| {
        let mut complete = families.iter().filter(|(family, programs)| covers(**family, programs));
        complete.find(|(family, _)| !whole || is_whole(family)).map(|(family, _)| *family)
    };
    match complete(true).or_else(|| complete(false)) {
        Some(family) => all.iter().map(|event| (event.clone(), family)).collect(),
        None => {
            let first =
                |event: &Event| families.iter().find(|(_, programs)| events(programs).contains(event));
            all.iter().filter_map(|event| Some((event.clone(), *first(event)?.0))).collect()
        }
    }
}

/// `a and b are both`, `a, b and c are all`.
fn are(programs: &[&Candidate]) -> String {
    match programs {
        [first, second] => format!("{} and {} are both", first.name, second.name),
        [many @ .., last] => format!("{} and {} are all", names(many, ", "), last.name),
        [] => String::new(),
    }
}

fn names(programs: &[&Candidate], joined: &str) -> String {
    programs.iter().map(|program| program.name.as_str()).collect::<Vec<_>>().join(joined)
}
