//! BPF policies: objects of `probes/policies`, their settings, and their records (`policy.bpf.h`).

use std::cell::RefCell;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{DataSec, Var};
use libbpf_rs::{
    AsRawLibbpf, Link, MapCore, MapFlags, Object, ObjectBuilder, OpenObject, ProgramType, RingBuffer,
    RingBufferBuilder,
};

use super::Attached;
use crate::exchange::{Object as Said, Record};
use crate::policy::Action;
use crate::policy_file::function::function;
use crate::scene::{END_MARKER, USER, mark};
use crate::subject::Subject;

/// Names and bytes of all objects.
const OBJECTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/objects.rs"));

/// The section of read-only data.
const RODATA: &str = ".rodata";

/// Bytes of `policy` in the header.
const SETTINGS: usize = 32;

/// What a policy is told.
#[derive(Debug, Clone, Copy)]
pub(in crate::guest) struct Settings {
    action: Action,
    /// The user that it is about, if it spares root.
    user: u32,
    /// The file that it is about: `st_dev` and `st_ino`.
    pub(super) file: Option<(u64, u64)>,
    /// The text that a record should name.
    text: Option<&'static str>,
}

/// A record as the program wrote it.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) time: u64,
    pub(super) pid: u32,
    pub(super) object: u32,
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) number: u32,
    pub(super) abi: u32,
    pub(super) what: String,
    pub(super) path: String,
}

/// Bytes of a record.
const RECORD: usize = 136;

/// The object called `name`, opened but not loaded; `None` if no object has that name.
///
/// # Errors
/// When it cannot be opened.
pub(in crate::guest) fn open(name: &str) -> Result<Option<OpenObject>> {
    let Some((_, bytes)) = OBJECTS.iter().find(|(known, _)| *known == name) else { return Ok(None) };
    let open = ObjectBuilder::default().open_memory(bytes);
    open.map(Some).with_context(|| format!("failed to open the policy {name}"))
}

/// Sets the variable `name` in read-only data to `bytes`.
///
/// # Errors
/// When the object has no such variable, or it has another size.
pub(in crate::guest) fn set_variable(open: &mut OpenObject, name: &str, bytes: &[u8]) -> Result<()> {
    let place = place_of(open, name)?.with_context(|| format!("the object has no variable {name}"))?;
    let length = place.len();
    ensure!(length == bytes.len(), "{name} has {length} bytes, not {}", bytes.len());
    let map = open.maps_mut().find(|map| map.name().to_string_lossy().ends_with(RODATA));
    let mut map = map.context("the object has no read-only data")?;
    let data = map.initial_value_mut().context("the read-only data has no value")?;
    data.get_mut(place).context("the read-only data is too small")?.copy_from_slice(bytes);
    Ok(())
}

/// Where the variable `name` is in the read-only data.
fn place_of(open: &OpenObject, name: &str) -> Result<Option<Range<usize>>> {
    // SAFETY: the object outlives this borrow and does not change during it.
    let object = unsafe { open.as_libbpf_object().as_ref() };
    let types = Btf::from_bpf_object(object)?.context("the object has no BTF")?;
    let Some(section) = types.type_by_name::<DataSec<'_>>(RODATA) else { return Ok(None) };
    let info = section.iter().find(|info| {
        let variable = types.type_by_id::<Var<'_>>(info.ty);
        variable.is_some_and(|variable| variable.name().is_some_and(|found| found == name))
    });
    Ok(info.map(|info| info.offset as usize..info.offset as usize + info.size))
}

impl Settings {
    /// The settings of a policy about `subject`.
    pub(super) fn of(subject: &Subject) -> Settings {
        Settings {
            action: subject.action,
            user: subject.user,
            file: subject.target,
            text: subject.scenario.text,
        }
    }

    /// The settings of a program that does `action` and is about the ordinary user and a file.
    pub(in crate::guest) fn about(action: Action, file: (u64, u64)) -> Settings {
        Settings { action, user: USER, file: Some(file), text: None }
    }

    /// The bytes of `policy` in the header.
    pub(in crate::guest) fn bytes(self) -> [u8; SETTINGS] {
        let (device, inode) = self.file.unwrap_or_default();
        let device = kernel_device(device);
        let mut bytes = [0; SETTINGS];
        bytes[..4].copy_from_slice(&(self.action as u32).to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.user.to_ne_bytes());
        bytes[8..12].copy_from_slice(&std::process::id().to_ne_bytes());
        bytes[16..24].copy_from_slice(&device.to_ne_bytes());
        bytes[24..].copy_from_slice(&inode.to_ne_bytes());
        bytes
    }
}

/// The kernel's `dev_t` of a device as `stat` names it: it has 20 bits for the minor number.
fn kernel_device(device: u64) -> u64 {
    u64::from(libc::major(device)) << 20 | u64::from(libc::minor(device))
}

/// Attached programs and their records.
pub(super) struct Programs {
    names: Vec<String>,
    lacks: Vec<String>,
    _links: Vec<Link>,
    object: Object,
    ring: RingBuffer<'static>,
    records: Rc<RefCell<Vec<Raw>>>,
    /// Records that were lost before.
    lost: u64,
    describe: Box<dyn Fn(&Raw) -> Record>,
}

