//! The description of a workload, and the check of the parameters that a plan gives it. What differs from way to
//! way is in `way.rs`.

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
    /// The parameters of this workload alone. One of them is `way`, if it has several ways.
    pub params: &'static [ParamInfo],
    /// The default number of timed operations.
    pub samples: u32,
    /// The number of untimed operations before them.
    pub warmup: u32,
    /// One line for a reader.
    pub about: &'static str,
}

impl Info {
    /// All its parameters: those of this workload alone, and those that every workload has.
    pub fn parameters(&self) -> Vec<ParamInfo> {
        [self.params, &[param::LOGIN_UID]].concat()
    }

    /// The parameters of each cell that a plan makes: every product of the values in `given`, with the default
    /// values of the parameters that `given` leaves out.
    ///
    /// # Errors
    /// When this workload has no parameter of that name, or the parameter cannot have that value.
    pub fn products(&self, given: &BTreeMap<String, Vec<String>>) -> Result<Vec<Params>, ParamError> {
        param::products(self.name, &self.parameters(), given)
    }

    /// The parameters with their values, as shown in lists: `to=r|rw`.
    pub fn known(&self) -> String {
        param::known(&self.parameters())
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
    fn parameters_that_are_not_given_have_their_default() {
        assert_eq!(products("execve-noop", &[]).unwrap(), ["env_pages=0 ld_preload=ignored"]);
        assert_eq!(products("mprotect-storm", &[]).unwrap(), ["to=r", "to=rw"]);
        assert_eq!(products("null-syscall", &[]).unwrap(), [""]);
    }

    #[test]
    fn each_value_is_a_cell() {
        let given: &[(&str, &[&str])] = &[("env_pages", &["0", "32"]), ("ld_preload", &["recorded"])];
        let expected = ["env_pages=0 ld_preload=recorded", "env_pages=32 ld_preload=recorded"];
        assert_eq!(products("execve-noop", given).unwrap(), expected);
    }

    #[test]
    fn every_workload_takes_a_login_uid() {
        let given: &[(&str, &[&str])] = &[("auid", &["unset", "1000"])];
        assert_eq!(products("null-syscall", given).unwrap(), ["", "auid=1000"]);
        let expected = ["env_pages=0 ld_preload=ignored", "auid=1000 env_pages=0 ld_preload=ignored"];
        assert_eq!(products("execve-noop", given).unwrap(), expected);
    }

    #[test]
    fn default_values_are_allowed() {
        for workload in crate::WORKLOADS {
            assert!(products(workload.info().name, &[]).is_ok(), "{}", workload.info().name);
        }
    }
}
