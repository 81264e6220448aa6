//! What a monitor adds: a cell compared with the same cell under `none`.

/// A cell's median compared with its baseline's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added {
    /// `p50(monitor) − p50(none)` in the clock's unit; negative if the operation became
    /// cheaper, as refused operations do.
    pub p50: i64,
    /// `p50(monitor) / p50(none)`.
    pub ratio: f64,
}

impl Added {
    /// Compares the median `p50` with the baseline's, `base`.
    pub fn new(p50: u64, base: u64) -> Added {
        let difference = i128::from(p50) - i128::from(base);
        let difference = difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Added { p50: difference, ratio: p50 as f64 / base as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_and_the_ratio_of_medians() {
        assert_eq!(Added::new(150, 100), Added { p50: 50, ratio: 1.5 });
        assert_eq!(Added::new(100, 100), Added { p50: 0, ratio: 1.0 });
        assert_eq!(Added::new(56, 95).p50, -39);
    }

    #[test]
    fn extreme_differences_are_clamped() {
        assert_eq!(Added::new(u64::MAX, 0).p50, i64::MAX);
        assert_eq!(Added::new(0, u64::MAX).p50, i64::MIN);
    }
}
