//! A BPF object of a user's own: opened, loaded, attached by libbpf as its sections
//! say, its buffers read. What it watches for is not known here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hookbench_model::Behaviour;
use libbpf_rs::{
    Link, Map, MapCore, MapType, Object, ObjectBuilder, OpenObject, PerfBufferBuilder, PrintLevel,
    RingBufferBuilder, set_print,
};

use super::targets::{self, Kernel};
use super::{Own, Program, brought, variables};
use crate::attach::bpf::needs_btf;
use crate::attach::layout::PERF_PAGES;
use crate::attach::reader::{Counts, Reader};
use crate::attach::{Attached, Error, Request, Seen};
use crate::own;
use crate::said::verdict;

/// What libbpf printed last, its end where it is long: there are the reasons.
static SAID: Mutex<String> = Mutex::new(String::new());
const LONGEST_SAID: usize = 1 << 20;

fn listen(_: PrintLevel, text: String) {
    if let Ok(mut said) = SAID.lock() {
        if said.len() > LONGEST_SAID {
            said.clear();
        }
        said.push_str(&text);
    }
}

fn said() -> String {
    SAID.lock().map(|mut said| std::mem::take(&mut *said)).unwrap_or_default()
}

/// An attached object, with the readers of its buffers.
struct Whole {
    object: Object,
    links: Vec<Link>,
    readers: Vec<Reader>,
    rings: bool,
    notes: Vec<String>,
    detached: bool,
}

pub(crate) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
    needs_btf()?;
    set_print(Some((PrintLevel::Warn, listen)));
    let path = brought(request);
    let first = match Whole::begin(&path, request, &BTreeMap::new()) {
        Err(Error::Failed(error)) => error,
        done => return Ok(Box::new(done?)),
    };
    // Perhaps this kernel lacks what some of its programs are for: objects have
    // alternatives, of which whoever loads them takes those that there are.
    let without = lacked(&path)?;
    if without.is_empty() {
        return Err(first.into());
    }
    let begun = Whole::begin(&path, request, &without);
    let mut whole = begun.map_err(|error| match error {
        Error::Failed(error) => Error::Failed(anyhow!("{error:#} ({})", told(&without).join("; "))),
        other => other,
    })?;
    whole.notes.extend(told(&without));
    Ok(Box::new(whole))
}

/// The programs of the object for which this kernel has no place, with that.
fn lacked(path: &Path) -> Result<BTreeMap<String, String>> {
    let kernel = Kernel::read()?;
    let open = ObjectBuilder::default().open_file(path).context("failed to open the object again")?;
    let mut without = BTreeMap::new();
    for program in open.progs().filter(|program| program.autoload()) {
        let section = program.section().to_string_lossy().into_owned();
        if let Some(target) = kernel.lacks(&section) {
            without.insert(
                program.name().to_string_lossy().into_owned(),
                format!("this kernel has no {target}, which its section {section} names"),
            );
        }
    }
    Ok(without)
}

/// What is said of them: of many, of the first ones.
fn told(without: &BTreeMap<String, String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let each = without.iter().take(SHOWN).map(|(name, why)| format!("program {name} is left out: {why}"));
    let more = without.len().saturating_sub(SHOWN);
    each.chain((more > 0).then(|| format!("{more} programs more are left out for such reasons"))).collect()
}

impl Whole {
    /// Loads, starts the readers, attaches, all but the programs in `without`.
    fn begin(path: &Path, request: &Request, without: &BTreeMap<String, String>) -> Result<Whole, Error> {
        said();
        let open = ObjectBuilder::default().open_file(path);
        let mut open = open.map_err(|error| explained("failed to open the object", error))?;
        for (name, value) in request.tuning.iter().filter(|(name, _)| *name != own::ONLY) {
            variables::set(&mut open, name, value)?;
        }
        let only = request.tuning.get(own::ONLY).map(|only| only.split('+').collect::<Vec<_>>());
        let mut notes = choose(&mut open, without, only.as_deref())?;
        notes.extend(size(&mut open)?);
        let object = open.load().map_err(|error| explained("failed to load the object", error))?;
        let (readers, rings) = start_readers(&object, request)?;
        let mut whole = Whole { object, links: Vec::new(), readers, rings, notes, detached: false };
        for program in whole.object.progs_mut().filter(|program| program.autoload()) {
            let name = program.name().to_string_lossy().into_owned();
            let section = program.section().to_string_lossy().into_owned();
            let link = program.attach().map_err(|error| {
                explained(&format!("failed to attach the program {name} (section {section})"), error)
            })?;
            whole.links.push(link);
        }
        Ok(whole)
    }
}

/// An error of libbpf's with the reason that it printed.
fn explained(what: &str, error: libbpf_rs::Error) -> anyhow::Error {
    match verdict(&said()) {
        Some(why) => anyhow!("{what}: {why}"),
        None => anyhow::Error::new(error).context(what.to_string()),
    }
}

