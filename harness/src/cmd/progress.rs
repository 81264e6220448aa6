//! Progress: one bar per phase on a terminal, plain lines elsewhere. It goes to standard
//! error, because standard output is for results.

use std::fmt::Display;
use std::io::IsTerminal;
use std::time::Duration;

use hookbench_analysis::Summary;
use hookbench_model::Measurement;
use hookbench_reports::text::one_line;
use indicatif::{ProgressBar, ProgressStyle};

use super::say;

/// One phase of a run.
pub struct Progress {
    /// `None` if standard error is not a terminal.
    bar: Option<ProgressBar>,
    done: usize,
    of: usize,
}

impl Progress {
    /// Begins a phase of `of` steps; 0 means an unknown number.
    pub fn begin(phase: &str, of: usize) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = if of == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(of as u64) };
            let template = if of == 0 {
                "{prefix:>8} {spinner} {wide_msg}"
            } else {
                "{prefix:>8} [{bar:24}] {pos}/{len} {eta} {wide_msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(phase.to_string());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Progress { bar, done: 0, of }
    }

    /// Begins a phase of `of` steps that prints plain lines, even on a terminal.
    pub fn plain(of: usize) -> Progress {
        Progress { bar: None, done: 0, of }
    }

    /// Shows `message` as the current activity.
    pub fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(message.to_string()),
            None => say::aside(message),
        }
    }

    /// Shows that `cell` has begun.
    pub fn begun(&self, cell: &dyn Display) {
        if let Some(bar) = &self.bar {
            bar.set_message(one_line(&cell.to_string()));
        }
    }

    /// Shows that a cell has ended. Cells without a number stay on the screen.
    pub fn ended(&mut self, measurement: &Measurement, took: Duration) {
        let stays = measurement.measured().is_none_or(|measured| !measured.caveats.is_empty());
        self.ended_with(&measurement.cell, &describe(measurement), stays, took);
    }

    /// Shows that `cell` has ended, and how. If it `stays`, it stays on the screen.
    pub fn ended_with(&mut self, cell: &dyn Display, how: &str, stays: bool, took: Duration) {
        self.done += 1;
        // The path of a kernel or text from a guest may contain escape sequences.
        let line = one_line(&format!("{cell} {how}"));
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                if stays {
                    bar.println(&line);
                }
            }
            None => say::aside(&format!("[{}/{}] {line} ({:.1} s)", self.done, self.of, took.as_secs_f64())),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn describe(measurement: &Measurement) -> String {
    let median = measurement.measured().and_then(|measured| Summary::from_samples(&measured.samples));
    match median {
        Some(summary) => {
            let number = format!("{} {}", summary.p50, measurement.clock.unit());
            match measurement.outcome.reason() {
                plain if plain.is_empty() => number,
                reason => format!("{number}, {}: {reason}", measurement.outcome.word()),
            }
        }
        None => format!("{}: {}", measurement.outcome.word(), measurement.outcome.reason()),
    }
}
