//! The agent: PID 1 of a guest (`guest.rs`), or a child of hookbench on the host (`host/`). This file reads the
//! arguments and says which.

use std::process::ExitCode;

mod arch;
mod boot;
mod cell;
mod channel;
mod clock;
mod descriptors;
mod fault;
mod guest;
mod host;
mod no_number;
mod process;
mod program;
mod refusal;
mod shared_memory;
mod stage;
mod wrapped;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--made-by"] => {
            println!("{}\n{}", hookbench_probes::attach::BPF_COMPILER, env!("HOOKBENCH_RUSTC"));
            ExitCode::SUCCESS
        }
        ["--host", parent] => host::run(parent.parse().unwrap_or_default()),
        ["--settle", ledger] => host::settle::run(ledger),
        ["--probe"] => host::probe::run(),
        _ if std::process::id() == 1 => guest::run(),
        _ => {
            eprintln!("hookbench-agent: only runs as PID 1 of a guest; run `hookbench` instead");
            ExitCode::from(2)
        }
    }
}
