//! Quantiles of Student's t distribution and of the normal distribution, from closed forms.
//! They are as precise as the intervals of noisy clocks need.

/// Returns where the upper tail of the normal distribution is `tail`, to three decimals. A t
/// distribution with 2,000 degrees of freedom is that close to it.
pub(crate) fn normal_quantile(tail: f64) -> f64 {
    students_t(tail, 2000)
}

/// Returns where the upper tail of Student's t distribution with `freedom` degrees of freedom
/// is `tail`, which is at most one half.
pub(crate) fn students_t(tail: f64, freedom: usize) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1e7_f64);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle, freedom) > tail { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Returns the upper tail of Student's t distribution from its finite sums (Abramowitz and
/// Stegun 26.7.3 and 26.7.4), which are exact for integer degrees of freedom.
fn upper_tail(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let cosine = angle.cos().powi(2);
    let (mut term, mut sum) = (1.0, 0.0);
    let odd = freedom % 2;
    for step in 0..freedom / 2 {
        sum += term;
        let (above, below) =
            if odd == 1 { (2 * step + 2, 2 * step + 3) } else { (2 * step + 1, 2 * step + 2) };
        term *= cosine * above as f64 / below as f64;
        if term < 1e-18 {
            break;
        }
    }
    let inside = if odd == 1 {
        std::f64::consts::FRAC_2_PI * (angle + angle.sin() * angle.cos() * sum)
    } else {
        angle.sin() * sum
    };
    (1.0 - inside) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_match_the_published_tables() {
        for (tail, freedom, known) in
            [(0.025, 1, 12.706), (0.025, 2, 4.303), (0.005, 4, 4.604), (0.05, 9, 1.833), (0.025, 30, 2.042)]
        {
            assert!((students_t(tail, freedom) - known).abs() < 1e-3, "{tail} {freedom}");
        }
        assert!((normal_quantile(0.025) - 1.95996).abs() < 2e-3);
    }
}
