//! Divides the cost of cells by call path, until `hookbench run` does:
//!
//! ```text
//! cargo run --example attribute -- '6.12/tcg/execve-noop[env_pages=0 ld_preload=ignored]/paced/kprobe+count'
//! ```
//!
//! It prints the most frequent direct cost of each cell, the medians of the other parts, and the functions of one
//! operation with that direct cost.

use std::time::Instant;

use anyhow::{Context, Result};
use hookbench::run::runner::spec;
use hookbench::session::guests::{ExactOptions, ExactSession, Needs, Provisions};
use hookbench_analysis::attribution::{Baseline, DirectCost, Split};
use hookbench_model::Cell;
use hookbench_plan::Planned;

/// Operations under `none`, and of each cell.
const OF_BASELINE: u32 = 400;
const OPERATIONS: u32 = 100;
/// Untimed operations before them.
const WARMUP: u32 = 20;
/// How many functions are shown.
const FUNCTIONS: usize = 20;

fn main() -> Result<()> {
    let cells = std::env::args().skip(1).map(|cell| Ok(cell.parse()?)).collect::<Result<Vec<Cell>>>()?;
    let kernels: std::collections::BTreeSet<String> = cells.iter().map(|cell| cell.kernel.clone()).collect();
    let least = kernels.len();
    let needs =
        Needs { kernels: kernels.into_iter().collect(), least, cells: cells.clone(), ..Needs::default() };
    let provisions = Provisions::fetch(needs, &|message| eprintln!("{message}"))?;
    let session = ExactSession::open(provisions, ExactOptions::default())?;
    for cell in cells {
        show(&session, &cell).with_context(|| format!("failed to attribute {cell}"))?;
    }
    Ok(())
}

fn show(session: &ExactSession, cell: &Cell) -> Result<()> {
    let attribute = |cell: &Cell, samples| {
        let planned = Planned { cell: cell.clone(), samples, warmup: WARMUP };
        session.attribute(cell, &spec(&planned, None))
    };
    let baseline = Baseline::new(&attribute(&cell.baseline(), OF_BASELINE)?.profile())?;
    let begin = Instant::now();
    let splits = baseline.split(&attribute(cell, OPERATIONS)?.profile());
    let took = begin.elapsed();
    let cost = DirectCost::of(&splits).context("no operations")?;
    println!(
        "{cell}: direct {} in {} of {} operations, avoided {}, interrupts {}, indirect {} ({took:.1?})",
        cost.value,
        cost.operations,
        cost.of,
        median(&splits, |split| split.avoided),
        median(&splits, |split| split.interrupts),
        median(&splits, |split| split.indirect),
    );
    let usual = splits.iter().find(|split| split.direct == cost.value).context("no operations")?;
    let mut functions: Vec<_> = usual.by_function.iter().collect();
    functions.sort_by_key(|(_, instructions)| -instructions.abs());
    for ((part, name), instructions) in functions.into_iter().take(FUNCTIONS) {
        println!("  {instructions:>7} {name} ({part:?})");
    }
    Ok(())
}

fn median(splits: &[Split], part: fn(&Split) -> i64) -> i64 {
    let mut all: Vec<i64> = splits.iter().map(part).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}
