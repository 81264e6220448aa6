//! A logarithmic axis: turns values into pixels and labels ticks. There is one for
//! costs, from 1 up, and one for deviations, on both sides of 0.

/// The width of a tick's label, in pixels.
const TICK_ROOM: i32 = 38;

/// A horizontal axis between two pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The first pixel.
    pub left: i32,
    right: i32,
    low: f64,
    high: f64,
    /// Whether the axis shows 0: then a value is shown as log(1 + value).
    around_zero: bool,
}

impl Scale {
    /// From 1 to `high`.
    pub(super) fn costs(left: i32, right: i32, high: u64) -> Scale {
        Scale { left, right, low: 1.0, high: (high as f64).max(10.0), around_zero: false }
    }

    /// From `low` below 0 to `high` above it.
    pub(super) fn deviations(left: i32, right: i32, low: f64, high: f64) -> Scale {
        Scale { left, right, low: low.min(-10.0), high: high.max(10.0), around_zero: true }
    }

    /// The pixel of `value`; a value off the axis is at its end.
    pub(super) fn pixel(&self, value: f64) -> i32 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let share = (self.place(value) - low) / (high - low);
        self.left + (f64::from(self.right - self.left) * share.clamp(0.0, 1.0)).round() as i32
    }

    fn place(&self, value: f64) -> f64 {
        if self.around_zero { (1.0 + value.abs()).log10() * value.signum() } else { value.max(1.0).log10() }
    }

    /// The values with a line and a label: powers of ten, fewer where their labels
    /// would touch, and 0.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let decades = self.place(self.high) - self.place(self.low);
        let room = f64::from((self.right - self.left).max(TICK_ROOM)) / f64::from(TICK_ROOM);
        let step = (decades / room).ceil().max(1.0) as usize;
        let powers =
            |high: f64| (0..20).map(|exponent| 10f64.powi(exponent)).take_while(move |value| *value <= high);
        if !self.around_zero {
            return powers(self.high).step_by(step).map(|value| (value, label(value))).collect();
        }
        // The first step from 0 is 10; 1 would be too close to it.
        let up = powers(self.high).skip(1).step_by(step).map(|value| (value, format!("+{}", label(value))));
        let down =
            powers(-self.low).skip(1).step_by(step).map(|value| (-value, format!("-{}", label(value))));
        [(0.0, "0".to_string())].into_iter().chain(up).chain(down).collect()
    }
}

/// `10`, `1k`, `100M`: a power of ten, abbreviated.
fn label(value: f64) -> String {
    let units = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(size, _)| value >= *size);
    unit.map_or_else(|| value.to_string(), |(size, unit)| format!("{}{unit}", (value / size).round()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn decades_are_labelled_where_there_is_room() {
        assert_eq!(labels(Scale::costs(0, 400, 400_000)), ["1", "10", "100", "1k", "10k", "100k"]);
        assert!(labels(Scale::costs(0, 200, u64::MAX)).len() <= 6);
        assert_eq!(labels(Scale::deviations(0, 400, -20.0, 2_000.0)), ["0", "+10", "+100", "+1k", "-10"]);
    }

    #[test]
    fn every_value_is_on_the_axis() {
        let huge = u64::MAX as f64;
        for scale in [
            Scale::costs(10, 90, 0),
            Scale::costs(10, 90, u64::MAX),
            Scale::deviations(10, 90, 0.0, 0.0),
            Scale::deviations(10, 90, -huge, huge),
        ] {
            for value in [-huge, 0.0, 1.0, 1e6, huge] {
                assert!((10..=90).contains(&scale.pixel(value)));
            }
            assert!(scale.ticks().len() < 20);
        }
    }

    #[test]
    fn a_scale_keeps_the_order_of_values() {
        let scale = Scale::deviations(0, 400, -500.0, 2_000.0);
        let pixels = [-500.0, -3.0, 0.0, 5.0, 1_999.0].map(|value| scale.pixel(value));
        assert!(pixels.is_sorted() && pixels[0] == 0, "{pixels:?}");
    }
}
