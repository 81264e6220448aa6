//! Audit rules as bytes: `struct audit_rule_data` of linux/audit.h.

use super::window::KEY;
use crate::policy_file::audit::{Matches, Rule};
use crate::scenario::{Abi, Call};
use crate::scene::MARKER;

/// Filters: `AUDIT_FILTER_EXIT` and `AUDIT_FILTER_URING_EXIT`.
const EXIT: u32 = 4;
const URING: u32 = 7;
/// `AUDIT_ALWAYS`.
const ALWAYS: u32 = 2;

/// Operators.
const EQUAL: u32 = 0x4000_0000;
const NOT_EQUAL: u32 = 0x3000_0000;
const ANY_OF: u32 = 0x0800_0000;

/// Fields.
const UID: u32 = 1;
const ARCH: u32 = 11;
const WATCH: u32 = 105;
const PERM: u32 = 106;
const FIRST_ARGUMENT: u32 = 200;
const FILTER_KEY: u32 = 210;

/// Architectures: `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_I386`.
pub(super) const X86_64: u32 = 0xc000_003e;
pub(super) const I386: u32 = 0x4000_0003;

/// `sched_get_priority_min` for 32-bit callers, by which the window is marked.
const COMPAT_MARK: u32 = 160;

/// Places in the lists of a rule.
const LISTED: usize = 64;

/// The fields of a rule: name, operator and value of each, and the texts.
#[derive(Default)]
struct Fields {
    rows: Vec<(u32, u32, u32)>,
    texts: Vec<u8>,
}

impl Fields {
    fn number(&mut self, field: u32, operator: u32, value: u32) {
        self.rows.push((field, operator, value));
    }

    fn text(&mut self, field: u32, text: &str) {
        self.rows.push((field, EQUAL, text.len() as u32));
        self.texts.extend_from_slice(text.as_bytes());
    }
}

/// `rule` as the kernel reads it.
pub(in crate::guest) fn encode(rule: &Rule) -> Vec<u8> {
    let mut fields = Fields::default();
    let (filter, mask) = match &rule.matches {
        Matches::File(path, access) => {
            fields.text(WATCH, path);
            fields.number(PERM, EQUAL, accesses(access));
            (EXIT, [u32::MAX; LISTED])
        }
        Matches::Calls(abi, calls, flags) => {
            match abi {
                Abi::Native => fields.number(ARCH, EQUAL, X86_64),
                Abi::Compat => fields.number(ARCH, EQUAL, I386),
                Abi::Uring => {}
            }
            if let Some(flags) = flags {
                fields.number(FIRST_ARGUMENT + u32::from(flags.argument), ANY_OF, flags.mask);
            }
            (if *abi == Abi::Uring { URING } else { EXIT }, mask(calls))
        }
    };
    if rule.spares_root {
        fields.number(UID, NOT_EQUAL, 0);
    }
    fields.text(FILTER_KEY, rule.key);
    let column = |of: fn(&(u32, u32, u32)) -> u32| {
        let mut column = [0; LISTED];
        column.iter_mut().zip(fields.rows.iter().map(of)).for_each(|(place, value)| *place = value);
        column
    };
    let mut words = vec![filter, ALWAYS, fields.rows.len() as u32];
    words.extend(mask);
    words.extend(column(|row| row.0));
    words.extend(column(|row| row.2));
    words.extend(column(|row| row.1));
    words.push(fields.texts.len() as u32);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend_from_slice(&fields.texts);
    bytes
}

/// The rules by which hookbench finds the window in the records.
pub(in crate::guest) fn window_rules() -> [Rule; 2] {
    let rule = |abi, number| {
        let call = Call { abi, ..Call::native("sched_get_priority_min", number) }.with(0, MARKER as u32 & !7);
        Rule { matches: Matches::Calls(abi, vec![call], call.flags), spares_root: false, key: KEY }
    };
    [rule(Abi::Native, libc::SYS_sched_get_priority_min), rule(Abi::Compat, COMPAT_MARK.into())]
}

fn mask(calls: &[Call]) -> [u32; LISTED] {
    let mut mask = [0; LISTED];
    for call in calls {
        if let Some(word) = mask.get_mut(call.number as usize / 32) {
            *word |= 1 << (call.number % 32);
        }
    }
    mask
}

/// `AUDIT_PERM_…` for the letters of `auditctl -p`.
fn accesses(letters: &str) -> u32 {
    letters
        .chars()
        .map(|letter| match letter {
            'x' => 1,
            'w' => 2,
            'r' => 4,
            'a' => 8,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_ne_bytes(bytes[4 * at..4 * at + 4].try_into().unwrap())
    }

    #[test]
    fn a_rule_on_calls_has_the_layout_of_the_kernel() {
        let call = Call::native("clone", 56).with(0, 0x1000_0000);
        let matches = Matches::Calls(Abi::Native, vec![call], call.flags);
        let bytes = encode(&Rule { matches, spares_root: true, key: "userns" });
        assert_eq!(bytes.len(), 1040 + 6);
        assert_eq!([word(&bytes, 0), word(&bytes, 1), word(&bytes, 2)], [EXIT, ALWAYS, 4]);
        assert_eq!(word(&bytes, 3 + 1), 1 << 24);
        let rows = (0..4).map(|row| [67, 131, 195].map(|column| word(&bytes, column + row)));
        let expected = [
            [ARCH, X86_64, EQUAL],
            [FIRST_ARGUMENT, 0x1000_0000, ANY_OF],
            [UID, 0, NOT_EQUAL],
            [FILTER_KEY, 6, EQUAL],
        ];
        assert!(rows.eq(expected));
        assert_eq!(&bytes[1040..], b"userns");
    }

    #[test]
    fn a_watch_names_its_file_and_its_accesses() {
        let matches = Matches::File("/run/secret".into(), "rx");
        let bytes = encode(&Rule { matches, spares_root: false, key: "read" });
        assert_eq!([67, 68, 69, 196].map(|at| word(&bytes, at)), [WATCH, PERM, FILTER_KEY, EQUAL]);
        assert_eq!([131, 132, 133].map(|at| word(&bytes, at)), [11, 5, 4]);
        assert_eq!(&bytes[1040..], b"/run/secretread");
    }
}
