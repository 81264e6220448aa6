//! The explanations that a run kept.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use hookbench_analysis::attribution::{Explanation, explanation};
use hookbench_model::{Cell, Params};
use hookbench_results::{Run, attachments, store};

use crate::baseline;
use crate::cmd::usage;

/// How many similar cells an error lists.
const SIMILAR: usize = 10;

/// The explanation of the cell called `name` in the run `run`.
///
/// # Errors
/// A usage error when there is no such run or cell, or the run did not keep the cell's explanation.
pub(super) fn explanation(run: &str, name: &str) -> Result<Explanation> {
    let folder = baseline::locate(run).map_err(usage)?;
    let measured =
        store::load(&folder).with_context(|| format!("failed to read the run in {}", folder.display()))?;
    let cell = find(&measured, name).map_err(usage)?;
    read(&folder, cell)?.ok_or_else(|| {
        usage(anyhow!("the run in {} kept no explanation of {cell}; leave out --run to measure it", folder.display()))
    })
}

/// The kept explanation of `cell` in the run's folder `folder`; `None` if there is none.
///
/// # Errors
/// When the file cannot be read, or is not an explanation of the cell.
pub(super) fn read(folder: &Path, cell: &Cell) -> Result<Option<Explanation>> {
    let Some(attachment) = attachments::read(folder, cell, explanation::KIND)? else { return Ok(None) };
    let failed = || format!("failed to read the explanation of {cell} in {}", folder.display());
    let found = explanation::read(attachment.bytes()).with_context(failed)?;
    ensure!(found.cell == *cell, "{}: it explains {}", failed(), found.cell);
    Ok(Some(found))
}

/// The cell called `name` in `run`. The name may leave out parameters if one cell has all the others.
fn find<'r>(run: &'r Run, name: &str) -> Result<&'r Cell> {
    let wanted: Cell = name.parse()?;
    let cells = || run.measurements.iter().map(|measurement| &measurement.cell);
    if let Some(cell) = cells().find(|cell| **cell == wanted) {
        return Ok(cell);
    }
    let same = |cell: &&Cell| {
        let bare = Cell { params: wanted.params.clone(), ..(*cell).clone() };
        bare == wanted && has_all(&cell.params, &wanted.params)
    };
    let mut fitting = cells().filter(same);
    if let (Some(cell), None) = (fitting.next(), fitting.next()) {
        return Ok(cell);
    }
    let is_similar = |cell: &&Cell| cell.workload == wanted.workload && cell.monitor == wanted.monitor;
    let similar: Vec<String> = cells().filter(is_similar).take(SIMILAR).map(Cell::to_string).collect();
    match similar[..] {
        [] => bail!("the run has no cell {name:?}; its cells are in results.csv"),
        _ => bail!("the run has no cell {name:?}; similar cells: {}", similar.join(", ")),
    }
}

fn has_all(params: &Params, wanted: &Params) -> bool {
    wanted.iter().all(|(name, value)| params.get(name) == Some(value))
}
