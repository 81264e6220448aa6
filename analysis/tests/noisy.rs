//! The Monte Carlo table of the method's documentation: how often the comparison of noisy
//! clocks gives a false alarm, and how often it finds a shift of twice the noise. The numbers
//! are synthetic, so the truth is known.

use hookbench_analysis::noisy::{ChangeVerdict, NoiseRule, compare};
use hookbench_analysis::random::Random;

/// A kind of noise. All deviations are fractions of the level.
struct Noise {
    about: &'static str,
    /// The deviation of single samples, log-normal.
    samples: f64,
    /// How many samples in a hundred are spikes of three to ten times the level.
    spikes: f64,
    /// The deviation of whole rounds, shared by both sides.
    shared: f64,
    /// The deviation of a cell within its round, not shared.
    own: f64,
    /// The drift from the first round to the last.
    drift: f64,
}

const NOISES: &[Noise] = &[
    Noise { about: "log-normal", samples: 0.05, spikes: 0.0, shared: 0.0, own: 0.0, drift: 0.0 },
    Noise { about: "with spikes", samples: 0.05, spikes: 5.0, shared: 0.0, own: 0.0, drift: 0.0 },
    Noise { about: "with drift", samples: 0.05, spikes: 2.0, shared: 0.0, own: 0.0, drift: 0.10 },
    Noise { about: "rounds differ", samples: 0.05, spikes: 2.0, shared: 0.05, own: 0.01, drift: 0.05 },
];

const ALARMS: f64 = 0.05;
const LEVEL: f64 = 10_000.0;

impl Noise {
    /// The deviation that interleaving does not cancel out.
    fn remaining(&self) -> f64 {
        self.samples.hypot(self.own)
    }

    /// Both sides, interleaved in the same rounds. The second costs more by `shift`.
    fn sides(&self, rounds: usize, samples: usize, shift: f64, random: &mut Random) -> [Vec<Vec<u64>>; 2] {
        let mut sides = [Vec::new(), Vec::new()];
        for number in 0..rounds {
            let along = number as f64 / rounds.max(2) as f64;
            let shared = (1.0 + self.drift * along) * (self.shared * random.normal()).exp();
            for (side, level) in sides.iter_mut().zip([LEVEL, LEVEL * (1.0 + shift)]) {
                let own = level * shared * (self.own * random.normal()).exp();
                side.push((0..samples).map(|_| self.sample(own, random)).collect());
            }
        }
        sides
    }

    fn sample(&self, level: f64, random: &mut Random) -> u64 {
        let spike = if random.fraction() * 100.0 < self.spikes { 3.0 + 7.0 * random.fraction() } else { 1.0 };
        (level * spike * (self.samples * random.normal()).exp()) as u64
    }

    /// The fraction of `trials` whose verdict satisfies `is`.
    fn rate(
        &self,
        case: (usize, usize, bool),
        shift: f64,
        trials: usize,
        is: fn(ChangeVerdict) -> bool,
    ) -> f64 {
        let (rounds, samples, paired) = case;
        let mut random = Random::new(rounds as u64 * 1000 + samples as u64);
        let hits = (0..trials).filter(|&trial| {
            let [base, new] = self.sides(rounds, samples, shift, &mut random);
            let seed = trial as u64;
            let rule = NoiseRule { false_alarms: ALARMS, least: 0.0, paired, resamples: 250, seed };
            is(compare(&base, &new, &rule))
        });
        hits.count() as f64 / trials as f64
    }
}

fn alarm(verdict: ChangeVerdict) -> bool {
    matches!(verdict, ChangeVerdict::Regressed | ChangeVerdict::Improved)
}

/// The number of trials per figure. 40 take some seconds without optimisation. The published
/// table was made with HOOKBENCH_TRIALS=1000.
fn trials() -> usize {
    std::env::var("HOOKBENCH_TRIALS").ok().and_then(|number| number.parse().ok()).unwrap_or(40)
}

/// The largest deviation of a rate by chance, in all but one of a thousand cases.
fn chance(trials: usize) -> f64 {
    3.1 * (0.05 * 0.95 / trials as f64).sqrt()
}

/// The smallest share of shifts of twice the noise that the comparison has to find. Three
/// rounds find fewer, which is why five are the default.
fn found_at_least(rounds: usize) -> f64 {
    if rounds < 5 { 0.90 } else { 0.95 }
}

#[test]
fn false_alarms_stay_below_the_stated_rate_and_shifts_are_found() {
    let trials = trials();
    println!("| noise | rounds | samples | paired | false alarms | shift of twice the noise found |");
    println!("| :--- | ---: | ---: | :--- | ---: | ---: |");
    for noise in NOISES {
        for case in [(3, 20, true), (3, 100, true), (5, 20, true), (10, 20, true), (5, 20, false)] {
            // An unpaired comparison cannot separate deviations of whole rounds from a change.
            if !case.2 && (noise.shared > 0.0 || noise.drift > 0.0) {
                continue;
            }
            let false_alarms = noise.rate(case, 0.0, trials, alarm);
            let found = noise.rate(case, 2.0 * noise.remaining(), trials, |v| v == ChangeVerdict::Regressed);
            let (rounds, samples, paired) = case;
            let (about, paired) = (noise.about, if paired { "yes" } else { "no" });
            println!(
                "| {about} | {rounds} | {samples} | {paired} | {:.1} % | {:.1} % |",
                100.0 * false_alarms,
                100.0 * found
            );
            assert!(false_alarms <= ALARMS + chance(trials), "{about} {case:?}: {false_alarms}");
            assert!(found >= found_at_least(case.0) - chance(trials), "{about} {case:?}: {found}");
        }
    }
}
