//! Loads and attaches BPF objects by libbpf, the default loader.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use hookbench_model::{BEHAVIOURS, Behaviour};
use libbpf_rs::{
    KprobeMultiOpts, Link, MapCore, MapFlags, Object, ObjectBuilder, OpenObject, OpenProgramMut, PrintLevel,
    ProgramMut, TracepointCategory,
};

use super::access::require_btf;
use super::compiled::{CompiledObject, object};
use super::layout::{Counters, config};
use super::phases::{self, Phase};
use crate::BpfHook;
use crate::attach::reader::Reader;
use crate::attach::{AttachRequest, Attached, Error, EventCounts};

mod buffers;

/// Where the agent mounts the cgroup hierarchy.
const CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// What libbpf printed last: the reasons that its error numbers lack.
static PRINTED: Mutex<String> = Mutex::new(String::new());

fn keep_printed(_: PrintLevel, text: String) {
    if let Ok(mut printed) = PRINTED.lock()
        && printed.len() < 4000
    {
        printed.push_str(&text);
    }
}

/// Attached programs, with their reader if their sink has one.
pub(in crate::attach) struct AttachedPrograms {
    object: Object,
    links: Vec<Link>,
    reader: Option<Reader>,
}

/// Loads the program that the request needs and attaches it to `hook`.
pub(in crate::attach) fn attach(
    hook: BpfHook,
    object: CompiledObject,
    request: &AttachRequest,
) -> Result<AttachedPrograms, Error> {
    let cgroup = match hook {
        BpfHook::CgroupLsmHook => Some(
            File::open(CGROUP_ROOT).with_context(|| format!("failed to open the cgroup {CGROUP_ROOT}"))?,
        ),
        _ => None,
    };
    let load = || {
        let mut open = open(object, request)?;
        for mut program in open.progs_mut().filter(|program| *program.name() == *request.program()) {
            set_target(hook, &mut program, request.behaviour)?;
        }
        Ok(open.load()?)
    };
    load_and_attach(request, load, |object| {
        attach_program(hook, &find_program(object, &request.program())?, request.behaviour, cgroup.as_ref())
    })
}

