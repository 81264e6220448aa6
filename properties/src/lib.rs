//! What holds for any bytes that hookbench reads and did not write just before:
//! a function per format, which panics where it does not hold. The tests of this
//! crate call them with proptest's bytes and with the seeds of the fuzz targets,
//! the fuzz targets with libFuzzer's.

pub mod answer;
pub mod journal;
pub mod kernel;
pub mod ledger;
pub mod lines;
pub mod memory;
pub mod run;
pub mod samples;
pub mod syscalls;
pub mod words;

/// A format: its name, which its fuzz target and the folder of its seeds have,
/// and what holds for its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name.
    pub name: &'static str,
    /// Panics where the property does not hold.
    pub holds: fn(&[u8]),
}

/// All formats but `plan`, which is the harness's: nothing imports that.
pub const FORMATS: &[Format] = &[
    Format { name: "answer", holds: answer::holds },
    Format { name: "journal", holds: journal::holds },
    Format { name: "kernel", holds: kernel::holds },
    Format { name: "ledger", holds: ledger::holds },
    Format { name: "lines", holds: lines::holds },
    Format { name: "run", holds: run::holds },
    Format { name: "samples", holds: samples::holds },
    Format { name: "syscalls", holds: syscalls::holds },
    Format { name: "words", holds: words::holds },
];
