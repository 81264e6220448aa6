//! What a monitor adds: each cell beside the same cell under `none`.

/// A cell's median beside that of its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added {
    /// `p50(monitor) − p50(none)` in the clock's unit; negative when the
    /// operation became cheaper, as a refused one does.
    pub p50: i64,
    /// `p50(monitor) / p50(none)`.
    pub ratio: f64,
}

impl Added {
    /// What a median of `own` adds to one of `base`.
    pub fn between(own: u64, base: u64) -> Added {
        let difference = i128::from(own) - i128::from(base);
        let p50 = difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Added { p50, ratio: own as f64 / base as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_is_the_difference_of_medians() {
        assert_eq!(Added::between(150, 100), Added { p50: 50, ratio: 1.5 });
        assert_eq!(Added::between(100, 100), Added { p50: 0, ratio: 1.0 });
        assert_eq!(Added::between(56, 95).p50, -39);
    }

    #[test]
    fn what_no_clock_counts_is_bounded() {
        assert_eq!(Added::between(u64::MAX, 0).p50, i64::MAX);
        assert_eq!(Added::between(0, u64::MAX).p50, i64::MIN);
    }
}
