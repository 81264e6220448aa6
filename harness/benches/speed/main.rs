//! The speed of hookbench itself. `cargo xtask perf` runs this program once per group of
//! figures, because each group needs a separate process to measure memory and CPU time.
//! It prints one `name value` per line. A table in `xtask` has the unit, the meaning and
//! the limit of each figure.

mod cells;
mod cost;
mod guest;
mod plans;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

fn main() -> ExitCode {
    // Cargo adds `--bench` by itself.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.first().map_or(Ok(()), |group| measure(group, words.get(1).map(String::as_str))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(group: &str, of: Option<&str>) -> Result<()> {
    match (group, of) {
        ("start", None) => guest::start(),
        ("boot", Some(kernel)) => guest::boot(kernel),
        ("rate", None) => cells::rate(),
        ("cells", Some(count)) => cells::many(count.parse().context("not a number of cells")?),
        ("plans", None) => plans::plans(),
        _ => bail!("no group of figures {group:?}"),
    }
}

/// Prints a figure.
fn say(name: &str, value: f64) {
    println!("{name} {value}");
}

/// The nearest-rank median, and the minimum.
fn median_and_least(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2], values[0])
}
