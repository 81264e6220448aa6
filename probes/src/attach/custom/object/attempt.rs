//! One attempt to load and attach an object, with what earlier attempts have found out: which
//! programs this kernel has no place for, and which inner maps its verifier does not accept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use libbpf_rs::{AsRawLibbpf, Link, Object, ObjectBuilder, OpenObject, ProgramType};

use super::candidates::{self, Candidate, Candidates};
use super::choice::{Choice, choose};
use super::printed::{self, Explained};
use super::readers::Readers;
use super::section::Section;
use super::{descriptors, links, maps, signals, variables};
use crate::attach::{AttachRequest, Error};
use crate::custom::payload::ObjectFacts;
use crate::custom::tuning::ObjectTuning;

/// The size of the verifier's log that is kept. A kernel since 6.4 keeps the log's end.
const LOG_SIZE: usize = 256 << 10;
/// The verifier then writes the reason and no instruction.
const SHORT_LOG: u32 = 4;

/// What does not change between attempts.
pub(super) struct Task<'a> {
    /// The object's file.
    pub(super) path: &'a Path,
    pub(super) request: &'a AttachRequest<'a>,
    pub(super) tuning: &'a ObjectTuning,
    pub(super) facts: &'a ObjectFacts,
}

/// What earlier attempts have found out.
#[derive(Default)]
pub(super) struct Lessons {
    /// Programs that this kernel has no place for, with the reasons.
    pub(super) refused: BTreeMap<String, String>,
    /// Whether maps of kinds that this kernel lacks are left out.
    pub(super) checks_maps: bool,
    /// Which kind of inner map to give.
    pub(super) inner: usize,
    /// Whether the verifier's log is to be short.
    pub(super) short_log: bool,
}

/// An attempt that succeeded.
pub(super) struct Attached {
    pub(super) object: Object,
    pub(super) links: Vec<Link>,
    pub(super) readers: Readers,
    pub(super) choice: Choice,
}

/// Why an attempt failed.
pub(super) enum Setback {
    /// For a reason that another attempt does not change.
    Final(Error),
    /// The kernel refused to attach these programs; its words.
    NotAttached(Vec<(Candidate, String)>),
    /// The object did not load.
    NotLoaded(Box<NotLoaded>),
}

/// An object that did not load.
pub(super) struct NotLoaded {
    pub(super) why: Explained,
    /// The programs that were to be loaded.
    pub(super) programs: Vec<Candidate>,
    /// The maps of maps that got an inner map from hookbench.
    pub(super) outer: Vec<String>,
    /// Notes about the maps that were left out.
    pub(super) dropped: Vec<String>,
}

impl From<anyhow::Error> for Setback {
    fn from(error: anyhow::Error) -> Setback {
        Setback::Final(error.into())
    }
}

impl From<Error> for Setback {
    fn from(error: Error) -> Setback {
        Setback::Final(error)
    }
}

