//! An axis: from values to pixels and to the labels of its ticks.

/// What a tick's label needs beside it, in pixels.
const TICK_ROOM: i32 = 58;

/// A horizontal axis between two pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The first pixel.
    pub left: i32,
    right: i32,
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    /// From 1 to `high`, logarithmic.
    pub(super) fn decades(left: i32, right: i32, high: u64) -> Scale {
        Scale { left, right, low: 1.0, high: (high as f64).max(10.0), logarithmic: true }
    }

    /// Just about `low` to `high`: linear, or logarithmic when they are far apart.
    pub(super) fn around(left: i32, right: i32, low: u64, high: u64) -> Scale {
        let (low, high) = ((low as f64).max(1.0), (high as f64).max(1.0));
        let logarithmic = high / low > 8.0;
        if logarithmic {
            return Scale { left, right, low: low * 0.9, high: high * 1.1, logarithmic };
        }
        let margin = ((high - low) * 0.05).max(high * 0.002).max(1.0);
        Scale { left, right, low: (low - margin).max(0.0), high: high + margin, logarithmic }
    }

    /// Whether the axis is logarithmic.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Where `value` stands; what is outside stands at the end.
    pub(super) fn pixel(&self, value: f64) -> i32 {
        let share = if self.logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.left + (f64::from(self.right - self.left) * share.clamp(0.0, 1.0)).round() as i32
    }

    /// The values that have a line and a label.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let room = ((self.right - self.left) / TICK_ROOM).max(2);
        let values = if self.logarithmic { self.log_ticks(room as usize) } else { self.linear_ticks(room) };
        values.into_iter().map(|value| (value, label(value))).collect()
    }

    /// Powers of ten, fewer where they would touch; with 2 and 5 where there is room.
    fn log_ticks(&self, room: usize) -> Vec<f64> {
        let exponents = self.low.log10().floor() as i32..=self.high.log10().floor() as i32;
        let within = |value: &f64| (self.low..=self.high).contains(value);
        let powers: Vec<f64> = exponents.map(|exponent| 10f64.powi(exponent)).collect();
        let fine: Vec<f64> = powers
            .iter()
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * power))
            .filter(within)
            .collect();
        if fine.len() <= room {
            return fine;
        }
        // Labels of powers are short (10k): they may stand closer.
        let powers: Vec<f64> = powers.into_iter().filter(within).collect();
        let step = powers.len().div_ceil(room * 3 / 2).max(1);
        powers.into_iter().step_by(step).collect()
    }

    fn linear_ticks(&self, room: i32) -> Vec<f64> {
        let rough = (self.high - self.low) / f64::from(room);
        let power = 10f64.powf(rough.log10().floor()).max(1.0);
        let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough).max(1.0);
        let first = (self.low / step).ceil();
        (0..room + 1).map(|n| (first + f64::from(n)) * step).filter(|value| *value <= self.high).collect()
    }
}

/// `20`, `1k`, `2.5M`: short where that is exact.
fn label(value: f64) -> String {
    for (size, unit) in [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        let share = value / size;
        if share >= 1.0 && (share * 10.0).fract() == 0.0 {
            return format!("{share}{unit}");
        }
    }
    crate::text::grouped(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn decades_are_labelled() {
        assert_eq!(labels(Scale::decades(0, 400, 400_000)), ["1", "10", "100", "1k", "10k", "100k"]);
        assert!(labels(Scale::decades(0, 200, u64::MAX)).len() <= 6);
    }

    #[test]
    fn a_narrow_range_is_linear_and_a_wide_one_is_not() {
        let narrow = Scale::around(0, 300, 109_000, 112_000);
        assert!(!narrow.is_logarithmic());
        assert_eq!(labels(narrow), ["109k", "110k", "111k", "112k"]);
        assert!(Scale::around(0, 300, 331, 400_000).is_logarithmic());
    }

    #[test]
    fn every_value_has_a_place_on_the_axis() {
        for scale in
            [Scale::decades(10, 90, 0), Scale::around(10, 90, 0, 0), Scale::around(10, 90, 7, u64::MAX)]
        {
            for value in [0.0, 1.0, 1e6, u64::MAX as f64] {
                assert!((10..=90).contains(&scale.pixel(value)));
            }
            assert!(scale.ticks().len() < 20);
        }
    }
}
