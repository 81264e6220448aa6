//! A custom BPF object: libbpf opens and loads it and attaches its programs by their
//! sections; readers empty its buffers. Which programs are loaded is in `selection`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hookbench_model::Behaviour;
use libbpf_rs::{
    Link, Map, MapCore, MapType, Object, ObjectBuilder, PerfBufferBuilder, PrintLevel, RingBufferBuilder,
    set_print,
};

use super::selection::{choose_programs, describe_left_out, find_unsupported, set_map_sizes};
use super::{Evidence, LoadedProgram, payload_path, variables};
use crate::attach::bpf::PERF_PAGES;
use crate::attach::bpf::access::require_btf;
use crate::attach::reader::{Reader, SharedCounts};
use crate::attach::{AttachRequest, Attached, Error, EventCounts};
use crate::custom::payload::ONLY;
use crate::kernel_text::refusal_in;

/// What libbpf printed last; of a long text the end, which has the reasons.
static PRINTED: Mutex<String> = Mutex::new(String::new());
const LONGEST_PRINTED: usize = 1 << 20;

fn keep_printed(_: PrintLevel, text: String) {
    if let Ok(mut printed) = PRINTED.lock() {
        if printed.len() > LONGEST_PRINTED {
            printed.clear();
        }
        printed.push_str(&text);
    }
}

fn take_printed() -> String {
    PRINTED.lock().map(|mut printed| std::mem::take(&mut *printed)).unwrap_or_default()
}

/// An attached object, with the readers of its buffers.
struct CustomObject {
    object: Object,
    links: Vec<Link>,
    readers: Vec<Reader>,
    rings: bool,
    notes: Vec<String>,
    detached: bool,
}

pub(crate) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    require_btf()?;
    set_print(Some((PrintLevel::Warn, keep_printed)));
    let path = payload_path(request);
    let first = match CustomObject::begin(&path, request, &BTreeMap::new()) {
        Err(Error::Failed(error)) => error,
        done => return Ok(Box::new(done?)),
    };
    // Perhaps this kernel lacks the targets of some programs. Objects have alternatives,
    // of which the program that usually loads them takes those that exist.
    let without = find_unsupported(&path)?;
    if without.is_empty() {
        return Err(first.into());
    }
    let begun = CustomObject::begin(&path, request, &without);
    let mut begun = begun.map_err(|error| match error {
        Error::Failed(error) => {
            Error::Failed(anyhow!("{error:#} ({})", describe_left_out(&without).join("; ")))
        }
        other => other,
    })?;
    begun.notes.extend(describe_left_out(&without));
    Ok(Box::new(begun))
}

impl CustomObject {
    /// Loads the object without the programs in `without`, starts the readers, attaches.
    fn begin(
        path: &Path,
        request: &AttachRequest,
        without: &BTreeMap<String, String>,
    ) -> Result<CustomObject, Error> {
        take_printed();
        let open = ObjectBuilder::default().open_file(path);
        let mut open = open.map_err(|error| explain("failed to open the object", error))?;
        for (name, value) in request.tuning.iter().filter(|(name, _)| *name != ONLY) {
            variables::set(&mut open, name, value)?;
        }
        let only = request.tuning.get(ONLY).map(|only| only.split('+').collect::<Vec<_>>());
        let mut notes = choose_programs(&mut open, without, only.as_deref())?;
        notes.extend(set_map_sizes(&mut open)?);
        let object = open.load().map_err(|error| explain("failed to load the object", error))?;
        let (readers, rings) = start_readers(&object, request)?;
        let mut begun = CustomObject { object, links: Vec::new(), readers, rings, notes, detached: false };
        for program in begun.object.progs_mut().filter(|program| program.autoload()) {
            let name = program.name().to_string_lossy().into_owned();
            let section = program.section().to_string_lossy().into_owned();
            let link = program.attach().map_err(|error| {
                explain(&format!("failed to attach the program {name} (section {section})"), error)
            })?;
            begun.links.push(link);
        }
        Ok(begun)
    }
}

/// An error of libbpf with the reason that it printed.
fn explain(what: &str, error: libbpf_rs::Error) -> anyhow::Error {
    match refusal_in(&take_printed()) {
        Some(why) => anyhow!("{what}: {why}"),
        None => anyhow::Error::new(error).context(what.to_string()),
    }
}

/// Starts a reader for all ring buffers and one for each perf buffer. Returns them, and
/// whether there is one for ring buffers.
fn start_readers(object: &Object, request: &AttachRequest) -> Result<(Vec<Reader>, bool)> {
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

/// A reader without a time limit sleeps until it is woken.
const FOREVER: Duration = Duration::from_secs(3600);

/// The slot for the records of all buffers.
const RECORDS_SLOT: usize = 0;

fn read_rings(maps: &[&Map<'_>], counts: &SharedCounts) -> Result<()> {
    let mut builder = RingBufferBuilder::new();
    for map in maps {
        builder.add(*map, |_| {
            counts.event(RECORDS_SLOT);
            0
        })?;
    }
    let rings = builder.build().context("failed to map a ring buffer")?;
    counts.ready();
    loop {
        rings.poll(FOREVER)?;
    }
}

fn read_perf(map: &Map<'_>, counts: &SharedCounts) -> Result<()> {
    let perf = PerfBufferBuilder::new(map)
        .pages(PERF_PAGES)
        .sample_cb(|_, _: &[u8]| counts.event(RECORDS_SLOT))
        .lost_cb(|_, events| counts.add_lost(events))
        .build()
        .context("failed to map perf buffers")?;
    counts.ready();
    loop {
        perf.poll(FOREVER)?;
    }
}

impl Attached for CustomObject {
    fn seen(&mut self, _: &Behaviour) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        self.links.clear();
        self.detached = true;
        Ok(())
    }
}

impl Evidence for CustomObject {
    fn notes(&mut self) -> Result<Vec<String>> {
        let mut notes = self.notes.clone();
        let (mut read, mut lost) = (0, 0);
        for reader in &self.readers {
            let count = reader.counted(RECORDS_SLOT)?;
            (read, lost) = (read + count.read, lost + count.lost);
        }
        if !self.readers.is_empty() {
            let drops =
                if self.rings { "; records that find no room in a ring buffer are not counted" } else { "" };
            notes.push(format!("{read} records read and {lost} lost{drops}"));
        }
        Ok(notes)
    }

    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        let loaded = self.object.progs_mut().filter(|program| program.autoload());
        loaded.map(|program| LoadedProgram::from_object(&program)).collect()
    }

    fn owes_runs(&self) -> bool {
        true
    }
}
