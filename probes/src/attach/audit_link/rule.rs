//! Audit rules as bytes: `struct audit_rule_data` of linux/audit.h.

use crate::arch::AUDIT_ARCH;
use crate::undo::RulePid;

/// A rule on the filter exit, action always, for the system calls with these numbers,
/// under hookbench's key.
pub(super) fn encode(syscalls: &[u32], pid: RulePid) -> Vec<u8> {
    const EXIT: u32 = 4;
    const ALWAYS: u32 = 2;
    const EQUAL: u32 = 0x4000_0000;
    const NOT_EQUAL: u32 = 0x3000_0000;
    const ARCH: u32 = 11;
    const PID: u32 = 0;
    const FILTER_KEY: u32 = 210;
    const KEY: &[u8] = b"hookbench";
    let mut mask = [0u32; 64];
    for &syscall in syscalls {
        if let Some(word) = mask.get_mut(syscall as usize / 32) {
            *word |= 1 << (syscall % 32);
        }
    }
    // Name, value and operator.
    let mut fields = vec![(ARCH, AUDIT_ARCH, EQUAL), (FILTER_KEY, KEY.len() as u32, EQUAL)];
    match pid {
        RulePid::Any => {}
        RulePid::Is(pid) => fields.push((PID, pid, EQUAL)),
        RulePid::IsNot(pid) => fields.push((PID, pid, NOT_EQUAL)),
    }
    let column = |of: fn(&(u32, u32, u32)) -> u32| {
        let mut column = [0u32; 64];
        column.iter_mut().zip(fields.iter().map(of)).for_each(|(place, value)| *place = value);
        column
    };
    let mut words = vec![EXIT, ALWAYS, fields.len() as u32];
    words.extend(mask);
    words.extend(column(|field| field.0));
    words.extend(column(|field| field.1));
    words.extend(column(|field| field.2));
    words.push(KEY.len() as u32);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend_from_slice(KEY);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_the_layout_of_the_kernel() {
        let rule = encode(&[59, 322], RulePid::Any);
        assert_eq!(rule.len(), 1040 + 9);
        let word = |at: usize| u32::from_ne_bytes(rule[4 * at..4 * at + 4].try_into().unwrap());
        assert_eq!((word(0), word(1), word(2)), (4, 2, 2));
        assert_eq!((word(3 + 59 / 32), word(3 + 322 / 32)), (1 << (59 % 32), 1 << (322 % 32)));
        assert_eq!((word(67), word(131), word(195), word(259)), (11, AUDIT_ARCH, 0x4000_0000, 9));
    }
}
