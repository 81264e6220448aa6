//! The parameters that a workload or a monitor has, and the check of the values in a plan.

use std::collections::BTreeMap;
use std::fmt;

use crate::Params;

/// A parameter of a workload or a monitor.
#[derive(Debug, Clone, Copy)]
pub struct ParamInfo {
    /// The name: `env_pages`.
    pub name: &'static str,
    /// The values that it can have.
    pub values: Values,
    /// The default values. A plan that gives no value makes a cell for each of them.
    pub usual: &'static [&'static str],
    /// A description of one line.
    pub about: &'static str,
}

/// The values that a parameter can have.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// An integer from the first to the last, inclusive.
    Range(u32, u32),
    /// Such an integer, or this word. A cell with the word does not have the parameter.
    Optional(&'static str, u32, u32),
}

/// The login uid of the process that makes the operations. Every workload has this parameter.
pub const LOGIN_UID: ParamInfo = ParamInfo {
    name: "auid",
    values: Values::Optional("unset", 0, u32::MAX - 1),
    usual: &["unset"],
    about: "login uid of the process that makes the operations",
};

/// The login uid that `params` give to the process that makes the operations. `None` leaves it as it is: unset, in
/// a guest.
pub fn login_uid(params: &Params) -> Option<u32> {
    params.get(LOGIN_UID.name)?.parse().ok()
}

/// Whether the monitor is detached again before the operations. Every monitor but `none` has this parameter, so no row
/// of a table lists it.
pub const PLACEBO: ParamInfo = ParamInfo {
    name: "placebo",
    values: Values::Words(&["no", "yes"]),
    usual: &["no"],
    about: "whether the monitor is detached again before the operations",
};

/// Whether `tuning`, the parameters of a monitor, makes its cell a placebo.
pub fn is_placebo(tuning: &Params) -> bool {
    tuning.get(PLACEBO.name) == Some("yes")
}

impl Values {
    /// Whether a parameter can have `value`.
    pub fn allow(&self, value: &str) -> bool {
        match self {
            Values::Words(words) => words.contains(&value),
            // Only the canonical form of a number, so equal cells have equal names.
            Values::Range(first, last) | Values::Optional(_, first, last) => {
                let number = value.parse::<u32>();
                let canonical =
                    |number: u32| (*first..=*last).contains(&number) && number.to_string() == value;
                number.is_ok_and(canonical) || self.is_absence(value)
            }
        }
    }

    /// Whether a cell with `value` does not have the parameter.
    fn is_absence(&self, value: &str) -> bool {
        matches!(self, Values::Optional(word, ..) if *word == value)
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Values::Words(words) => f.write_str(&words.join("|")),
            Values::Range(first, last) => write!(f, "{first}..{last}"),
            Values::Optional(word, first, last) => write!(f, "{word}|{first}..{last}"),
        }
    }
}

/// Why a parameter or its value is invalid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParamError {
    /// The workload or monitor does not have the parameter.
    #[error("unknown parameter {name:?} of {owner}; known parameters: {known}")]
    Unknown {
        /// The workload or monitor.
        owner: String,
        /// The given name.
        name: String,
        /// The parameters that exist.
        known: String,
    },
    /// The parameter cannot have the value.
    #[error("{owner} cannot have {name}={value}; it takes {allowed}")]
    Value {
        /// The workload or monitor.
        owner: String,
        /// The parameter.
        name: &'static str,
        /// The given value.
        value: String,
        /// The values that it can have.
        allowed: String,
    },
}

/// Returns the product of the values in `given` and the defaults of the other parameters: the
/// parameters of each cell that a plan makes.
///
/// # Errors
/// If `owner` does not have a parameter or a value.
pub fn products(
    owner: &str,
    infos: &[ParamInfo],
    given: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Params>, ParamError> {
    if let Some(name) = given.keys().find(|name| !infos.iter().any(|info| info.name == **name)) {
        return Err(ParamError::Unknown { owner: owner.into(), name: name.clone(), known: known(infos) });
    }
    let mut products = vec![Params::default()];
    for info in infos {
        let values: Vec<&str> = match given.get(info.name) {
            Some(values) => values.iter().map(String::as_str).collect(),
            None => info.usual.to_vec(),
        };
        if let Some(value) = values.iter().find(|value| !info.values.allow(value)) {
            return Err(ParamError::Value {
                owner: owner.into(),
                name: info.name,
                value: (*value).into(),
                allowed: info.values.to_string(),
            });
        }
        let with = |product: &Params, value: &str| {
            let mut product = product.clone();
            if !info.values.is_absence(value) {
                product.set(info.name, value);
            }
            product
        };
        products =
            products.iter().flat_map(|product| values.iter().map(|value| with(product, value))).collect();
    }
    Ok(products)
}

/// Lists the parameters with their values: `to=r|rw`.
pub fn known(infos: &[ParamInfo]) -> String {
    let known: Vec<String> = infos.iter().map(|info| format!("{}={}", info.name, info.values)).collect();
    if known.is_empty() { "none".into() } else { known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFOS: &[ParamInfo] = &[
        ParamInfo { name: "rules", values: Values::Range(0, 32), usual: &["0"], about: "" },
        ParamInfo { name: "to", values: Values::Words(&["r", "rw"]), usual: &["r", "rw"], about: "" },
    ];

    fn products_of(given: &[(&str, &[&str])]) -> Result<Vec<String>, ParamError> {
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let given = given.iter().map(|(name, values)| (name.to_string(), words(values))).collect();
        Ok(products("it", INFOS, &given)?.iter().map(Params::to_string).collect())
    }

    #[test]
    fn each_value_makes_a_cell_and_other_parameters_keep_their_defaults() {
        assert_eq!(products_of(&[]).unwrap(), ["rules=0 to=r", "rules=0 to=rw"]);
        assert_eq!(
            products_of(&[("rules", &["0", "32"]), ("to", &["r"])]).unwrap(),
            ["rules=0 to=r", "rules=32 to=r"]
        );
    }

    #[test]
    fn a_cell_without_a_login_uid_does_not_have_the_parameter() {
        let products_of = |values: &[&str]| {
            let values = values.iter().map(|value| value.to_string()).collect();
            products("it", &[LOGIN_UID], &BTreeMap::from([("auid".to_string(), values)]))
        };
        assert_eq!(products("it", &[LOGIN_UID], &BTreeMap::new()).unwrap(), [Params::default()]);
        let both = products_of(&["unset", "1000"]).unwrap();
        assert_eq!(both.iter().map(login_uid).collect::<Vec<_>>(), [None, Some(1000)]);
        assert_eq!(both.iter().map(Params::to_string).collect::<Vec<_>>(), ["", "auid=1000"]);
        for wrong in ["4294967295", "-1", "01000", "alice"] {
            let error = products_of(&[wrong]).unwrap_err().to_string();
            assert!(error.ends_with("it takes unset|0..4294967294"), "{error}");
        }
    }

    #[test]
    fn an_error_about_a_parameter_lists_the_valid_ones() {
        for (name, value) in [("rules", "33"), ("rules", "04"), ("to", "x")] {
            assert!(
                matches!(products_of(&[(name, &[value])]), Err(ParamError::Value { .. })),
                "{name}={value}"
            );
        }
        let error = products_of(&[("speed", &["9"])]).unwrap_err().to_string();
        assert_eq!(error, "unknown parameter \"speed\" of it; known parameters: rules=0..32, to=r|rw");
    }
}