/// Loads the one program of `object` that is called as the sink and attaches it by
/// `attach`: for a hook that needs more than the table of behaviours.
pub(in crate::attach) fn attach_one(
    object: CompiledObject,
    request: &AttachRequest,
    attach: impl Fn(&ProgramMut<'_>) -> libbpf_rs::Result<Vec<Link>>,
) -> Result<AttachedPrograms, Error> {
    let load = || Ok(open(object, request)?.load()?);
    load_and_attach(request, load, |object| Ok(attach(&find_program(object, &request.program())?)?))
}

/// Loads, starts the reader, attaches.
fn load_and_attach(
    request: &AttachRequest,
    load: impl FnOnce() -> Result<Object>,
    attach: impl FnOnce(&Object) -> Result<Vec<Link>>,
) -> Result<AttachedPrograms, Error> {
    begin()?;
    let object = phases::during(Phase::Load, load).map_err(|error| explain(error, request.sink))?;
    let reader = buffers::start_reader(&object, request)?;
    let links =
        phases::during(Phase::Attach, || attach(&object)).map_err(|error| explain(error, request.sink))?;
    Ok(AttachedPrograms { object, links, reader })
}

/// Names the target of programs for which the kernel has to know it at the load.
fn set_target(
    hook: BpfHook,
    program: &mut OpenProgramMut<'_>,
    behaviour: &Behaviour,
) -> libbpf_rs::Result<()> {
    let target = match hook {
        BpfHook::LsmHook | BpfHook::CgroupLsmHook => behaviour.lsm_hook,
        BpfHook::Trampoline | BpfHook::FunctionResult => Some(behaviour.function),
        _ => None,
    };
    match target {
        Some(target) => program.set_attach_target(0, Some(target.into())),
        None => Ok(()),
    }
}

/// Attaches a program for `behaviour`.
fn attach_program(
    hook: BpfHook,
    program: &ProgramMut<'_>,
    behaviour: &Behaviour,
    cgroup: Option<&File>,
) -> Result<Vec<Link>> {
    let Behaviour { syscalls, function, .. } = *behaviour;
    let links: libbpf_rs::Result<Vec<Link>> = match hook {
        BpfHook::LsmHook => program.attach_lsm().map(|link| vec![link]),
        BpfHook::CgroupLsmHook => {
            let cgroup = cgroup.context("the cgroup is not open")?;
            program.attach_cgroup(cgroup.as_raw_fd()).map(|link| vec![link])
        }
        BpfHook::Trampoline | BpfHook::FunctionResult => program.attach_trace().map(|link| vec![link]),
        BpfHook::FunctionEntry => program.attach_kprobe(false, function).map(|link| vec![link]),
        BpfHook::FunctionReturn => program.attach_kprobe(true, function).map(|link| vec![link]),
        BpfHook::FunctionEntries => {
            let opts = KprobeMultiOpts {
                symbols: vec![function.into()],
                cookies: vec![behaviour.index() as u64],
                ..KprobeMultiOpts::default()
            };
            program.attach_kprobe_multi_with_opts(opts).map(|link| vec![link])
        }
        BpfHook::SyscallEntry => {
            syscalls.iter().map(|syscall| program.attach_ksyscall(false, syscall.name)).collect()
        }
        BpfHook::SyscallTracepoints => syscalls
            .iter()
            .map(|syscall| {
                let event = format!("sys_enter_{}", syscall.name);
                program.attach_tracepoint(TracepointCategory::Syscalls, event)
            })
            .collect(),
        BpfHook::RawTracepoint(name) => program.attach_raw_tracepoint(name).map(|link| vec![link]),
        BpfHook::PerfEvent => return Err(anyhow!("a perf event's clocks have to be opened first")),
    };
    Ok(links?)
}

/// As `bpf::warm`.
pub(super) fn warm() {
    let Some(first) = BEHAVIOURS.first() else { return };
    let request = AttachRequest::internal("count", first);
    if begin().is_ok() {
        let _ = open(object!("kprobe"), &request).and_then(|open| Ok(open.load()?));
    }
}

fn begin() -> Result<(), Error> {
    require_btf()?;
    libbpf_rs::set_print(Some((PrintLevel::Warn, keep_printed)));
    Ok(())
}

fn explain(error: anyhow::Error, sink: &str) -> anyhow::Error {
    let printed = PRINTED.lock().map(|mut printed| std::mem::take(&mut *printed)).unwrap_or_default();
    let lines: Vec<&str> = printed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    error.context(format!("failed to load or attach the BPF programs of {sink} [{}]", lines.join("; ")))
}

/// Opens the object with only the program and the buffers that the sink needs.
fn open(object: CompiledObject, request: &AttachRequest) -> Result<OpenObject> {
    let config = config(request.behaviour);
    let mut open =
        phases::during(Phase::Open, || ObjectBuilder::default().open_memory(object.for_request(request)))?;
    for mut program in open.progs_mut() {
        let wanted = *program.name() == *request.program();
        program.set_autoload(wanted);
    }
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        match name.as_str() {
            "ring" => map.set_autocreate(request.sink == "ringbuf")?,
            "perf" => map.set_autocreate(request.sink == "perfbuf")?,
            _ if name.ends_with(".rodata") => {
                let value = map.initial_value_mut().ok_or_else(|| anyhow!("{name} has no value"))?;
                let part = value.get_mut(..config.len()).ok_or_else(|| anyhow!("{name} is too small"))?;
                part.copy_from_slice(&config);
            }
            _ => {}
        }
    }
    Ok(open)
}

fn find_program<'a>(object: &'a Object, name: &str) -> Result<ProgramMut<'a>> {
    let found = object.progs_mut().find(|program| program.name() == name);
    found.ok_or_else(|| anyhow!("the object has no program {name}"))
}

impl AttachedPrograms {
    /// What the programs have counted.
    pub(in crate::attach) fn counters(&self) -> Result<Counters> {
        let map = self.object.maps().find(|map| map.name().to_string_lossy().ends_with(".bss"));
        let map = map.ok_or_else(|| anyhow!("the object has no counters"))?;
        let value = map.lookup(&0u32.to_ne_bytes(), MapFlags::ANY).context("failed to read the counters")?;
        let value = value.ok_or_else(|| anyhow!("the counters have no value"))?;
        Ok(Counters::read(&value))
    }
}

impl Attached for AttachedPrograms {
    fn seen(&mut self) -> Result<EventCounts> {
        self.counters()?.event_counts(self.reader.as_ref())
    }

    fn detach(&mut self) -> Result<()> {
        self.links.clear();
        Ok(())
    }
}
