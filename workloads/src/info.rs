//! What a workload says of itself, and the check of the parameters it is given.

use std::collections::BTreeMap;
use std::fmt;

use hookbench_results::Params;

/// Name, parameters and meaning of a workload.
#[derive(Debug)]
pub struct Info {
    /// The name used everywhere: `execve-noop`.
    pub name: &'static str,
    /// The behaviour whose events a monitor has to have seen.
    pub behaviour: &'static str,
    /// Whether it performs other behaviours as well, uncounted.
    pub others: bool,
    /// Its parameters.
    pub params: &'static [ParamInfo],
    /// How many operations are timed unless one says otherwise.
    pub samples: u32,
    /// How many are made before them, untimed.
    pub warmup: u32,
    /// One line for a reader.
    pub about: &'static str,
}

/// One parameter.
#[derive(Debug)]
pub struct ParamInfo {
    /// Its name: `env_pages`.
    pub name: &'static str,
    /// What it may be.
    pub values: Values,
    /// What it is when it is not given: a plan makes a cell for each.
    pub usual: &'static [&'static str],
    /// One line for a reader.
    pub about: &'static str,
}

/// What a parameter may be.
#[derive(Debug)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number from the first to the last.
    Range(u32, u32),
}

impl Values {
    fn allow(&self, value: &str) -> bool {
        match self {
            Values::Words(words) => words.contains(&value),
            // Written as numbers are written, so that equal cells have equal names.
            Values::Range(first, last) => value
                .parse::<u32>()
                .is_ok_and(|number| (*first..=*last).contains(&number) && number.to_string() == value),
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Values::Words(words) => f.write_str(&words.join("|")),
            Values::Range(first, last) => write!(f, "{first}..{last}"),
        }
    }
}

/// A parameter that the workload does not have, or not with this value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParamError {
    /// No such parameter.
    #[error("{workload} has no parameter {name:?}; it has {known}")]
    Unknown {
        /// The workload.
        workload: &'static str,
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such value.
    #[error("{workload} cannot have {name}={value}; it takes {allowed}")]
    Value {
        /// The workload.
        workload: &'static str,
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it may be.
        allowed: String,
    },
}

impl Info {
    /// The parameters of each cell that a plan makes: every product of the
    /// values in `given`, and of the usual ones of all that `given` leaves out.
    ///
    /// # Errors
    /// When a name or a value is none of this workload's.
    pub fn products(&self, given: &BTreeMap<String, Vec<String>>) -> Result<Vec<Params>, ParamError> {
        if let Some(name) = given.keys().find(|name| !self.params.iter().any(|p| p.name == **name)) {
            return Err(ParamError::Unknown { workload: self.name, name: name.clone(), known: self.known() });
        }
        let mut products = vec![Params::default()];
        for param in self.params {
            let values: Vec<&str> = match given.get(param.name) {
                Some(values) => values.iter().map(String::as_str).collect(),
                None => param.usual.to_vec(),
            };
            if let Some(value) = values.iter().find(|value| !param.values.allow(value)) {
                return Err(ParamError::Value {
                    workload: self.name,
                    name: param.name,
                    value: (*value).into(),
                    allowed: param.values.to_string(),
                });
            }
            let with = |product: &Params, value: &str| {
                let mut product = product.clone();
                product.set(param.name, value);
                product
            };
            products =
                products.iter().flat_map(|product| values.iter().map(|value| with(product, value))).collect();
        }
        Ok(products)
    }

    /// The parameters with their values, as shown in lists: `to=r|rw`.
    pub fn known(&self) -> String {
        let known: Vec<String> = self.params.iter().map(|p| format!("{}={}", p.name, p.values)).collect();
        if known.is_empty() { "none".into() } else { known.join(", ") }
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
    fn what_a_workload_does_not_have_is_refused_with_what_it_has() {
        for (workload, name, value) in [
            ("execve-noop", "env_pages", "33"),
            ("execve-noop", "env_pages", "04"),
            ("mprotect-storm", "to", "x"),
        ] {
            let result = products(workload, &[(name, &[value])]);
            assert!(matches!(result, Err(ParamError::Value { .. })), "{name}={value}");
        }
        let error = products("mprotect-storm", &[("speed", &["9"])]).unwrap_err().to_string();
        assert_eq!(error, "mprotect-storm has no parameter \"speed\"; it has to=r|rw");
    }

    #[test]
    fn usual_values_are_allowed() {
        for workload in crate::WORKLOADS {
            assert!(products(workload.info().name, &[]).is_ok(), "{}", workload.info().name);
        }
    }
}
