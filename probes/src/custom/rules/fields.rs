//! The fields of a rule, `NAME OPERATOR VALUE`: the places that they name, and the login uids that they match.

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    NotEqual,
    AtLeast,
    AtMost,
    BitTest,
    Equal,
    Above,
    Below,
    BitMask,
}

/// The operators, in the order in which auditctl looks for them anywhere in the text.
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("&=", Operator::BitTest),
    ("=", Operator::Equal),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("&", Operator::BitMask),
];

/// The login uid of a process that nobody logged in to.
const UNSET: u32 = u32::MAX;

impl Operator {
    /// Compares as the kernel does. `None` for the operators on bits, which it does not apply to uids.
    fn holds(self, left: u32, right: u32) -> Option<bool> {
        match self {
            Operator::NotEqual => Some(left != right),
            Operator::AtLeast => Some(left >= right),
            Operator::AtMost => Some(left <= right),
            Operator::Equal => Some(left == right),
            Operator::Above => Some(left > right),
            Operator::Below => Some(left < right),
            Operator::BitTest | Operator::BitMask => None,
        }
    }
}

/// A field of a rule: the text after `-F`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The comparison.
    pub operator: Operator,
    /// The value.
    pub value: String,
}

/// A place in the file system that a rule names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A folder, which must exist before the kernel takes the rule.
    Folder(String),
    /// A file, whose folder must exist.
    File(String),
}

impl Place {
    /// The place of a watch (`-w`) on `path`: a folder if its name looks like one.
    pub(super) fn watched(path: &str) -> Place {
        match path.ends_with('/') || path.ends_with(".d") {
            true => Place::Folder(path.into()),
            false => Place::File(path.into()),
        }
    }
}

impl Field {
    /// Reads `NAME OPERATOR VALUE`; `None` if a part is missing.
    pub(super) fn read(text: &str) -> Option<Field> {
        let found = OPERATORS.iter().find_map(|(sign, operator)| Some((text.split_once(sign)?, *operator)));
        let ((name, value), operator) = found?;
        let whole = !name.is_empty() && !value.is_empty();
        whole.then(|| Field { name: name.into(), operator, value: value.into() })
    }

    /// The place that it names.
    pub(super) fn place(&self) -> Option<Place> {
        match self.name.as_str() {
            _ if !self.value.starts_with('/') => None,
            "dir" => Some(Place::Folder(self.value.clone())),
            "path" | "exe" => Some(Place::File(self.value.clone())),
            _ => None,
        }
    }

    /// Whether a process with the login uid `login` can match it; `None` stands for an unset login uid. A field
    /// that is not about the login uid, or whose value is the name of a user other than root, can always match.
    pub fn can_match(&self, login: Option<u32>) -> bool {
        if !matches!(self.name.as_str(), "auid" | "loginuid") {
            return true;
        }
        let Some(value) = uid(&self.value) else { return true };
        let holds = match value {
            // The kernel makes of this whether a login uid is set: 0 or 1, compared with 0.
            UNSET => self.operator.holds(login.is_some().into(), 0),
            value => self.operator.holds(login.unwrap_or(UNSET), value),
        };
        holds.unwrap_or(true)
    }
}

/// The uid that a value means, as libaudit reads it.
fn uid(value: &str) -> Option<u32> {
    match value {
        "unset" => Some(UNSET),
        "root" => Some(0),
        _ => number(value),
    }
}

/// A number as `strtoul(…, 0)` reads it, in 32 bits; `None` if the text is something else.
pub(super) fn number(text: &str) -> Option<u32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => u32::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    let value = value.ok().filter(|_| !digits.starts_with('+'))?;
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can_match(field: &str, login: Option<u32>) -> bool {
        Field::read(field).unwrap().can_match(login)
    }

    #[test]
    fn a_login_uid_matches_as_in_the_kernel() {
        for (field, unset, root, user) in [
            ("auid=unset", true, false, false),
            ("auid!=unset", false, true, true),
            ("auid!=-1", false, true, true),
            ("loginuid!=4294967295", false, true, true),
            ("auid=4294967295", true, false, false),
            ("auid!=0xffffffff", false, true, true),
            // An unset login uid is the largest of all, which is why rules also say `auid!=unset`.
            ("auid>=1000", true, false, true),
            ("auid>=01750", true, false, true),
            ("auid<1000", false, true, false),
            ("auid=0", false, true, false),
            ("auid=root", false, true, false),
            ("auid!=0", true, false, true),
            ("auid=1000", false, false, true),
            ("auid>unset", false, true, true),
            ("auid>=unset", true, true, true),
            ("auid=alice", true, true, true),
            ("auid&1", true, true, true),
            ("uid=33", true, true, true),
        ] {
            let seen = [None, Some(0), Some(1000)].map(|login| can_match(field, login));
            assert_eq!(seen, [unset, root, user], "{field}");
        }
    }

    #[test]
    fn a_field_has_three_parts_and_may_name_a_place() {
        assert_eq!(Field::read("arch"), None);
        assert_eq!(Field::read("=b64"), None);
        assert_eq!(Field::read("arch="), None);
        let place = |text: &str| Field::read(text).and_then(|field| field.place());
        assert_eq!(place("dir=/etc/x"), Some(Place::Folder("/etc/x".into())));
        assert_eq!(place("path=/etc/x"), Some(Place::File("/etc/x".into())));
        assert_eq!(place("exe!=/bin/su"), Some(Place::File("/bin/su".into())));
        assert_eq!((place("path=etc"), place("key=/etc")), (None, None));
        assert_eq!(Place::watched("/etc/sudoers.d"), Place::Folder("/etc/sudoers.d".into()));
        assert_eq!(Place::watched("/etc/sudoers"), Place::File("/etc/sudoers".into()));
    }
}
