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
        usage(anyhow!(
            "the run in {} kept no explanation of {cell}; leave out --run to measure it",
            folder.display()
        ))
    })
}

/// Reads the explanation of `cell` from the run's folder `folder`. Returns `None` if the run kept no explanation.
///
/// # Errors
/// When the file cannot be read, or is not an explanation of the cell.
pub(in crate::cmd) fn read(folder: &Path, cell: &Cell) -> Result<Option<Explanation>> {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hookbench_model::{Clock, Measured, Measurement, Outcome};
    use hookbench_results::attachments::Attachment;
    use hookbench_results::{Environment, run::SCHEMA};

    /// The cell of [`KEPT`].
    pub(in crate::cmd::explain) const KPROBE: &str = "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count";
    const DENY: &str = "6.1/tcg/mprotect-storm[to=r]/paced/bpf-lsm+deny";
    const KEPT: &[u8] = include_bytes!("../../../../fuzz/seeds/explanation/kprobe");

    /// Stores a run of `cells` that keeps an explanation of [`KPROBE`] as that of `explained`.
    pub(in crate::cmd::explain) fn store_run(folder: &Path, cells: &[&str], explained: Option<&str>) {
        let measurements = cells.iter().map(|cell| Measurement {
            cell: cell.parse().unwrap(),
            clock: Clock::Instructions,
            history: None,
            outcome: Outcome::Measured(Measured { samples: vec![1], ..Measured::default() }),
        });
        let run = Run {
            schema: SCHEMA,
            plan: "test".into(),
            shard: None,
            environment: Environment::default(),
            measurements: measurements.collect(),
            scenarios: Vec::new(),
        };
        std::fs::create_dir_all(folder).unwrap();
        store::save(&run, folder).unwrap();
        let attachment = Attachment::new(explanation::KIND, KEPT.to_vec()).unwrap();
        if let Some(cell) = explained {
            attachments::replace(folder, &cell.parse().unwrap(), std::slice::from_ref(&attachment)).unwrap();
        }
    }

    #[test]
    fn a_kept_explanation_is_found_by_the_cells_name_with_and_without_parameters() {
        let folder = tempfile::tempdir().unwrap();
        store_run(folder.path(), &[KPROBE, DENY], Some(KPROBE));
        let find = |name: &str| explanation(folder.path().to_str().unwrap(), name);
        for name in [KPROBE, "6.1/tcg/mprotect-storm/paced/kprobe+count"] {
            assert_eq!(find(name).unwrap().parts().direct, 341);
        }
        for (name, why) in [
            (DENY, "kept no explanation of 6.1/tcg/mprotect-storm[to=r]/paced/bpf-lsm+deny; leave out --run"),
            (
                "6.12/tcg/mprotect-storm/paced/kprobe+count",
                "similar cells: 6.1/tcg/mprotect-storm[to=r]/paced",
            ),
            ("6.1/tcg/null-syscall/paced/kprobe+count", "its cells are in results.csv"),
        ] {
            let error = find(name).unwrap_err();
            assert!(error.is::<crate::cmd::Usage>() && error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn a_name_that_fits_two_cells_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        store_run(folder.path(), &[KPROBE, "6.1/tcg/mprotect-storm[to=rw]/paced/kprobe+count"], None);
        let name = "6.1/tcg/mprotect-storm/paced/kprobe+count";
        let error = explanation(folder.path().to_str().unwrap(), name).unwrap_err().to_string();
        assert!(error.contains("[to=r]") && error.contains("[to=rw]"), "{error}");
    }

    #[test]
    fn an_explanation_of_another_cell_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        store_run(folder.path(), &[KPROBE, DENY], Some(DENY));
        let error = read(folder.path(), &DENY.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains(&format!("it explains {KPROBE}")), "{error}");
    }
}
