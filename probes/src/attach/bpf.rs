//! Load and attach BPF objects by libbpf, and read what they counted. The
//! programs are generic: behaviour and target are set here, before the load.
//! Who asks for aya gets it: the other file knows what each type of program needs.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hookbench_model::{BEHAVIOURS, Behaviour};
use libbpf_rs::{
    Link, Map, MapCore, MapFlags, Object, ObjectBuilder, OpenObject, OpenProgramMut, PerfBufferBuilder,
    PrintLevel, ProgramMut, RingBufferBuilder,
};

use super::layout::{CONFIG_SIZE, PERF_PAGES, Stats, config, program_of, take};
use super::phases::{self, Phase};
use super::reader::{Counts, Reader};
use super::{Attached, Error, Loader, Request, Seen, aya, copies};

/// The compiled objects of a mechanism, by its file name in bpf/.
macro_rules! object {
    ($name:literal) => {
        $crate::attach::bpf::Compiled {
            // Aligned, as aya's parser wants it.
            plain: ::aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/", $name, ".bpf.o")),
            with_ld_preload: ::aya::include_bytes_aligned!(concat!(
                env!("OUT_DIR"),
                "/",
                $name,
                ".ld_preload.bpf.o"
            )),
        }
    };
}
pub(crate) use object;

/// One source, compiled with and without the value of LD_PRELOAD in its records.
#[derive(Debug, Clone, Copy)]
pub struct Compiled {
    /// Its records are all alike.
    pub plain: &'static [u8],
    /// Each record carries the value.
    pub with_ld_preload: &'static [u8],
}

impl Compiled {
    /// The object whose records carry what is asked for.
    pub(super) fn for_request(self, request: &Request) -> &'static [u8] {
        if request.ld_preload.is_some() { self.with_ld_preload } else { self.plain }
    }
}

/// What libbpf printed last: the reasons that its error numbers lack.
static SAID: Mutex<String> = Mutex::new(String::new());

fn listen(_: PrintLevel, text: String) {
    if let Ok(mut said) = SAID.lock()
        && said.len() < 4000
    {
        said.push_str(&text);
    }
}

/// Attached programs, with their reader if their sink has one.
pub struct Programs {
    object: Object,
    links: Vec<Link>,
    reader: Option<Reader>,
}

