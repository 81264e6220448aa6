//! Properties of any bytes that hookbench reads and did not just write: one function per
//! format, which panics if the property does not hold. The tests of this crate call it
//! with the bytes of proptest and with the seeds of the fuzz targets; the fuzz targets
//! call it with the bytes of libFuzzer.

mod advice;
pub mod answer;
pub mod explanation;
pub mod journal;
pub mod kernel;
pub mod ledger;
pub mod lines;
pub mod memory;
pub mod object;
pub mod plan;
pub mod rules;
pub mod run;
pub mod samples;
pub mod scenario;
pub mod scripts;
pub mod symbols;
pub mod syscalls;
pub mod windows;
pub mod words;

/// A format and the property of its bytes. Its fuzz target and the folder of its seeds
/// have the same name.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name.
    pub name: &'static str,
    /// Panics if the property does not hold.
    pub holds: fn(&[u8]),
}

/// All formats.
pub const FORMATS: &[Format] = &[
    Format { name: "answer", holds: answer::holds },
    Format { name: "explanation", holds: explanation::holds },
    Format { name: "journal", holds: journal::holds },
    Format { name: "kernel", holds: kernel::holds },
    Format { name: "ledger", holds: ledger::holds },
    Format { name: "lines", holds: lines::holds },
    Format { name: "object", holds: object::holds },
    Format { name: "plan", holds: plan::holds },
    Format { name: "rules", holds: rules::holds },
    Format { name: "run", holds: run::holds },
    Format { name: "samples", holds: samples::holds },
    Format { name: "scenario", holds: scenario::holds },
    Format { name: "scripts", holds: scripts::holds },
    Format { name: "symbols", holds: symbols::holds },
    Format { name: "syscalls", holds: syscalls::holds },
    Format { name: "windows", holds: windows::holds },
    Format { name: "words", holds: words::holds },
];