/// Sets which programs are loaded: `only` those, or those that the object says itself;
/// what is to be said of the others.
fn choose(
    open: &mut OpenObject,
    without: &BTreeMap<String, String>,
    only: Option<&[&str]>,
) -> Result<Vec<String>, Error> {
    let names: Vec<String> =
        open.progs().map(|program| program.name().to_string_lossy().into_owned()).collect();
    if let Some(wrong) =
        only.and_then(|only| only.iter().find(|only| !names.iter().any(|name| name == *only)))
    {
        return Err(anyhow!("the object has no program {wrong}; it has: {}", names.join(", ")).into());
    }
    let mut notes = Vec::new();
    let mut left = 0;
    for mut program in open.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        let section = program.section().to_string_lossy().into_owned();
        if let Some(only) = only {
            program.set_autoload(only.contains(&name.as_str()));
        }
        if !program.autoload() && only.is_none() {
            notes.push(format!(
                "program {name} is left out: its section is ?{}",
                section.trim_start_matches('?')
            ));
            continue;
        }
        if !program.autoload() {
            continue;
        }
        if without.contains_key(&name) {
            program.set_autoload(false);
            continue;
        }
        if let Some(why) = targets::unsupported(&section, program.prog_type()) {
            return Err(Error::Unsupported(format!(
                "its program {name} has the section {section}, which cannot be attached here: {why}"
            )));
        }
        if section.starts_with("lsm") && !targets::bpf_lsm_is_asked() {
            return Err(Error::Unsupported(format!(
                "its program {name} is for a security hook, and the kernel was booted without bpf in lsm="
            )));
        }
        left += 1;
    }
    match left {
        0 if without.is_empty() => Err(anyhow!("the object has no program that is loaded by itself").into()),
        0 => Err(Error::Unsupported(told(without).join("; "))),
        _ => Ok(notes),
    }
}

/// Entries of a map whose size the program that loads it would set; what is said of it.
const ENTRIES: u32 = 10_240;
/// The deepest stack that the kernel keeps: `PERF_MAX_STACK_DEPTH`, of addresses.
const STACK: u32 = 127 * 8;

fn size(open: &mut OpenObject) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        let kind = map.map_type();
        if kind == MapType::StackTrace && map.value_size() == 0 {
            map.set_value_size(STACK).with_context(|| format!("failed to size the map {name}"))?;
        }
        // libbpf itself gives perf buffers an entry for each CPU.
        if map.max_entries() == 0 && kind != MapType::PerfEventArray && !matches!(kind, MapType::StructOps) {
            let entries = if kind == MapType::RingBuf { 256 << 10 } else { ENTRIES };
            map.set_max_entries(entries).with_context(|| format!("failed to size the map {name}"))?;
            notes.push(format!("map {name} has no size of its own: given {entries}"));
        }
    }
    Ok(notes)
}

/// A reader for all ring buffers, and one for each of the others; whether there is the first.
fn start_readers(object: &Object, request: &Request) -> Result<(Vec<Reader>, bool)> {
    let maps: Vec<Map<'_>> = object.maps().collect();
    let of = |kind| maps.iter().filter(move |map| map.map_type() == kind).collect::<Vec<_>>();
    let mut readers = Vec::new();
    let rings = of(MapType::RingBuf);
    if !rings.is_empty() {
        readers.push(Reader::start(request.readers, |counts| read_rings(&rings, counts))?);
    }
    for map in of(MapType::PerfEventArray) {
        readers.push(Reader::start(request.readers, |counts| read_perf(map, counts))?);
    }
    Ok((readers, !rings.is_empty()))
}

/// No time limit: a reader sleeps until it is woken.
const FOREVER: Duration = Duration::from_secs(3600);

/// All records of all buffers are one kind here.
const RECORDS: usize = 0;

fn read_rings(maps: &[&Map<'_>], counts: &Counts) -> Result<()> {
    let mut builder = RingBufferBuilder::new();
    for map in maps {
        builder.add(*map, |_| {
            counts.event(RECORDS);
            0
        })?;
    }
    let rings = builder.build().context("failed to map a ring buffer")?;
    counts.ready();
    loop {
        rings.poll(FOREVER)?;
    }
}

fn read_perf(map: &Map<'_>, counts: &Counts) -> Result<()> {
    let perf = PerfBufferBuilder::new(map)
        .pages(PERF_PAGES)
        .sample_cb(|_, _: &[u8]| counts.event(RECORDS))
        .lost_cb(|_, events| counts.lose(events))
        .build()
        .context("failed to map perf buffers")?;
    counts.ready();
    loop {
        perf.poll(FOREVER)?;
    }
}

impl Attached for Whole {
    fn seen(&mut self, _: &Behaviour) -> Result<Seen> {
        Ok(Seen::default())
    }

    fn own(&mut self) -> Option<&mut dyn Own> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        self.links.clear();
        self.detached = true;
        Ok(())
    }
}

impl Own for Whole {
    fn did(&mut self) -> Result<Vec<String>> {
        let mut notes = self.notes.clone();
        let (mut read, mut lost) = (0, 0);
        for reader in &self.readers {
            let (more, unread) = reader.counted(RECORDS)?;
            (read, lost) = (read + more, lost + unread);
        }
        if !self.readers.is_empty() {
            let drops = if self.rings { "; what a ring buffer has no room for, nobody counts" } else { "" };
            notes.push(format!("{read} records read and {lost} lost{drops}"));
        }
        Ok(notes)
    }

    fn programs(&self) -> Result<Vec<Program>> {
        let loaded = self.object.progs_mut().filter(|program| program.autoload());
        loaded.map(|program| Program::of(&program)).collect()
    }

    fn owes_runs(&self) -> bool {
        true
    }
}