/// Loads the programs of `object` for the behaviours asked for and attaches them:
/// for mechanisms whose programs belong to one hook or function each.
///
/// # Errors
/// When this kernel has no BTF, or a program does not load or attach.
pub fn each_behaviour(
    object: Compiled,
    request: &Request,
    prepare: impl Fn(&mut OpenProgramMut<'_>, &Behaviour) -> libbpf_rs::Result<()>,
    attach: impl Fn(&ProgramMut<'_>, &Behaviour) -> libbpf_rs::Result<Link>,
) -> Result<Box<dyn Attached>, Error> {
    if request.loader() == Loader::Aya {
        return copies::attach(request, || aya::each_behaviour(object, request));
    }
    each_behaviour_often(object, request, prepare, |program, row| Ok(vec![attach(program, row)?]))
}

/// As [`each_behaviour`], for a program that is attached in several places.
///
/// # Errors
/// When this kernel has no BTF, or a program does not load or attach.
pub fn each_behaviour_often(
    object: Compiled,
    request: &Request,
    prepare: impl Fn(&mut OpenProgramMut<'_>, &Behaviour) -> libbpf_rs::Result<()>,
    attach: impl Fn(&ProgramMut<'_>, &Behaviour) -> libbpf_rs::Result<Vec<Link>>,
) -> Result<Box<dyn Attached>, Error> {
    let wanted = |name: &str| request.behaviours.iter().find(|row| name == program_of(request.sink, row));
    let load = || {
        let mut open = open(object, request, config(&[]), |name| wanted(name).is_some())?;
        for mut program in open.progs_mut() {
            if let Some(behaviour) = wanted(&program.name().to_string_lossy()) {
                prepare(&mut program, behaviour)?;
            }
        }
        anyhow::Ok(open.load()?)
    };
    let attach = |object: &Object| {
        let mut links = Vec::new();
        for row in request.behaviours {
            links.extend(attach(&program(object, &program_of(request.sink, row))?, row)?);
        }
        Ok(links)
    };
    // A program can be at one place once: each copy is an object of its own.
    copies::attach(request, || Ok(Box::new(run(request, load, attach)?)))
}

/// Loads the one program of `object` for all behaviours: for mechanisms that see
/// system calls, and for those that tell a program where it runs.
///
/// # Errors
/// When this kernel has no BTF, or the program does not load or attach.
pub fn one_program(
    object: Compiled,
    request: &Request,
    attach: impl Fn(&ProgramMut<'_>, &[&'static Behaviour]) -> libbpf_rs::Result<Vec<Link>>,
) -> Result<Box<dyn Attached>, Error> {
    if request.loader() == Loader::Aya {
        return aya::one_program(object, request);
    }
    Ok(Box::new(one(object, request, attach)?))
}

pub(super) fn one(
    object: Compiled,
    request: &Request,
    attach: impl Fn(&ProgramMut<'_>, &[&'static Behaviour]) -> libbpf_rs::Result<Vec<Link>>,
) -> Result<Programs, Error> {
    let config = config(request.behaviours);
    let load = || anyhow::Ok(open(object, request, config, |name| name == request.sink)?.load()?);
    run(request, load, |object| Ok(attach(&program(object, request.sink)?, request.behaviours)?))
}

/// Loads, starts the reader, attaches.
fn run(
    request: &Request,
    load: impl FnOnce() -> Result<Object>,
    attach: impl FnOnce(&Object) -> Result<Vec<Link>>,
) -> Result<Programs, Error> {
    begin()?;
    let object = phases::during(Phase::Load, load).map_err(|error| explain(error, request.sink))?;
    let reader = start_reader(&object, request)?;
    let links =
        phases::during(Phase::Attach, || attach(&object)).map_err(|error| explain(error, request.sink))?;
    Ok(Programs { object, links, reader })
}

/// Loads an object and drops it again. The kernel reads its BTF for the first
/// program of all, and each loader finds out what the kernel can; who attaches later
/// pays for neither. A kernel that cannot load it does without.
pub fn warm() {
    let Some(first) = BEHAVIOURS.first() else { return };
    let behaviours = [first];
    let request = Request::own("count", &behaviours);
    let wanted = |name: &str| behaviours.iter().any(|row| name == program_of(request.sink, row));
    if begin().is_ok() {
        let _ = open(object!("kprobe"), &request, config(&[]), wanted).and_then(|open| Ok(open.load()?));
    }
    aya::warm();
}

/// Whether this process may use BPF: asks for the number of the first program that is
/// loaded, which changes nothing.
///
/// # Errors
/// Why not.
pub fn may_use() -> Result<(), String> {
    if let Err(Error::Unsupported(why)) = needs_btf() {
        return Err(why);
    }
    // Of `union bpf_attr`, this command reads three numbers of 32 bits.
    let mut attributes = [0u32; 4];
    // SAFETY: the attributes are valid for their size; the kernel writes one of them.
    let result = unsafe {
        let size = size_of_val(&attributes);
        libc::syscall(libc::SYS_bpf, libbpf_sys::BPF_PROG_GET_NEXT_ID, attributes.as_mut_ptr(), size)
    };
    let error = std::io::Error::last_os_error();
    match (result, error.raw_os_error()) {
        (0, _) | (_, Some(libc::ENOENT)) => Ok(()),
        (_, Some(libc::ENOSYS)) => Err("the kernel was built without CONFIG_BPF_SYSCALL".into()),
        _ => Err(format!("{error}; it needs CAP_BPF, or CAP_SYS_ADMIN")),
    }
}

/// Objects are relocated to the kernel's types.
///
/// # Errors
/// When this kernel has none to be read.
pub(super) fn needs_btf() -> Result<(), Error> {
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Err(Error::Unsupported(
            "the kernel has no BTF (/sys/kernel/btf/vmlinux), which CO-RE needs".into(),
        ));
    }
    Ok(())
}

fn begin() -> Result<(), Error> {
    needs_btf()?;
    libbpf_rs::set_print(Some((PrintLevel::Warn, listen)));
    Ok(())
}

fn explain(error: anyhow::Error, sink: &str) -> anyhow::Error {
    let said = SAID.lock().map(|mut said| std::mem::take(&mut *said)).unwrap_or_default();
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    error.context(format!("failed to load or attach the BPF programs of {sink} [{}]", said.join("; ")))
}

/// Opens the object with only the programs and the buffers that the sink needs.
fn open(
    object: Compiled,
    request: &Request,
    config: [u8; CONFIG_SIZE],
    wanted: impl Fn(&str) -> bool,
) -> Result<OpenObject> {
    let mut open =
        phases::during(Phase::Open, || ObjectBuilder::default().open_memory(object.for_request(request)))?;
    for mut program in open.progs_mut() {
        let wanted = wanted(&program.name().to_string_lossy());
        program.set_autoload(wanted);
    }
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        match name.as_str() {
            "ring" => map.set_autocreate(request.sink == "ringbuf")?,
            "perf" => map.set_autocreate(request.sink == "perfbuf")?,
            _ if name.ends_with(".rodata") => {
                let value = map.initial_value_mut().ok_or_else(|| anyhow!("{name} has no value"))?;
                let part = value.get_mut(..CONFIG_SIZE).ok_or_else(|| anyhow!("{name} is too small"))?;
                part.copy_from_slice(&config);
            }
            _ => {}
        }
    }
    Ok(open)
}

