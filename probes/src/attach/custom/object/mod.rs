//! A custom BPF object: libbpf opens and loads it and attaches its programs by their sections;
//! readers empty its buffers. This file makes attempts until one succeeds, or the kernel's
//! refusal is final; what an attempt is, is in `attempt.rs`.

mod alternatives;
mod attempt;
mod candidates;
mod choice;
mod descriptors;
mod kernel;
mod links;
mod lists;
mod maps;
mod printed;
mod readers;
mod section;
mod signals;
mod variables;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hookbench_model::Caveat;
use libbpf_rs::{Link, Object};

use super::{Evidence, LoadedProgram, payload_path};
use crate::attach::bpf::access::require_btf;
use crate::attach::{AttachRequest, Attached, Error, EventCounts};
use crate::custom::payload::{FOLDER, OBJECT, ObjectFacts};
use crate::custom::tuning::ObjectTuning;
use attempt::{Lessons, NotLoaded, Setback, Task};
use candidates::Candidate;
use choice::Choice;
use kernel::KernelPlaces;
use lists::{left_out, shorten};
use printed::Explained;
use readers::Readers;
use section::Kind;

/// An attached object, with the readers of its buffers.
struct CustomObject {
    object: Object,
    links: Vec<Link>,
    readers: Readers,
    /// The names of the attached programs.
    attached: BTreeSet<String>,
    notes: Vec<String>,
    /// Programs that were to be attached and are not.
    left_out: Vec<String>,
    attempts: u32,
    /// What is known of ring buffers that were full during the operations.
    full: Vec<String>,
}

/// How long the kernel may take to free the maps and programs of a failed attempt, so that the
/// next one finds memory. It frees them behind a grace period.
const CLEANUP: Duration = Duration::from_millis(200);

pub(crate) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    require_btf()?;
    printed::listen();
    let tuning = ObjectTuning::parse(request.tuning).context("failed to read the parameters")?;
    let facts = read_facts()?;
    let path = payload_path(request);
    let task = Task { path: &path, request, tuning: &tuning, facts: &facts };
    let (mut lessons, mut first, mut attempts) = (Lessons::default(), None, 1);
    loop {
        match task.attempt(&lessons) {
            Ok(attached) => return Ok(Box::new(CustomObject::new(attached, attempts))),
            Err(setback) => lessons.learn(setback, &mut first)?,
        }
        attempts += 1;
        std::thread::sleep(CLEANUP);
    }
}

/// What the host read from the object. A payload without it has nothing to say.
fn read_facts() -> Result<ObjectFacts> {
    let path = Path::new("/").join(FOLDER).join(OBJECT);
    match fs::read(&path) {
        Ok(text) => {
            serde_json::from_slice(&text).context("failed to understand the description of the object")
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ObjectFacts::default()),
        Err(error) => Err(error).with_context(|| format!("failed to read {}", path.display())),
    }
}

impl Lessons {
    /// Learns from a failed attempt what the next one does otherwise. `first` keeps what the
    /// verifier said about the first kind of inner map.
    ///
    /// # Errors
    /// When another attempt would fail as well.
    fn learn(&mut self, setback: Setback, first: &mut Option<String>) -> Result<(), Error> {
        match setback {
            Setback::Final(error) => Err(error),
            Setback::NotAttached(programs) => {
                let places = KernelPlaces::read(programs.iter().map(|(program, _)| &program.section));
                let before = self.refused.len();
                for (program, words) in programs {
                    let why = places.refusal(&program.section).unwrap_or(words);
                    self.refused.entry(program.name).or_insert(why);
                }
                match self.refused.len() > before {
                    true => Ok(()),
                    false => Err(anyhow!("the kernel refuses programs that are not attached").into()),
                }
            }
            Setback::NotLoaded(failure) => self.learn_from_load(*failure, first),
        }
    }

