//! The global variables of an object, set before it is loaded, as the program that
//! usually loads it would: what its command line says becomes these.

use anyhow::{Context, Result, bail, ensure};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{DataSec, Var};
use libbpf_rs::{AsRawLibbpf, OpenObject};

/// Where a variable lies.
struct Place {
    section: String,
    offset: usize,
    size: usize,
}

/// Sets the variable `name` to the number `value`.
///
/// # Errors
/// When there is no such variable, which is said with those that there are, or the
/// number is none that it can hold.
pub(super) fn set(open: &mut OpenObject, name: &str, value: &str) -> Result<()> {
    let place = find(open, name)?;
    let number: i128 = match value {
        "true" => 1,
        "false" => 0,
        _ => value.parse().with_context(|| format!("{name}={value}: not a number"))?,
    };
    let bits = 8 * place.size as u32;
    ensure!(
        matches!(place.size, 1 | 2 | 4 | 8) && number >= -(1i128 << (bits - 1)) && number < 1i128 << bits,
        "{name}={value}: it has {} bytes, which cannot be this number",
        place.size
    );
    let map = open.maps_mut().find(|map| map.name().to_string_lossy().ends_with(&place.section));
    let mut map = map.with_context(|| format!("the object has no map of {}", place.section))?;
    let bytes = map.initial_value_mut().with_context(|| format!("{} has no value", place.section))?;
    let bytes = bytes.get_mut(place.offset..place.offset + place.size);
    let bytes = bytes.with_context(|| format!("{name} lies outside of {}", place.section))?;
    bytes.copy_from_slice(&number.to_le_bytes()[..place.size]);
    Ok(())
}

fn find(open: &OpenObject, wanted: &str) -> Result<Place> {
    // SAFETY: the object lives longer than this borrow, and is not changed meanwhile.
    let object = unsafe { open.as_libbpf_object().as_ref() };
    let btf = Btf::from_bpf_object(object)?.context("the object has no BTF, which names its variables")?;
    let mut known = Vec::new();
    for section in btf.type_by_kind::<DataSec<'_>>() {
        let in_section = section.name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if ![".rodata", ".data", ".bss"].contains(&in_section.as_str()) {
            continue;
        }
        for info in section.iter() {
            let Some(name) = btf.type_by_id::<Var<'_>>(info.ty).and_then(|var| var.name()) else { continue };
            let name = name.to_string_lossy();
            if name == wanted {
                return Ok(Place { section: in_section, offset: info.offset as usize, size: info.size });
            }
            known.push(name.into_owned());
        }
    }
    bail!("the object has no variable {wanted}; it has: {}", known.join(", "))
}
