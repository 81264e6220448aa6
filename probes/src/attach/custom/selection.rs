//! Which programs of a custom object are loaded, and how large its maps are, where the
//! program that usually loads the object would decide it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use libbpf_rs::{MapType, ObjectBuilder, OpenObject, OpenProgramMut};

use super::targets::{self, KernelSymbols};
use crate::attach::Error;

/// The programs of the object for which this kernel has no place, each with the reason.
pub(super) fn find_unsupported(path: &Path) -> Result<BTreeMap<String, String>> {
    let kernel = KernelSymbols::read()?;
    let open = ObjectBuilder::default().open_file(path).context("failed to open the object again")?;
    let mut without = BTreeMap::new();
    for program in open.progs().filter(|program| program.autoload()) {
        let section = program.section().to_string_lossy().into_owned();
        if let Some(target) = kernel.missing_target(&section) {
            without.insert(
                program.name().to_string_lossy().into_owned(),
                format!("this kernel has no {target}, which its section {section} names"),
            );
        }
    }
    Ok(without)
}

/// Notes about the programs that are left out: one each for the first ones.
pub(super) fn describe_left_out(without: &BTreeMap<String, String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let each = without.iter().take(SHOWN).map(|(name, why)| format!("program {name} is left out: {why}"));
    let more = without.len().saturating_sub(SHOWN);
    each.chain((more > 0).then(|| format!("{more} more programs are left out for such reasons"))).collect()
}

/// Sets which programs are loaded: `only` those, or the ones that the object itself
/// selects, but none in `without`. Returns notes about programs that the object skips.
pub(super) fn choose_programs(
    open: &mut OpenObject,
    without: &BTreeMap<String, String>,
    only: Option<&[&str]>,
) -> Result<Vec<String>, Error> {
    check_names(open, only.unwrap_or_default())?;
    let mut notes = Vec::new();
    let mut chosen = 0;
    for mut program in open.progs_mut() {
        let name = program.name().to_string_lossy().into_owned();
        if let Some(only) = only {
            program.set_autoload(only.contains(&name.as_str()));
        }
        if !program.autoload() {
            if only.is_none() {
                let section = program.section().to_string_lossy().into_owned();
                let section = section.trim_start_matches('?');
                notes.push(format!("program {name} is left out: its section is ?{section}"));
            }
            continue;
        }
        if without.contains_key(&name) {
            program.set_autoload(false);
            continue;
        }
        check_attachable(&program, &name)?;
        chosen += 1;
    }
    match chosen {
        0 if without.is_empty() => Err(anyhow!("the object loads none of its programs by default").into()),
        0 => Err(Error::Unsupported(describe_left_out(without).join("; "))),
        _ => Ok(notes),
    }
}

/// Fails when the object lacks one of the programs that the user named.
fn check_names(open: &OpenObject, wanted: &[&str]) -> Result<()> {
    let names: Vec<String> =
        open.progs().map(|program| program.name().to_string_lossy().into_owned()).collect();
    match wanted.iter().find(|wanted| !names.iter().any(|name| name == *wanted)) {
        Some(wrong) => Err(anyhow!("the object has no program {wrong}; it has: {}", names.join(", "))),
        None => Ok(()),
    }
}

fn check_attachable(program: &OpenProgramMut<'_>, name: &str) -> Result<(), Error> {
    let section = program.section().to_string_lossy().into_owned();
    if let Some(why) = targets::unsupported_reason(&section, program.prog_type()) {
        return Err(Error::Unsupported(format!(
            "its program {name} has the section {section}, which cannot be attached here: {why}"
        )));
    }
    if section.starts_with("lsm") && !targets::bpf_lsm_is_active() {
        return Err(Error::Unsupported(format!(
            "its program {name} is for a security hook, and the kernel was booted without bpf in lsm="
        )));
    }
    Ok(())
}

/// Entries of a map whose size the program that loads it would set.
const ENTRIES: u32 = 10_240;
/// The deepest stack that the kernel keeps: `PERF_MAX_STACK_DEPTH`, of addresses.
const STACK_SIZE: u32 = 127 * 8;

/// Gives maps without a size one. Returns notes about them.
pub(super) fn set_map_sizes(open: &mut OpenObject) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for mut map in open.maps_mut() {
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
