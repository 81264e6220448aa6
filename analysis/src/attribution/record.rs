//! The division of a cell's operations as a record for its measurement.

use hookbench_model::{Attribution, Share};

use super::split::Split;

/// Sums up `splits`; `None` without operations. Medians are nearest ranks: values of an operation.
#[must_use]
pub fn record(splits: &[Split]) -> Option<Attribution> {
    let direct = sorted(splits, |split| split.direct);
    let (direct_min, direct_max) = (*direct.first()?, *direct.last()?);
    let direct_p50 = median(&direct)?;
    let exactly = direct.iter().filter(|value| **value == direct_p50).count();
    let count = |operations: usize| u32::try_from(operations).unwrap_or(u32::MAX);
    let median_of = |part: fn(&Split) -> i64| median(&sorted(splits, part));
    Some(Attribution {
        direct_p50,
        direct_share: Share { operations: count(exactly), of: count(splits.len()) },
        direct_min,
        direct_max,
        avoided_p50: median_of(|split| split.avoided)?,
        indirect_p50: median_of(|split| split.indirect)?,
        interrupts_p50: median_of(|split| split.interrupts)?,
    })
}

fn sorted(splits: &[Split], part: impl Fn(&Split) -> i64) -> Vec<i64> {
    let mut values: Vec<i64> = splits.iter().map(part).collect();
    values.sort_unstable();
    values
}

fn median(sorted: &[i64]) -> Option<i64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_values_of_operations_and_the_share_counts_equal_ones() {
        let split = |direct, indirect| Split { direct, indirect, ..Split::default() };
        let record = record(&[split(7, -5), split(3, 1), split(7, 2), split(9, 3)]).unwrap();
        assert_eq!((record.direct_p50, record.direct_min, record.direct_max), (7, 3, 9));
        assert_eq!(record.direct_share, Share { operations: 2, of: 4 });
        assert_eq!((record.indirect_p50, record.avoided_p50), (1, 0));
    }

    #[test]
    fn without_operations_there_is_no_record() {
        assert_eq!(record(&[]), None);
    }
}
