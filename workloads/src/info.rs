//! What a workload says of itself, and the check of the parameters it is given.

use std::collections::BTreeMap;

use hookbench_model::Params;
use hookbench_model::param::{self, ParamError, ParamInfo};

/// Name, parameters and meaning of a workload.
#[derive(Debug)]
pub struct Info {
    /// The name used everywhere: `execve-noop`.
    pub name: &'static str,
    /// The behaviour whose events a monitor has to have seen.
    pub behaviour: &'static str,
    /// Whether it performs other behaviours as well, uncounted.
    pub others: bool,
    /// The system calls that are timed, by number, for a clock that can tell one call
    /// from the next; empty where what is timed is a whole command.
    pub calls: &'static [u32],
    /// Whether others than the worker make the operation, or a part of it.
    pub in_children: bool,
    /// Its parameters.
    pub params: &'static [ParamInfo],
    /// How many operations are timed unless one says otherwise.
    pub samples: u32,
    /// How many are made before them, untimed.
    pub warmup: u32,
    /// One line for a reader.
    pub about: &'static str,
}

impl Info {
    /// The parameters of each cell that a plan makes: every product of the
    /// values in `given`, and of the usual ones of all that `given` leaves out.
    ///
    /// # Errors
    /// When a name or a value is none of this workload's.
    pub fn products(&self, given: &BTreeMap<String, Vec<String>>) -> Result<Vec<Params>, ParamError> {
        param::products(self.name, self.params, given)
    }

    /// The parameters with their values, as shown in lists: `to=r|rw`.
    pub fn known(&self) -> String {
        param::known(self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    fn products(workload: &str, given: &[(&str, &[&str])]) -> Result<Vec<String>, ParamError> {
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let given = given.iter().map(|(name, values)| (name.to_string(), words(values))).collect();
        let products = find(workload).unwrap().info().products(&given)?;
        Ok(products.iter().map(Params::to_string).collect())
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        assert_eq!(products("execve-noop", &[]).unwrap(), ["env_pages=0 ld_preload=ignored"]);
        assert_eq!(products("mprotect-storm", &[]).unwrap(), ["to=r", "to=rw"]);
        assert_eq!(products("null-syscall", &[]).unwrap(), [""]);
    }

    #[test]
    fn several_values_are_several_cells() {
        let given: &[(&str, &[&str])] = &[("env_pages", &["0", "32"]), ("ld_preload", &["recorded"])];
        let expected = ["env_pages=0 ld_preload=recorded", "env_pages=32 ld_preload=recorded"];
        assert_eq!(products("execve-noop", given).unwrap(), expected);
    }

    #[test]
    fn usual_values_are_allowed() {
        for workload in crate::WORKLOADS {
            assert!(products(workload.info().name, &[]).is_ok(), "{}", workload.info().name);
        }
    }
}
