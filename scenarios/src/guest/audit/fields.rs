//! The fields of an audit record, `name=value` with spaces between.

/// `AUDIT_SYSCALL`: a record of a call.
pub(super) const SYSCALL: u16 = 1300;

/// The value of the field called `name`, which ends in `=`.
pub(in crate::guest) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(' ').find_map(|field| field.strip_prefix(name))
}

pub(super) fn hexadecimal(text: &str, name: &str) -> Option<u64> {
    u64::from_str_radix(field(text, name)?, 16).ok()
}
