//! Names, each once, for files that refer to them by their indices.

use std::collections::BTreeMap;

/// See the module.
#[derive(Default)]
pub(super) struct NameTable {
    /// The names, in the order in which they were added.
    pub(super) all: Vec<String>,
    indices: BTreeMap<String, usize>,
}

impl NameTable {
    /// The index of `name`, which is added if it is new.
    pub(super) fn index(&mut self, name: &str) -> usize {
        if let Some(index) = self.indices.get(name) {
            return *index;
        }
        let index = self.all.len();
        self.all.push(name.into());
        self.indices.insert(name.into(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_added_once() {
        let mut names = NameTable::default();
        assert_eq!(["a", "b", "a"].map(|name| names.index(name)), [0, 1, 0]);
        assert_eq!(names.all, ["a", "b"]);
    }
}