    fn learn_from_load(&mut self, failure: NotLoaded, first: &mut Option<String>) -> Result<(), Error> {
        let NotLoaded { why, programs, outer, dropped } = failure;
        if !self.checks_maps {
            self.checks_maps = true;
            let places = KernelPlaces::read(programs.iter().map(|program| &program.section));
            if self.refuse_all(&programs, &places) || why.text.contains("failed to create") {
                return Ok(());
            }
        }
        let program = programs.iter().find(|program| Some(&program.name) == why.program.as_ref());
        if why.text.contains("points to disabled hook") && self.refuse_disabled(&programs) {
            return Ok(());
        }
        if let Some(program) = program.filter(|_| links::verdict_is_about_place(&why.text))
            && self.refused.insert(program.name.clone(), why.text.clone()).is_none()
        {
            return Ok(());
        }
        if !why.has_verdict && why.program.is_some() && !self.short_log {
            self.short_log = true;
            return Ok(());
        }
        match maps::map_refusal(&why.text, &outer, &dropped) {
            Some(_) if !outer.is_empty() && self.inner + 1 < maps::INNER_KINDS => {
                self.inner += 1;
                first.get_or_insert(why.text);
                Ok(())
            }
            Some(refusal) => {
                // What the verifier said about the usual kind of map.
                let first = first.take().and_then(|first| maps::map_refusal(&first, &outer, &dropped));
                Err(first.unwrap_or(refusal))
            }
            None => Err(self.with_left_out(why)),
        }
    }

    /// Refuses those of `programs` that are at hooks which kernels close to BPF. The verifier
    /// names only the first, and each attempt loads the whole object. Returns whether there are
    /// any that were not refused before.
    fn refuse_disabled(&mut self, programs: &[Candidate]) -> bool {
        let before = self.refused.len();
        for program in programs.iter().filter(|program| program.section.kind == Kind::Lsm) {
            let hook = program.section.place.as_deref().unwrap_or_default();
            if links::DISABLED_HOOKS.contains(&hook) {
                let why = format!("this kernel runs no BPF program at the security hook {hook}");
                self.refused.entry(program.name.clone()).or_insert(why);
            }
        }
        self.refused.len() > before
    }

    /// Refuses those of `programs` for which the kernel has no place. Returns whether there are
    /// any.
    fn refuse_all(&mut self, programs: &[Candidate], places: &KernelPlaces) -> bool {
        let before = self.refused.len();
        for program in programs {
            if let Some(why) = places.refusal(&program.section) {
                self.refused.insert(program.name.clone(), why);
            }
        }
        self.refused.len() > before
    }

    /// The error with the programs that were left out before it.
    fn with_left_out(&self, why: Explained) -> Error {
        let refused = self.refused.iter().map(|(name, why)| (name.as_str(), why.clone()));
        let left_out = shorten(left_out(refused));
        match left_out.is_empty() {
            true => why.into_error().into(),
            false => anyhow!("{} ({})", why.text, left_out.join("; ")).into(),
        }
    }
}

impl CustomObject {
    fn new(attached: attempt::Attached, attempts: u32) -> CustomObject {
        let attempt::Attached { object, links, readers, choice } = attached;
        let Choice { attach: attached, mut notes, left_out, .. } = choice;
        if attempts > 1 {
            notes.push(format!(
                "hookbench attached it in {attempts} attempts, so what attaching costs is not known"
            ));
        }
        CustomObject { object, links, readers, attached, notes, left_out, attempts, full: Vec::new() }
    }
}

impl Attached for CustomObject {
    fn seen(&mut self) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        self.links.clear();
        Ok(())
    }
}

impl Evidence for CustomObject {
    fn has_attach_cost(&self) -> bool {
        self.attempts == 1
    }

    fn notes(&mut self) -> Result<Vec<String>> {
        // Counting runs makes records, too; what happens then is not the operations' doing.
        self.full = self.readers.full();
        Ok(self.notes.iter().cloned().chain(self.readers.note()?).collect())
    }

    fn did(&mut self) -> Result<Vec<String>> {
        Ok(self.readers.note()?.into_iter().collect())
    }

    /// The programs that are attached. What tail calls run is not counted by the kernel.
    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        let programs = self.object.progs_mut();
        let attached = programs.filter(|program| self.attached.contains(&*program.name().to_string_lossy()));
        attached.map(|program| LoadedProgram::from_object(&program)).collect()
    }

    fn owes_runs(&self) -> bool {
        true
    }

    fn caveats(&mut self) -> Result<Vec<Caveat>> {
        let left_out = shorten(self.left_out.clone());
        let left_out = (!left_out.is_empty()).then(|| left_out.join("; "));
        Ok(left_out.into_iter().chain(self.full.clone()).map(Caveat::Partial).collect())
    }
}
