//! What a workload says of itself, and the check of the parameters it is given.

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
    /// What it is when it is not given.
    pub default: &'static str,
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
    /// `given` with the defaults of all that it leaves out.
    ///
    /// # Errors
    /// When a name or a value is none of this workload's.
    pub fn complete(&self, given: &Params) -> Result<Params, ParamError> {
        if let Some((name, _)) = given.iter().find(|(name, _)| !self.params.iter().any(|p| p.name == *name)) {
            return Err(ParamError::Unknown { workload: self.name, name: name.into(), known: self.known() });
        }
        let mut complete = Params::default();
        for param in self.params {
            let value = given.get(param.name).unwrap_or(param.default);
            if !param.values.allow(value) {
                return Err(ParamError::Value {
                    workload: self.name,
                    name: param.name,
                    value: value.into(),
                    allowed: param.values.to_string(),
                });
            }
            complete.set(param.name, value);
        }
        Ok(complete)
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

    fn complete(workload: &str, given: &str) -> Result<String, ParamError> {
        find(workload).unwrap().info().complete(&given.parse().unwrap()).map(|params| params.to_string())
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        assert_eq!(complete("execve-noop", "").unwrap(), "env_pages=0 ld_preload=ignored");
        assert_eq!(complete("execve-noop", "env_pages=32").unwrap(), "env_pages=32 ld_preload=ignored");
        assert_eq!(complete("null-syscall", "").unwrap(), "");
    }

    #[test]
    fn what_a_workload_does_not_have_is_refused_with_what_it_has() {
        for (workload, given) in
            [("execve-noop", "env_pages=33"), ("execve-noop", "env_pages=04"), ("mprotect-storm", "to=x")]
        {
            assert!(matches!(complete(workload, given), Err(ParamError::Value { .. })), "{given}");
        }
        let error = complete("mprotect-storm", "speed=9").unwrap_err().to_string();
        assert_eq!(error, "mprotect-storm has no parameter \"speed\"; it has to=r|rw");
    }

    #[test]
    fn defaults_are_allowed() {
        for workload in crate::WORKLOADS {
            assert!(workload.info().complete(&Params::default()).is_ok(), "{}", workload.info().name);
        }
    }
}