impl Task<'_> {
    /// Loads the object, starts its readers and attaches its programs.
    ///
    /// # Errors
    /// Why that did not work.
    pub(super) fn attempt(&self, lessons: &Lessons) -> Result<Attached, Setback> {
        printed::take();
        let mut open = ObjectBuilder::default()
            .open_file(self.path)
            .map_err(|error| Explained::new("failed to open the object", &error, "").into_error())?;
        for (name, value) in &self.tuning.variables {
            variables::set(&mut open, name, value)?;
        }
        let Candidates { mut programs, refused, mut notes, explicit } = candidates::read(&open, self.tuning)?;
        self.follow_callers(&mut programs);
        let refused = refused.into_iter().chain(lessons.refused.clone()).collect();
        let mut choice = choose(&programs, self.tuning, &self.facts.held, &refused)?;
        self.check_held(&choice, &programs, &refused)?;
        self.select(&mut open, &programs, &choice)?;
        descriptors::allow_for(choice.attach.len() + choice.load.len(), open.maps().count())?;
        maps::drop_struct_ops(&mut open)?;
        let dropped = if lessons.checks_maps { maps::drop_unknown_kinds(&mut open)? } else { Vec::new() };
        let inner = maps::give_inner_maps(&mut open, lessons.inner)?;
        notes.extend(maps::set_sizes(&mut open)?);
        notes.extend(inner.notes.iter().chain(&dropped).cloned());
        choice.notes.extend(notes);
        let (object, log) = load(open, lessons.short_log);
        let object = match object {
            Ok(object) => object,
            Err(error) => {
                let why = Explained::new("failed to load the object", &error, &log);
                let loaded = |program: &Candidate| choice.loads(&program.name);
                let programs = programs.into_iter().filter(loaded).collect();
                let outer = inner.outer.clone();
                return Err(Setback::NotLoaded(Box::new(NotLoaded { why, programs, outer, dropped })));
            }
        };
        drop(inner);
        let readers = Readers::start(&object, self.request)?;
        let links = attach_all(&object, &programs, &choice, &explicit)?;
        Ok(Attached { object, links, readers, choice })
    }

    /// Fails when a program that has to be loaded has no place in this kernel.
    fn check_held(
        &self,
        choice: &Choice,
        programs: &[Candidate],
        refused: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let refusal = choice.load.iter().find_map(|name| Some((name, refused.get(name)?)));
        let Some((name, why)) = refusal else { return Ok(()) };
        let caller = self.caller(name, programs);
        let hint = caller.map_or_else(String::new, |caller| {
            let kind = caller.text.split(['/', '.']).next().unwrap_or_default();
            format!("; {}@{kind}=PLACE says where its caller is to be attached", caller.name)
        });
        Err(Error::Unsupported(format!(
            "an array of programs holds {name}, without which the object does not load: {why}{hint}"
        )))
    }

    /// Says to libbpf which programs to load, and where they are to be attached.
    fn select(&self, open: &mut OpenObject, programs: &[Candidate], choice: &Choice) -> Result<(), Setback> {
        let mut not_attached = Vec::new();
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy().into_owned();
            program.set_autoload(choice.loads(&name));
            if !choice.loads(&name) {
                continue;
            }
            let Some(candidate) = programs.iter().find(|candidate| candidate.name == name) else { continue };
            let Some(section) = self.place_before_load(candidate) else { continue };
            if program.prog_type() == ProgramType::Unspec {
                program.set_prog_type(section.kind.program_type());
                section.kind.attach_type().into_iter().for_each(|kind| program.set_attach_type(kind));
            }
            if section.kind.loads_with_place() {
                // For some kinds libbpf adds a prefix, which depends on how the program is attached.
                if program.set_attach_target(0, section.place.clone()).is_err() {
                    let place = section.place.unwrap_or_default();
                    let why = format!("this kernel has no {} {place}", section.kind.noun());
                    not_attached.push((candidate.clone(), why));
                }
            }
        }
        if not_attached.is_empty() { Ok(()) } else { Err(Setback::NotAttached(not_attached)) }
    }

    /// The program that reaches the program `name` by a tail call.
    fn caller<'p>(&self, name: &str, programs: &'p [Candidate]) -> Option<&'p Candidate> {
        let held = self.facts.held.iter().find(|held| held.program == name)?;
        programs.iter().find(|program| Some(&program.name) == held.called_by.as_ref())
    }

    /// Gives programs that tail calls reach the places of their callers, if they name none, or
    /// if the user says where their callers are: a loader gives all of them the same place.
    fn follow_callers(&self, programs: &mut [Candidate]) {
        for index in 0..programs.len() {
            let candidate = &programs[index];
            let Some(caller) = self.caller(&candidate.name, programs) else { continue };
            let follows = candidate.section.place.is_none() || caller.is_placed;
            if follows && !candidate.is_placed && candidate.section.kind == caller.section.kind {
                programs[index].section = caller.section.clone();
            }
        }
    }

    /// The section of a program whose own one does not say enough to load it: what the user
    /// says, or what its caller has.
    fn place_before_load(&self, candidate: &Candidate) -> Option<Section> {
        if let Some(target) = self.tuning.targets.get(&candidate.name) {
            return Some(Section::of_target(target));
        }
        (candidate.section != Section::parse(&candidate.text)).then(|| candidate.section.clone())
    }
}

/// Loads the object. Returns also what the verifier wrote.
fn load(mut open: OpenObject, short_log: bool) -> (Result<Object, libbpf_rs::Error>, String) {
    let mut log = vec![0u8; LOG_SIZE];
    for mut program in open.progs_mut().filter(|program| program.autoload()) {
        if short_log {
            program.set_log_level(SHORT_LOG);
        }
        // SAFETY: the program is not loaded yet; the log lives until it is, and has this size.
        unsafe {
            libbpf_sys::bpf_program__set_log_buf(
                program.as_libbpf_object().as_ptr(),
                log.as_mut_ptr().cast(),
                log.len() as libbpf_sys::size_t,
            );
        }
    }
    let alarm = signals::Blocked::alarm();
    let loaded = open.load();
    drop(alarm);
    // A kernel that keeps the log's end leaves the ends of earlier lines in it.
    let text = String::from_utf8_lossy(&log);
    (loaded, text.trim_end_matches('\0').replace('\0', "\n"))
}

/// Attaches the chosen programs.
fn attach_all(
    object: &Object,
    programs: &[Candidate],
    choice: &Choice,
    explicit: &BTreeSet<String>,
) -> Result<Vec<Link>, Setback> {
    let (mut links, mut not_attached) = (Vec::new(), Vec::new());
    for program in object.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        let chosen = programs.iter().find(|candidate| candidate.name == name);
        let Some(candidate) = chosen.filter(|_| choice.attach.contains(&name)) else { continue };
        printed::take();
        match links::attach(&program, &candidate.section, explicit.contains(&name)) {
            Ok(link) => links.push(link),
            Err(error) if links::is_about_place(printed::error_number(&error)) => {
                let place = candidate.section.place.as_deref().unwrap_or(&candidate.text);
                let what = format!("the kernel refuses to attach it to {place}");
                not_attached.push((candidate.clone(), Explained::new(&what, &error, "").text));
            }
            Err(error) => {
                let what = format!("failed to attach the program {name} (section {})", candidate.text);
                return Err(Explained::new(&what, &error, "").into_error().into());
            }
        }
    }
    if not_attached.is_empty() { Ok(links) } else { Err(Setback::NotAttached(not_attached)) }
}
