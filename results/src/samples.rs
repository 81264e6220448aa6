//! The samples of a run as one file: compressed CSV with a line per sample. A cell is a
//! number, `7`, and the samples of its secondary clocks are `7.1`, `7.2`. Where the file is
//! stored is the business of `store.rs`.
//!
//! A file may contain any bytes, and a few can unpack into more than a machine's memory, so
//! reading is bounded everywhere.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::Run;
use hookbench_model::Outcome;

/// The largest number of samples of a cell.
pub const MOST: usize = 100_000;

/// The compression level. It is fixed, so equal runs have equal files.
const LEVEL: i32 = 9;
/// The largest window that a file may require: 2^23 bytes. That of [`LEVEL`] is smaller.
const WINDOW_LOG: u32 = 23;
const HEADER: &str = "cell,value";
/// Three numbers of 20 digits, a dot, a comma and the end of the line.
const LONGEST_LINE: u64 = 63;

/// One line of the file.
#[derive(Debug, Serialize)]
struct SampleLine {
    /// The index of the measurement in the run. After a dot follows the number of a secondary
    /// clock, from 1.
    cell: String,
    /// The sample, in the clock's unit.
    value: u64,
}

/// Packs the samples of `run` for [`unpack`].
///
/// # Errors
/// If the compression fails, for example without memory.
pub fn pack(run: &Run) -> Result<Vec<u8>> {
    let encoder = zstd::Encoder::new(Vec::new(), LEVEL).context("failed to start the compression")?;
    let mut rows = csv::Writer::from_writer(encoder);
    for (cell, measurement) in run.measurements.iter().enumerate() {
        let Some(measured) = measurement.measured() else { continue };
        let others = measured.others.iter().zip(1..);
        let others = others.map(|(other, number)| (format!("{cell}.{number}"), &other.samples));
        for (cell, samples) in std::iter::once((cell.to_string(), &measured.samples)).chain(others) {
            for &value in samples {
                let row = SampleLine { cell: cell.clone(), value };
                rows.serialize(row).context("failed to render a sample")?;
            }
        }
    }
    let encoder =
        rows.into_inner().map_err(|error| error.into_error()).context("failed to compress samples")?;
    encoder.finish().context("failed to compress samples")
}

/// Adds the samples in `packed`, written by [`pack`], to `run`.
///
/// # Errors
/// If the bytes are damaged, or contain samples of a cell without numbers or more than
/// [`MOST`] samples of a cell.
pub fn unpack(packed: impl Read, run: &mut Run) -> Result<()> {
    let mut packed = BufReader::new(packed);
    // zstd accepts input without a single frame.
    ensure!(!packed.fill_buf()?.is_empty(), "the file is empty");
    let mut decoder = zstd::Decoder::with_buffer(packed)?;
    decoder.window_log_max(WINDOW_LOG)?;
    let mut lines = BufReader::new(decoder);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n") {
            Some(header) if number == 1 && header == HEADER.as_bytes() => {}
            Some(row) if number > 1 => add_sample(row, run).with_context(|| format!("line {number}"))?,
            None if line.is_empty() => break,
            _ => bail!("line {number} is neither {HEADER:?} nor a sample"),
        }
    }
    Ok(())
}

