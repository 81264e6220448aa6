//! What parameters there are: a workload's or a monitor's own list of them, and
//! the check of what a plan gives.

use std::collections::BTreeMap;
use std::fmt;

use crate::Params;

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

/// A parameter that its owner does not have, or not with this value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParamError {
    /// No such parameter.
    #[error("{owner} has no parameter {name:?}; it has {known}")]
    Unknown {
        /// The workload or monitor.
        owner: String,
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such value.
    #[error("{owner} cannot have {name}={value}; it takes {allowed}")]
    Value {
        /// The workload or monitor.
        owner: String,
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it may be.
        allowed: String,
    },
}

/// Every product of the values in `given`, and of the usual ones of all that
/// `given` leaves out: the parameters of each cell that a plan makes.
///
/// # Errors
/// When a name or a value is none of the `owner`'s.
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
            product.set(info.name, value);
            product
        };
        products =
            products.iter().flat_map(|product| values.iter().map(|value| with(product, value))).collect();
    }
    Ok(products)
}

/// Parameters with their values, as shown in lists: `to=r|rw`.
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

    fn of(given: &[(&str, &[&str])]) -> Result<Vec<String>, ParamError> {
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let given = given.iter().map(|(name, values)| (name.to_string(), words(values))).collect();
        Ok(products("it", INFOS, &given)?.iter().map(Params::to_string).collect())
    }

    #[test]
    fn several_values_are_several_cells_and_the_rest_is_as_usual() {
        assert_eq!(of(&[]).unwrap(), ["rules=0 to=r", "rules=0 to=rw"]);
        assert_eq!(
            of(&[("rules", &["0", "32"]), ("to", &["r"])]).unwrap(),
            ["rules=0 to=r", "rules=32 to=r"]
        );
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        for (name, value) in [("rules", "33"), ("rules", "04"), ("to", "x")] {
            assert!(matches!(of(&[(name, &[value])]), Err(ParamError::Value { .. })), "{name}={value}");
        }
        let error = of(&[("speed", &["9"])]).unwrap_err().to_string();
        assert_eq!(error, "it has no parameter \"speed\"; it has rules=0..32, to=r|rw");
    }
}
