//! Load and attach the same BPF objects by aya, the loader in Rust. It tells the
//! type of a program from its section, as libbpf does; what is named when it is
//! loaded, and what when it is attached, differs by type.

use anyhow::{Context, Result, anyhow, bail};
use aya::maps::{Array, Map};
use aya::programs::Program;
use aya::{Btf, Ebpf, EbpfLoader};
use hookbench_model::Behaviour;

use super::bpf::{self, Compiled};
use super::layout::{ALL_STATS, CONFIG_SIZE, Stats, config, program_of};
use super::phases::{self, Phase};
use super::{Attached, Error, Request, Seen};
use crate::attach::reader::Reader;

mod buffers;

/// A program of an object, and what it is attached for.
struct Part<'a> {
    name: String,
    behaviours: &'a [&'static Behaviour],
}

/// Attached programs, with their reader if their sink has one.
struct Programs {
    counters: Map,
    /// Dropping it detaches.
    object: Option<Ebpf>,
    reader: Option<Reader>,
}

/// As [`bpf::each_behaviour`].
///
/// # Errors
/// When this kernel has no BTF, or a program does not load or attach.
pub(super) fn each_behaviour(object: Compiled, request: &Request) -> Result<Box<dyn Attached>, Error> {
    let part = |row: &Behaviour| program_of(request.sink, row);
    let parts = request.behaviours.chunks(1);
    let parts = parts.filter_map(|rows| Some(Part { name: part(rows.first()?), behaviours: rows }));
    run(object, request, config(&[]), &parts.collect::<Vec<_>>())
}

/// As [`bpf::one_program`].
///
/// # Errors
/// When this kernel has no BTF, or the program does not load or attach.
pub(super) fn one_program(object: Compiled, request: &Request) -> Result<Box<dyn Attached>, Error> {
    let part = Part { name: request.sink.into(), behaviours: request.behaviours };
    run(object, request, config(request.behaviours), &[part])
}

/// Has aya find out what the kernel can, which it does once in a process.
pub(super) fn warm() {
    aya::features();
}

fn run(
    object: Compiled,
    request: &Request,
    config: [u8; CONFIG_SIZE],
    parts: &[Part],
) -> Result<Box<dyn Attached>, Error> {
    bpf::needs_btf()?;
    let programs = load_and_attach(object, request, config, parts).map_err(|error| {
        anyhow!("aya failed to load or attach the BPF programs of {}: {}", request.sink, one_line(&error))
    })?;
    Ok(Box::new(programs))
}

/// Errors of aya carry the verifier's words, line by line.
fn one_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

fn load_and_attach(
    object: Compiled,
    request: &Request,
    config: [u8; CONFIG_SIZE],
    parts: &[Part],
) -> Result<Programs> {
    let mut object = phases::during(Phase::Open, || open(object, request, config))?;
    phases::during(Phase::Load, || load_all(&mut object, parts))?;
    let reader = start_reader(&mut object, request)?;
    phases::during(Phase::Attach, || {
        parts.iter().try_for_each(|part| attach(program(&mut object, &part.name)?, part))
    })?;
    let counters = object.take_map(".bss").ok_or_else(|| anyhow!("the object has no counters"))?;
    Ok(Programs { counters, object: Some(object), reader })
}

fn load_all(object: &mut Ebpf, parts: &[Part]) -> Result<()> {
    let btf = if parts.iter().any(|part| names_function(object, part)) {
        // The loader has read it as well, and keeps it to itself.
        Some(Btf::from_sys_fs().context("failed to read the kernel's BTF")?)
    } else {
        None
    };
    parts.iter().try_for_each(|part| load(program(object, &part.name)?, part, btf.as_ref()))
}

/// Reads the object and makes its maps: aya makes all of them, the buffers too
/// that the sink does not need. Those are as small as they can be.
fn open(object: Compiled, request: &Request, config: [u8; CONFIG_SIZE]) -> Result<Ebpf> {
    let mut loader = EbpfLoader::new();
    loader.override_global("config", config.as_slice(), true);
    if request.sink != "ringbuf" {
        loader.map_max_entries("ring", 1);
    }
    if request.sink != "perfbuf" {
        loader.map_max_entries("perf", 1);
    }
    Ok(loader.load(object.for_request(request))?)
}

fn program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Program> {
    object.program_mut(name).ok_or_else(|| anyhow!("the object has no program {name}"))
}

/// Whether the function is named in the load, by its type in the kernel's BTF.
fn names_function(object: &Ebpf, part: &Part) -> bool {
    matches!(object.program(&part.name), Some(Program::Lsm(_) | Program::FEntry(_) | Program::FExit(_)))
}

fn load(program: &mut Program, part: &Part, btf: Option<&Btf>) -> Result<()> {
    match (program, btf, part.behaviours) {
        (Program::Lsm(program), Some(btf), [row]) => program.load(row.lsm_hook, btf)?,
        (Program::FEntry(program), Some(btf), [row]) => program.load(row.function, btf)?,
        (Program::FExit(program), Some(btf), [row]) => program.load(row.function, btf)?,
        (Program::KProbe(program), ..) => program.load()?,
        (Program::TracePoint(program), ..) => program.load()?,
        (Program::RawTracePoint(program), ..) => program.load()?,
        _ => bail!("aya has no way to load the program {}", part.name),
    }
    Ok(())
}

fn attach(program: &mut Program, part: &Part) -> Result<()> {
    match program {
        Program::Lsm(program) => _ = program.attach()?,
        Program::FEntry(program) => _ = program.attach()?,
        Program::FExit(program) => _ = program.attach()?,
        Program::KProbe(program) => {
            for row in part.behaviours {
                program.attach(row.function, 0)?;
            }
        }
        Program::TracePoint(program) => {
            for syscall in part.behaviours.iter().flat_map(|row| row.syscalls) {
                program.attach("syscalls", &format!("sys_enter_{}", syscall.name))?;
            }
        }
        Program::RawTracePoint(program) => _ = program.attach("sys_enter")?,
        _ => bail!("aya has no way to attach the program {}", part.name),
    }
    Ok(())
}

fn start_reader(object: &mut Ebpf, request: &Request) -> Result<Option<Reader>> {
    let (name, read): (_, buffers::Read) = match request.sink {
        "ringbuf" => ("ring", buffers::read_ring),
        "perfbuf" => ("perf", buffers::read_perf),
        _ => return Ok(None),
    };
    let map = object.map_mut(name).ok_or_else(|| anyhow!("the object has no map {name}"))?;
    let ld_preload = request.ld_preload;
    Reader::start(request.readers, |counts| read(map, counts, ld_preload)).map(Some)
}

impl Attached for Programs {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
        let counters: Array<_, [u8; ALL_STATS]> = Array::try_from(&self.counters)?;
        let value = counters.get(&0, 0).context("failed to read the counters")?;
        Stats::at(&value, behaviour.index()).seen(self.reader.as_ref(), behaviour)
    }

    fn detach(&mut self) -> Result<()> {
        self.object = None;
        Ok(())
    }
}
