//! The maps of an object before it is loaded: their sizes, and the maps that they hold, where
//! the program that usually loads the object would decide it.

use std::mem::size_of;
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use libbpf_rs::{AsRawLibbpf, MapHandle, MapType, OpenMapMut, OpenObject};

use crate::attach::Error;

/// Entries of a map whose size the program that loads it would set.
const ENTRIES: u32 = 10_240;
/// The deepest stack that the kernel keeps: `PERF_MAX_STACK_DEPTH`, of addresses.
const STACK_SIZE: u32 = 127 * 8;

/// Gives maps without a size one. Returns notes about them.
pub(super) fn set_sizes(open: &mut OpenObject) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for mut map in open.maps_mut().filter(|map| map.autocreate()) {
        let name = map.name().to_string_lossy().into_owned();
        let kind = map.map_type();
        if kind == MapType::StackTrace && map.value_size() == 0 {
            map.set_value_size(STACK_SIZE).with_context(|| format!("failed to size the map {name}"))?;
        }
        // libbpf itself gives perf buffers an entry for each CPU.
        if map.max_entries() == 0 && kind != MapType::PerfEventArray && !matches!(kind, MapType::StructOps) {
            let entries = if kind == MapType::RingBuf { 256 << 10 } else { ENTRIES };
            map.set_max_entries(entries).with_context(|| format!("failed to size the map {name}"))?;
            notes.push(format!("map {name} has no size; hookbench gave it {entries} entries"));
        }
    }
    Ok(notes)
}

/// A map to put into a map of maps whose own description is missing. Its keys are small and
/// its values large, because the verifier accepts every access inside them.
struct Inner {
    kind: MapType,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
    about: &'static str,
}

/// What hookbench tries, in this order.
const INNER: [Inner; 5] = [
    Inner::new(MapType::Hash, 4, 256, 1, 0, "hash maps of 4-byte keys and 256-byte values"),
    Inner::new(MapType::Hash, 1, 4096, 1, 0, "hash maps of 1-byte keys and 4096-byte values"),
    Inner::new(MapType::Array, 4, 4096, 1, 0, "arrays of 4096-byte values"),
    Inner::new(
        MapType::LpmTrie,
        8,
        256,
        1,
        libbpf_sys::BPF_F_NO_PREALLOC,
        "tries of 8-byte keys and 256-byte values",
    ),
    Inner::new(MapType::RingBuf, 0, 0, 4096, 0, "ring buffers"),
];

/// How many kinds of inner map hookbench tries.
pub(super) const INNER_KINDS: usize = INNER.len();

impl Inner {
    const fn new(
        kind: MapType,
        key: u32,
        value: u32,
        entries: u32,
        flags: u32,
        about: &'static str,
    ) -> Inner {
        Inner { kind, key, value, entries, flags, about }
    }

    fn make(&self) -> Result<MapHandle> {
        let options = libbpf_sys::bpf_map_create_opts {
            sz: size_of::<libbpf_sys::bpf_map_create_opts>() as libbpf_sys::size_t,
            map_flags: self.flags,
            ..Default::default()
        };
        MapHandle::create(self.kind, Some("inner"), self.key, self.value, self.entries, &options)
            .with_context(|| format!("failed to make an inner map: {}", self.about))
    }
}

/// The maps that hookbench puts into maps of maps, which live until the object is loaded.
#[derive(Default)]
pub(super) struct InnerMaps {
    made: Vec<MapHandle>,
    /// The maps of maps that got one.
    pub(super) outer: Vec<String>,
    /// Notes about them.
    pub(super) notes: Vec<String>,
}

/// Gives each map of maps that does not say what it holds the inner map number `choice`.
///
/// # Errors
/// When the kernel does not make it.
pub(super) fn give_inner_maps(open: &mut OpenObject, choice: usize) -> Result<InnerMaps> {
    let mut given = InnerMaps::default();
    let Some(inner) = INNER.get(choice) else { return Ok(given) };
    for mut map in open.maps_mut().filter(|map| map.autocreate()) {
        if !matches!(map.map_type(), MapType::ArrayOfMaps | MapType::HashOfMaps) || describes_inner(&map) {
            continue;
        }
        let name = map.name().to_string_lossy().into_owned();
        let made = inner.make()?;
        map.set_inner_map_fd(made.as_fd()).with_context(|| format!("failed to fill the map {name}"))?;
        if map.value_size() == 0 {
            map.set_value_size(4).with_context(|| format!("failed to size the map {name}"))?;
        }
        given.made.push(made);
        given.notes.push(format!(
            "map {name} holds maps that its loader describes; hookbench gave it empty {}",
            inner.about
        ));
        given.outer.push(name);
    }
    Ok(given)
}

/// Whether the object itself says what the map of maps holds.
fn describes_inner(map: &OpenMapMut<'_>) -> bool {
    // SAFETY: the map belongs to an open object, which outlives this borrow.
    unsafe { !libbpf_sys::bpf_map__inner_map(map.as_libbpf_object().as_ptr()).is_null() }
}

/// Leaves out maps of kinds that this kernel lacks. If a loaded program uses one, the load
/// fails. Returns notes about them.
pub(super) fn drop_unknown_kinds(open: &mut OpenObject) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for mut map in open.maps_mut().filter(|map| map.autocreate()) {
        // SAFETY: the map belongs to an open object; asking for its kind changes nothing.
        let (kind, known) = unsafe {
            let kind = libbpf_sys::bpf_map__type(map.as_libbpf_object().as_ptr());
            (kind, libbpf_sys::libbpf_probe_bpf_map_type(kind, std::ptr::null()))
        };
        if known == 0 {
            let name = map.name().to_string_lossy().into_owned();
            map.set_autocreate(false).with_context(|| format!("failed to leave out the map {name}"))?;
            notes.push(format!(
                "map {name} is left out: this kernel has no maps of the kind {}",
                kind_name(kind)
            ));
        }
    }
    Ok(notes)
}

/// libbpf's name of a kind of map.
fn kind_name(kind: libbpf_sys::bpf_map_type) -> String {
    // SAFETY: libbpf returns a constant string or null.
    let name = unsafe { libbpf_sys::libbpf_bpf_map_type_str(kind) };
    if name.is_null() {
        return format!("{kind}");
    }
    // SAFETY: not null, so a string that ends in NUL and lives for ever.
    unsafe { std::ffi::CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Keeps the maps of subsystems from being registered: their programs are left out.
pub(super) fn drop_struct_ops(open: &mut OpenObject) -> Result<()> {
    for mut map in open.maps_mut().filter(|map| map.map_type() == MapType::StructOps) {
        map.set_autocreate(false).context("failed to leave out a map of a subsystem")?;
    }
    Ok(())
}

/// Why a load failed because of a map; `None` if `reason` names another cause.
pub(super) fn map_refusal(reason: &str, inner: &[String], left_out: &[String]) -> Option<Error> {
    let uses_missing = reason.contains("is referenced but wasn't created");
    if uses_missing && !left_out.is_empty() {
        return Some(Error::Unsupported(format!("{reason}; {}", left_out.join("; "))));
    }
    let about_inner =
        ["map_value", "map_type", "map type", "map_ptr", "max_value", "value_size", "invalid access to map"];
    if !inner.is_empty() && about_inner.iter().any(|part| reason.contains(part)) {
        let (holds, say) = if inner.len() == 1 {
            ("map", "holds maps and does not")
        } else {
            ("maps", "hold maps and do not")
        };
        return Some(Error::Unsupported(format!("{holds} {} {say} say which: {reason}", inner.join(", "))));
    }
    None
}