/// Adds the sample of a line to its cell.
fn add_sample(row: &[u8], run: &mut Run) -> Result<()> {
    let row = std::str::from_utf8(row)?;
    let (cell, value) = row.split_once(',').context("expected a cell and a sample, separated by a comma")?;
    let (cell, other) = match cell.split_once('.') {
        Some((cell, other)) => (cell, Some(other.parse::<usize>()?)),
        None => (cell, None),
    };
    let (cell, value): (usize, u64) = (cell.parse()?, value.parse()?);
    let samples = match run.measurements.get_mut(cell).map(|measurement| &mut measurement.outcome) {
        Some(Outcome::Measured(measured)) => match other {
            None => Some(&mut measured.samples),
            Some(number) => {
                let place = number.checked_sub(1).and_then(|place| measured.others.get_mut(place));
                place.map(|other| &mut other.samples)
            }
        },
        _ => bail!("a sample belongs to cell {cell}, which has no numbers"),
    };
    match samples {
        Some(samples) if samples.len() < MOST => samples.push(value),
        Some(_) => bail!("cell {cell} has more than {MOST} samples"),
        None => bail!("a sample belongs to a clock that cell {cell} does not have"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use hookbench_model::{Cell, Clock, ClockSamples, Measured, Measurement, MonitorName, Schedule, Target};
    use proptest::prelude::*;

    fn run(cells: &[&[u64]]) -> Run {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            boot: Default::default(),
            workload: "null-syscall".into(),
            params: Default::default(),
            schedule: Schedule::Paced,
            monitor: MonitorName::none(),
            tuning: Default::default(),
        };
        let measured = |samples: &[u64]| Measurement {
            cell: cell.clone(),
            clock: Clock::Instructions,
            history: None,
            outcome: Outcome::Measured(Measured { samples: samples.into(), ..Default::default() }),
        };
        let measurements = cells.iter().map(|samples| measured(samples)).collect();
        Run {
            schema: 1,
            plan: "test".into(),
            shard: None,
            environment: Environment::default(),
            measurements,
            scenarios: Vec::new(),
        }
    }

    /// The error for a file that unpacks into `text`.
    fn text_error(text: &[u8]) -> String {
        file_error(&zstd::encode_all(text, LEVEL).unwrap())
    }

    /// The error for a packed file.
    fn file_error(packed: &[u8]) -> String {
        format!("{:#}", unpack(packed, &mut run(&[&[]])).unwrap_err())
    }

    #[test]
    fn too_many_samples_are_refused_while_reading() {
        let bomb = format!("{HEADER}\n{}", "0,1\n".repeat(50 * MOST));
        assert!(zstd::encode_all(bomb.as_bytes(), LEVEL).unwrap().len() < 2000);
        assert!(text_error(bomb.as_bytes()).contains("more than 100000 samples"));
    }

    #[test]
    fn an_endless_line_is_refused_while_reading() {
        let endless = format!("{HEADER}\n0,{}", "1".repeat(1 << 20));
        assert!(text_error(endless.as_bytes()).contains("line 2 is neither"));
    }

    #[test]
    fn a_window_of_a_gigabyte_is_refused() {
        // A frame with a window of 2^30 bytes and an empty last block.
        let frame = b"\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00";
        assert!(file_error(frame).contains("too much memory"), "{}", file_error(frame));
    }

    #[test]
    fn an_empty_file_differs_from_a_run_without_samples() {
        assert!(file_error(b"").contains("the file is empty"));
        unpack(&pack(&run(&[])).unwrap()[..], &mut run(&[])).unwrap();
    }

    #[test]
    fn an_invalid_sample_is_reported_with_its_line() {
        assert!(text_error(b"value,cell\n").contains("line 1"));
        assert!(text_error(b"cell,value\n0,1\n0,one\n").contains("line 3"));
        assert!(text_error(b"cell,value\n1,1\n").contains("cell 1, which has no numbers"));
        assert!(text_error(b"cell,value\n0,1\n0,2").contains("line 3"));
        assert!(text_error(b"cell,value\n0.0,1\n").contains("a clock that cell 0 does not have"));
        assert!(text_error(b"cell,value\n0.1,1\n").contains("a clock that cell 0 does not have"));
    }

    proptest! {
        #[test]
        fn packing_and_unpacking_keeps_all_samples(
            cells in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..9), 0..5)
        ) {
            let mut run = run(&cells.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let mut empty = run.clone();
            for (whole, empty) in run.measurements.iter_mut().zip(&mut empty.measurements) {
                let Outcome::Measured(measured) = &mut whole.outcome else { continue };
                let samples = measured.samples.iter().rev().copied().collect();
                measured.others = vec![ClockSamples::default(), ClockSamples { samples, ..Default::default() }];
                let others = vec![ClockSamples::default(); 2];
                empty.outcome = Outcome::Measured(Measured { others, ..Measured::default() });
            }
            unpack(&pack(&run).unwrap()[..], &mut empty).unwrap();
            prop_assert_eq!(empty, run);
        }
    }
}
