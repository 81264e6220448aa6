//! The global variables of an object, set before the load. The program that usually loads
//! the object sets them from its command line.

use anyhow::{Context, Result, bail, ensure};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{DataSec, Var};
use libbpf_rs::{AsRawLibbpf, OpenObject};

/// Where a variable lies.
struct VariableLocation {
    section: String,
    offset: usize,
    size: usize,
}

/// Sets the variable `name` to the number `value`.
///
/// # Errors
/// When there is no such variable (the error lists the existing ones), or it cannot hold
/// the number.
pub(super) fn set(open: &mut OpenObject, name: &str, value: &str) -> Result<()> {
    let location = find_variable(open, name)?;
    let number: i128 = match value {
        "true" => 1,
        "false" => 0,
        _ => value.parse().with_context(|| format!("{name}={value}: not a number"))?,
    };
    let bits = 8 * location.size as u32;
    ensure!(
        matches!(location.size, 1 | 2 | 4 | 8) && number >= -(1i128 << (bits - 1)) && number < 1i128 << bits,
        "{name}={value}: the variable has {} bytes, which cannot hold this number",
        location.size
    );
    let map = open.maps_mut().find(|map| map.name().to_string_lossy().ends_with(&location.section));
    let mut map = map.with_context(|| format!("the object has no map of {}", location.section))?;
    let bytes = map.initial_value_mut().with_context(|| format!("{} has no value", location.section))?;
    let bytes = bytes.get_mut(location.offset..location.offset + location.size);
    let bytes = bytes.with_context(|| format!("{name} lies outside of {}", location.section))?;
    bytes.copy_from_slice(&number.to_le_bytes()[..location.size]);
    Ok(())
}

fn find_variable(open: &OpenObject, wanted: &str) -> Result<VariableLocation> {
    // SAFETY: the object outlives this borrow and does not change during it.
    let object = unsafe { open.as_libbpf_object().as_ref() };
    let btf =
        Btf::from_bpf_object(object)?.context("the object has no BTF, so its variables have no names")?;
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
                return Ok(VariableLocation {
                    section: in_section,
                    offset: info.offset as usize,
                    size: info.size,
                });
            }
            known.push(name.into_owned());
        }
    }
    bail!("the object has no variable {wanted}; it has: {}", known.join(", "))
}