impl Programs {
    /// Loads `open` and attaches all of its programs that are to be loaded.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn attach(
        open: OpenObject,
        lacks: Vec<String>,
        describe: impl Fn(&Raw) -> Record + 'static,
    ) -> Result<Programs> {
        let object = open.load().context("failed to load the policy")?;
        let records = Rc::new(RefCell::new(Vec::new()));
        let (mut names, mut links) = (Vec::new(), Vec::new());
        for program in object.progs_mut().filter(|program| program.autoload()) {
            let section = program.section().to_string_lossy();
            let (link, name) = match (program.prog_type(), section.strip_prefix("lsm/")) {
                (ProgramType::Tracing, Some(hook)) => (program.attach_trace(), function(hook)),
                _ => (program.attach(), section.clone().into_owned()),
            };
            let link = link.with_context(|| format!("failed to attach to {name}"))?;
            names.push(name);
            links.push(link);
        }
        let mut builder = RingBufferBuilder::new();
        let map = object.maps().find(|map| map.name() == "records").context("the policy has no records")?;
        let kept = Rc::clone(&records);
        builder.add(&map, move |bytes| {
            kept.borrow_mut().extend(Raw::read(bytes));
            0
        })?;
        let ring = builder.build().context("failed to read the policy's ring buffer")?;
        let describe = Box::new(describe);
        Ok(Programs { names, lacks, _links: links, object, ring, records, lost: 0, describe })
    }

    /// Puts files on the policy's list, if it has one.
    ///
    /// # Errors
    /// When the list is full.
    pub(super) fn allow(&self, files: &[(u64, u64)]) -> Result<()> {
        let Some(map) = self.object.maps().find(|map| map.name() == "allowed") else { return Ok(()) };
        for &(device, inode) in files {
            let key = [kernel_device(device).to_ne_bytes(), inode.to_ne_bytes()].concat();
            map.update(&key, &[1], MapFlags::ANY).context("failed to put a file on the policy's list")?;
        }
        Ok(())
    }

    /// How many records were lost since the programs were attached. Where the kernel does not run a program, because one
    /// on the same CPU is in it, a record is lost too.
    fn all_lost(&self) -> Result<u64> {
        let map = self.object.maps().find(|map| map.name().to_string_lossy().ends_with(".bss"));
        let map = map.context("the policy does not count lost records")?;
        let value =
            map.lookup(&0u32.to_ne_bytes(), MapFlags::ANY)?.context("the policy's count has no value")?;
        let bytes = value.first_chunk().context("the policy's count is too short")?;
        let mut lost = u64::from_ne_bytes(*bytes);
        for program in self.object.progs().filter(|program| program.autoload()) {
            lost += missed_runs(program.as_fd())?;
        }
        Ok(lost)
    }
}

/// How often the kernel did not run a program. Kernels before 5.12 do not say.
fn missed_runs(program: BorrowedFd<'_>) -> Result<u64> {
    // SAFETY: a structure of numbers and pointers, for which zero is valid; the kernel writes as much of it as it knows.
    unsafe {
        let mut info: libbpf_sys::bpf_prog_info = std::mem::zeroed();
        let mut size = size_of_val(&info) as u32;
        let told = libbpf_sys::bpf_prog_get_info_by_fd(program.as_raw_fd(), &mut info, &mut size);
        ensure!(told == 0, "failed to ask about a program: {}", std::io::Error::last_os_error());
        Ok(info.recursion_misses)
    }
}

impl Attached for Programs {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        // A way that was killed has not closed its window.
        mark(END_MARKER);
        self.ring.consume().context("failed to read the policy's records")?;
        self.records.borrow_mut().clear();
        self.lost = self.all_lost()?;
        Ok(())
    }

    fn records(&mut self, (begin, end): (u64, u64)) -> Result<Vec<Record>> {
        self.ring.consume().context("failed to read the policy's records")?;
        let records = std::mem::take(&mut *self.records.borrow_mut());
        let own = std::process::id();
        let inside = records.iter().filter(|raw| raw.pid != own && (begin..=end).contains(&raw.time));
        Ok(inside.map(&self.describe).collect())
    }

    fn lost(&self) -> Result<u64> {
        Ok(self.all_lost()? - self.lost)
    }

    fn waits_on(&self) -> Option<RawFd> {
        Some(self.ring.epoll_fd())
    }

    fn collect(&mut self) -> Result<()> {
        self.ring.consume().context("failed to read the policy's records")
    }
}

impl Raw {
    fn read(bytes: &[u8]) -> Option<Raw> {
        let bytes = bytes.get(..RECORD)?;
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap_or_default());
        let long = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
        let text = |range: std::ops::Range<usize>| {
            let text = bytes[range].split(|&byte| byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        };
        Some(Raw {
            time: long(0),
            pid: word(8),
            object: word(12),
            device: long(16),
            inode: long(24),
            number: word(32),
            abi: word(36),
            what: text(40..72),
            path: text(72..136),
        })
    }

    /// What the record says about its object, if `settings` say which is the right one. A text may be a variable with its
    /// name.
    pub(super) fn said(&self, settings: Settings) -> Said {
        let right_if = |is_right| if is_right { Said::Right } else { Said::Wrong };
        match (self.object, settings.file, settings.text) {
            (1, Some((device, inode)), _) => {
                right_if((self.device, self.inode) == (kernel_device(device), inode))
            }
            (2, ..) if self.path.is_empty() => Said::Blank,
            (2, _, Some(text)) => {
                right_if(self.path.split_once('=').map_or(&self.path[..], |(_, value)| value) == text)
            }
            _ => Said::None,
        }
    }
}
