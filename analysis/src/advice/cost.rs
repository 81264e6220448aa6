//! What a policy costs an operation that it lets through, and how much it may cost.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::gate::Bound;

/// The cost of a policy for an operation that it lets through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The hook: the instructions that the policy itself executes, the median.
    pub instructions: i64,
    /// The instructions of the operation under `none`, the median.
    pub operation: u64,
    /// The hook in percent of the operation; `None` if that has no instructions.
    pub percent: Option<f64>,
    /// What changed elsewhere, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side_effects: Option<i64>,
    /// What was measured.
    pub of: CostOf,
    /// Whether the policy may cost more, because it has more hooks or a longer list than what was measured.
    pub at_least: bool,
    /// The cell that says so; of the sum of two costs, both cells.
    pub cells: Vec<String>,
}

/// What a cost is the cost of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostOf {
    /// The monitor with the same mechanism and sink.
    Monitor,
    /// The policy itself.
    Policy,
}

impl Cost {
    /// The cost of a hook for an operation.
    pub fn new(
        instructions: i64,
        operation: u64,
        of: CostOf,
        cells: impl IntoIterator<Item = String>,
    ) -> Cost {
        let percent = (operation > 0).then(|| instructions as f64 / operation as f64 * 100.0);
        let cells = cells.into_iter().collect();
        Cost { instructions, operation, percent, side_effects: None, of, at_least: false, cells }
    }
}

/// Something that knows costs of policies.
pub trait CostSource {
    /// What `policy` costs on `kernel` for operations that it lets through for `scenario`, the largest cost first; empty
    /// if that was not measured.
    fn costs(&self, kernel: &str, scenario: &str, policy: &str) -> Vec<Cost>;
}

/// The largest cost that a policy may have: a percentage of the operation, or a number of instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxCost(Bound);

/// Whether a cost fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is not larger.
    Fits,
    /// It is larger.
    Exceeds,
    /// It was not measured, or only a part of it that would fit.
    Unknown,
}

/// The unit of a cost.
const UNIT: &str = "instructions";

impl MaxCost {
    /// The cost that counts of `costs`: the first that is too large, or else the first.
    pub(super) fn worst(most: Option<&MaxCost>, costs: Vec<Cost>) -> Option<Cost> {
        let exceeds = |cost: &Cost| most.is_some_and(|most| most.fit(Some(cost)) == Fit::Exceeds);
        let place = costs.iter().position(exceeds).unwrap_or(0);
        costs.into_iter().nth(place)
    }

    /// Whether `cost` fits.
    pub fn fit(&self, cost: Option<&Cost>) -> Fit {
        let Some(cost) = cost else { return Fit::Unknown };
        let hook = u64::try_from(cost.instructions).unwrap_or(0);
        match (self.0.is_exceeded(hook, cost.operation), cost.at_least) {
            (true, _) => Fit::Exceeds,
            (false, true) => Fit::Unknown,
            (false, false) => Fit::Fits,
        }
    }
}

impl fmt::Display for MaxCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for MaxCost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is not a cost.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cost: {0:?}; expected PERCENT% of an operation or a number of instructions, as in 2% or 500")]
pub struct NotACost(String);

impl FromStr for MaxCost {
    type Err = NotACost;

    fn from_str(text: &str) -> Result<MaxCost, NotACost> {
        let error = || NotACost(text.chars().take(80).collect());
        let trimmed = text.trim();
        if let Some(percent) = trimmed.strip_suffix('%') {
            return percent
                .trim_end()
                .parse()
                .map(|percent| MaxCost(Bound::Percent(percent)))
                .map_err(|()| error());
        }
        let number = trimmed.strip_suffix(UNIT).unwrap_or(trimmed).trim_end();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_number).ok_or_else(error)?;
        Ok(MaxCost(Bound::Absolute { number, unit: UNIT.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_largest_cost_is_a_percentage_or_a_number_of_instructions() {
        let shown = |text: &str| text.parse::<MaxCost>().map(|cost| cost.to_string());
        assert_eq!(shown("2%"), Ok("2%".into()));
        assert_eq!(shown("0.5 %"), Ok("0.5%".into()));
        for text in ["500", "500 instructions"] {
            assert_eq!(shown(text), Ok("500 instructions".into()));
        }
        for text in ["", "%", "-5", "5 cycles", "five", "1e3", "instructions"] {
            let error = shown(text).unwrap_err().to_string();
            assert!(error.contains("2% or 500"), "{text}: {error}");
        }
    }

    #[test]
    fn of_several_costs_the_first_counts_unless_another_is_too_large() {
        let costs = || {
            [(300, 100_000), (200, 1_000)].map(|(hook, of)| Cost::new(hook, of, CostOf::Policy, None)).into()
        };
        let worst = |most: Option<&str>| {
            let most: Option<MaxCost> = most.map(|text| text.parse().unwrap());
            MaxCost::worst(most.as_ref(), costs()).unwrap().instructions
        };
        assert_eq!([None, Some("2%"), Some("250"), Some("30%")].map(worst), [300, 200, 300, 300]);
        assert_eq!(MaxCost::worst(None, Vec::new()), None);
    }

    #[test]
    fn a_cost_equal_to_the_largest_fits_and_one_that_is_not_known_does_not() {
        let cost = |instructions| Cost::new(instructions, 10_000, CostOf::Policy, None);
        for limit in ["2%", "200"] {
            let limit: MaxCost = limit.parse().unwrap();
            assert_eq!(
                [200, 201, -5].map(|hook| limit.fit(Some(&cost(hook)))),
                [Fit::Fits, Fit::Exceeds, Fit::Fits]
            );
            assert_eq!(limit.fit(None), Fit::Unknown);
            let part = |instructions| Cost { at_least: true, ..cost(instructions) };
            assert_eq!([200, 201].map(|hook| limit.fit(Some(&part(hook)))), [Fit::Unknown, Fit::Exceeds]);
        }
    }
}