fn program<'a>(object: &'a Object, name: &str) -> Result<ProgramMut<'a>> {
    object.progs_mut().find(|program| program.name() == name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> anyhow::Error {
    anyhow!("the object has no program {name}")
}

fn start_reader(object: &Object, request: &Request) -> Result<Option<Reader>> {
    let name = match request.sink {
        "ringbuf" => "ring",
        "perfbuf" => "perf",
        _ => return Ok(None),
    };
    let map = object.maps().find(|map| map.name() == name);
    let map = map.ok_or_else(|| anyhow!("the object has no map {name}"))?;
    let ld_preload = request.ld_preload;
    let reader = Reader::start(request.readers, |counts| match name {
        "ring" => read_ring(&map, counts, ld_preload),
        _ => read_perf(&map, counts, ld_preload),
    });
    Ok(Some(reader?))
}

/// No time limit: a reader sleeps until it is woken.
const FOREVER: Duration = Duration::from_secs(3600);

fn read_ring(map: &Map<'_>, counts: &Counts, ld_preload: Option<&str>) -> Result<()> {
    let mut builder = RingBufferBuilder::new();
    builder.add(map, |record| {
        take(record, counts, ld_preload);
        0
    })?;
    let ring = builder.build().context("failed to map the ring buffer")?;
    counts.ready();
    loop {
        ring.poll(FOREVER)?;
    }
}

fn read_perf(map: &Map<'_>, counts: &Counts, ld_preload: Option<&str>) -> Result<()> {
    let perf = PerfBufferBuilder::new(map)
        .pages(PERF_PAGES)
        .sample_cb(|_, record: &[u8]| take(record, counts, ld_preload))
        .lost_cb(|_, events| counts.lose(events))
        .build()
        .context("failed to map the perf buffers")?;
    counts.ready();
    loop {
        perf.poll(FOREVER)?;
    }
}

fn stats(object: &Object, slot: usize) -> Result<Stats> {
    let map = object.maps().find(|map| map.name().to_string_lossy().ends_with(".bss"));
    let map = map.ok_or_else(|| anyhow!("the object has no counters"))?;
    let value = map.lookup(&0u32.to_ne_bytes(), MapFlags::ANY).context("failed to read the counters")?;
    let value = value.ok_or_else(|| anyhow!("the counters have no value"))?;
    Ok(Stats::at(&value, slot))
}

impl Programs {
    pub(super) fn stats(&self, slot: usize) -> Result<Stats> {
        stats(&self.object, slot)
    }
}

impl Attached for Programs {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
        self.stats(behaviour.index())?.seen(self.reader.as_ref(), behaviour)
    }

    fn detach(&mut self) -> Result<()> {
        self.links.clear();
        Ok(())
    }
}
