//! The global variables of an object, set before the load. The program that usually loads
//! the object sets them from its command line.

use anyhow::{Context, Result, bail, ensure};
use libbpf_rs::btf::types::{Array, DataSec, Var};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, ReferencesType};
use libbpf_rs::{AsRawLibbpf, OpenObject};

/// What a variable can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A number: an integer, an enumeration, a truth value or an address.
    Number,
    /// A text in an array of bytes.
    Text,
    /// Something that has no value in a parameter.
    Other,
}

/// Where a variable lies, and what it can hold.
struct VariableLocation {
    section: String,
    offset: usize,
    size: usize,
    holds: Holds,
}

/// Sets the variable `name` to `value`: a number, a truth value, or a text if it is an array
/// of characters.
///
/// # Errors
/// When there is no such variable (the error lists the existing ones), or it cannot hold
/// the value.
pub(super) fn set(open: &mut OpenObject, name: &str, value: &str) -> Result<()> {
    let location = find_variable(open, name)?;
    let wanted = encode(name, value, location.size, location.holds)?;
    let map = open.maps_mut().find(|map| map.name().to_string_lossy().ends_with(&location.section));
    let mut map = map.with_context(|| format!("the object has no map of {}", location.section))?;
    let bytes = map.initial_value_mut().with_context(|| format!("{} has no value", location.section))?;
    let bytes = bytes.get_mut(location.offset..location.offset + location.size);
    let bytes = bytes.with_context(|| format!("{name} lies outside of {}", location.section))?;
    bytes.copy_from_slice(&wanted);
    Ok(())
}

/// The bytes of `value` in a variable of `size` bytes.
fn encode(name: &str, value: &str, size: usize, holds: Holds) -> Result<Vec<u8>> {
    match holds {
        Holds::Number => {
            let number: i128 = match value {
                "true" => 1,
                "false" => 0,
                _ => value.parse().with_context(|| format!("{name}={value}: not a number"))?,
            };
            let bits = 8 * size as u32;
            ensure!(
                matches!(size, 1 | 2 | 4 | 8) && number >= -(1i128 << (bits - 1)) && number < 1i128 << bits,
                "{name}={value}: the variable has {size} bytes, which cannot hold this number"
            );
            Ok(number.to_le_bytes()[..size].to_vec())
        }
        Holds::Text => {
            ensure!(
                value.len() < size,
                "{name}={value}: the variable has {size} bytes, which cannot hold this text and its end"
            );
            let mut bytes = value.as_bytes().to_vec();
            bytes.resize(size, 0);
            Ok(bytes)
        }
        Holds::Other => bail!("{name}={value}: the variable holds neither a number nor a text"),
    }
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
            let Some(variable) = btf.type_by_id::<Var<'_>>(info.ty) else { continue };
            let Some(name) = variable.name() else { continue };
            let name = name.to_string_lossy();
            if name == wanted {
                return Ok(VariableLocation {
                    section: in_section,
                    offset: info.offset as usize,
                    size: info.size,
                    holds: holds(variable.referenced_type()),
                });
            }
            known.push(name.into_owned());
        }
    }
    bail!("the object has no variable {wanted}; it has: {}", known.join(", "))
}

/// What a variable of this type can hold.
fn holds(of: BtfType<'_>) -> Holds {
    let of = of.skip_mods_and_typedefs();
    match of.kind() {
        BtfKind::Int | BtfKind::Enum | BtfKind::Enum64 | BtfKind::Ptr => Holds::Number,
        BtfKind::Array => {
            let items = Array::try_from(of).map(|array| array.contained_type().skip_mods_and_typedefs());
            match items {
                // The name of the type tells a character from a small number.
                Ok(item) if item.kind() == BtfKind::Int && item.name().is_some_and(|name| name == "char") => {
                    Holds::Text
                }
                _ => Holds::Other,
            }
        }
        _ => Holds::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_encoded_as_the_variable_holds_it() {
        let number = |value, size| encode("x", value, size, Holds::Number).ok();
        assert_eq!(number("true", 1), Some(vec![1]));
        assert_eq!(number("-1", 2), Some(vec![255, 255]));
        assert_eq!(number("258", 4), Some(vec![2, 1, 0, 0]));
        assert_eq!([number("256", 1), number("x", 4), number("1", 3)], [None, None, None]);
        let text = |value| encode("x", value, 4, Holds::Text).ok();
        assert_eq!([text("abc"), text("a")], [Some(b"abc\0".to_vec()), Some(b"a\0\0\0".to_vec())]);
        assert_eq!(text("abcd"), None);
        assert!(encode("x", "1", 4, Holds::Other).is_err());
    }
}
