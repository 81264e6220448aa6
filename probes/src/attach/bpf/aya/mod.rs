//! Loads and attaches the same BPF objects by aya, the loader in Rust. aya tells the type of
//! a program from its section, as libbpf does. The types differ in what has to be named
//! at the load and what at the attachment.

use anyhow::{Context, Result, anyhow, bail};
use aya::maps::{Array, Map};
use aya::programs::Program;
use aya::{Btf, Ebpf, EbpfLoader};
use hookbench_model::Behaviour;

use super::access::require_btf;
use super::compiled::CompiledObject;
use super::layout::{COUNTERS_SIZE, Carried, Counters, config};
use super::phases::{self, Phase};
use crate::attach::reader::Reader;
use crate::attach::{AttachRequest, Attached, Error, EventCounts};
use crate::{BpfHook, Loader};

mod buffers;

/// Attached programs, with their reader if their sink has one.
pub(super) struct AyaPrograms {
    counters: Map,
    /// Dropping it detaches.
    object: Option<Ebpf>,
    reader: Option<Reader>,
}

/// Loads the programs that the request needs and attaches them to `hook`.
///
/// # Errors
/// When this kernel has no BTF, a program does not load or attach, or aya cannot attach
/// programs to this hook.
pub(super) fn attach(
    hook: BpfHook,
    object: CompiledObject,
    request: &AttachRequest,
) -> Result<AyaPrograms, Error> {
    require_btf()?;
    let programs = load_and_attach(hook, object, request).map_err(|error| {
        anyhow!("aya failed to load or attach the BPF programs of {}: {}", request.sink, one_line(&error))
    })?;
    Ok(programs)
}

/// Has aya find out what the kernel can do, which it does once in a process.
pub(super) fn warm() {
    aya::features();
}

/// Errors of aya contain the verifier's log, line by line.
fn one_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

fn load_and_attach(hook: BpfHook, object: CompiledObject, request: &AttachRequest) -> Result<AyaPrograms> {
    if !hook.loaders().contains(&Loader::Aya) {
        bail!("aya cannot attach programs to {hook:?}");
    }
    let mut object = phases::during(Phase::Open, || open(object, request))?;
    phases::during(Phase::Load, || load(hook, find_program(&mut object, &request.program())?, request))?;
    let reader = start_reader(&mut object, request)?;
    phases::during(Phase::Attach, || {
        attach_program(hook, find_program(&mut object, &request.program())?, request.behaviour)
    })?;
    let counters = object.take_map(".bss").ok_or_else(|| anyhow!("the object has no counters"))?;
    Ok(AyaPrograms { counters, object: Some(object), reader })
}

/// Reads the object and makes its maps. aya makes all of them, including the buffers that
/// the sink does not need; those get the smallest size.
fn open(object: CompiledObject, request: &AttachRequest) -> Result<Ebpf> {
    let (mut loader, config) = (EbpfLoader::new(), config(request.behaviour));
    loader.override_global("config", config.as_slice(), true);
    if request.sink != "ringbuf" {
        loader.map_max_entries("ring", 1);
    }
    if request.sink != "perfbuf" {
        loader.map_max_entries("perf", 1);
    }
    Ok(loader.load(object.for_request(request))?)
}

fn find_program<'a>(object: &'a mut Ebpf, name: &str) -> Result<&'a mut Program> {
    object.program_mut(name).ok_or_else(|| anyhow!("the object has no program {name}"))
}

fn load(hook: BpfHook, program: &mut Program, request: &AttachRequest) -> Result<()> {
    // At these hooks the load names the function, by its type in the kernel's BTF.
    let btf = match hook {
        // The loader has read it too, but does not share it.
        BpfHook::LsmHook | BpfHook::Trampoline => {
            Some(Btf::from_sys_fs().context("failed to read the kernel's BTF")?)
        }
        _ => None,
    };
    let Behaviour { function, lsm_hook, .. } = *request.behaviour;
    match (program, btf.as_ref()) {
        (Program::Lsm(program), Some(btf)) => {
            program.load(lsm_hook.context("the behaviour has no LSM hook")?, btf)?;
        }
        (Program::FEntry(program), Some(btf)) => program.load(function, btf)?,
        (Program::FExit(program), Some(btf)) => program.load(function, btf)?,
        (Program::KProbe(program), _) => program.load()?,
        (Program::TracePoint(program), _) => program.load()?,
        (Program::RawTracePoint(program), _) => program.load()?,
        _ => bail!("aya cannot load the program {}", request.sink),
    }
    Ok(())
}

fn attach_program(hook: BpfHook, program: &mut Program, behaviour: &Behaviour) -> Result<()> {
    match (hook, program) {
        (BpfHook::LsmHook, Program::Lsm(program)) => _ = program.attach()?,
        (BpfHook::Trampoline, Program::FEntry(program)) => _ = program.attach()?,
        (BpfHook::Trampoline, Program::FExit(program)) => _ = program.attach()?,
        (BpfHook::FunctionEntry | BpfHook::FunctionReturn, Program::KProbe(program)) => {
            _ = program.attach(behaviour.function, 0)?;
        }
        (BpfHook::SyscallTracepoints, Program::TracePoint(program)) => {
            for syscall in behaviour.syscalls {
                program.attach("syscalls", &format!("sys_enter_{}", syscall.name))?;
            }
        }
        (BpfHook::RawTracepoint(name), Program::RawTracePoint(program)) => _ = program.attach(name)?,
        _ => bail!("aya cannot attach the program to {hook:?}"),
    }
    Ok(())
}

fn start_reader(object: &mut Ebpf, request: &AttachRequest) -> Result<Option<Reader>> {
    let (name, read): (_, buffers::ReadBuffer) = match request.sink {
        "ringbuf" => ("ring", buffers::read_ring),
        "perfbuf" => ("perf", buffers::read_perf),
        _ => return Ok(None),
    };
    let map = object.map_mut(name).ok_or_else(|| anyhow!("the object has no map {name}"))?;
    let carried = Carried::of(request);
    Reader::start(request.readers, |counts| read(map, counts, carried)).map(Some)
}

impl Attached for AyaPrograms {
    fn seen(&mut self) -> Result<EventCounts> {
        let counters: Array<_, [u8; COUNTERS_SIZE]> = Array::try_from(&self.counters)?;
        let value = counters.get(&0, 0).context("failed to read the counters")?;
        Counters::read(&value).event_counts(self.reader.as_ref())
    }

    fn detach(&mut self) -> Result<()> {
        self.object = None;
        Ok(())
    }
}
