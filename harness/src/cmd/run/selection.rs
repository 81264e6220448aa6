//! The resolved form of the arguments of `hookbench run`: everything that the steps after
//! it need.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use hookbench_model::Target;
use hookbench_plan::Planned;
use hookbench_results::Shard;

use super::args::Args;
use super::capabilities;
use super::cells::Cells;
use super::execution::Execution;
use super::hints::Repeat;
use super::one_cell;
use super::output::Output;
use crate::cmd::usage;
use crate::session::guests::Needs;
use crate::session::host;

/// What to measure, where and how, and where the results go.
pub(in crate::cmd) struct Selection {
    /// The cells of the whole plan.
    pub(in crate::cmd) cells: Cells,
    /// The part that this process measures; `None` for all of it.
    pub(in crate::cmd) shard: Option<Shard>,
    /// Where and how to measure.
    pub(super) execution: Execution,
    /// Where the results go.
    pub(super) output: Output,
    /// The options with which hookbench suggests to run a cell again.
    pub(super) repeat: Repeat,
}

impl Selection {
    /// Resolves `args`.
    ///
    /// # Errors
    /// A usage error when `args` name something that does not exist, or that the target
    /// cannot run; the error lists what exists.
    pub(in crate::cmd) fn from_args(args: &Args) -> Result<Selection> {
        let target = capabilities::target(args).map_err(usage)?;
        let release = if target == Target::Host { Some(host::release()?) } else { None };
        Selection::resolve(args, target, release.as_deref()).map_err(usage)
    }

    /// `release` is the kernel of this machine if cells run on it.
    fn resolve(args: &Args, target: Target, release: Option<&str>) -> Result<Selection> {
        let mut cells = match (release, &args.cell) {
            (None, None) => Cells::in_guests(args)?,
            (None, Some(name)) => one_cell::in_guests(name, args)?,
            (Some(release), None) => Cells::on_host(args, release)?,
            (Some(release), Some(name)) => one_cell::on_host(name, args, release)?,
        };
        cells.planned.iter_mut().for_each(|planned| planned.cell.target = target);
        let execution = Execution::from_args(args, target);
        capabilities::check_cells(&cells.planned, &execution, args.enforce_on_host)?;
        let (output, repeat) = (Output::from_args(args), Repeat::from_args(args));
        let selection = Selection { cells, shard: args.shard, execution, output, repeat };
        if let Some(shard) = selection.shard {
            let all = selection.cells.planned.len();
            ensure!(
                !selection.planned().is_empty(),
                "shard {shard} is empty because the plan has only {all} cells; use fewer shards"
            );
        }
        Ok(selection)
    }

    /// The cells that this process measures.
    pub(super) fn planned(&self) -> &[Planned] {
        match self.shard {
            Some(shard) => &self.cells.planned[shard.range(self.cells.planned.len())],
            None => &self.cells.planned,
        }
    }

    /// What the guests of this process need. The mirror may have lost every kernel of a
    /// shard: other shards have the rest.
    pub(super) fn needs(&self) -> Needs {
        let cells = &self.cells;
        Needs {
            kernels: self.kernels(),
            least: usize::from(self.shard.is_none()),
            cells: cells.planned.iter().map(|planned| planned.cell.clone()).collect(),
            monitors: cells.monitors.clone(),
            workloads: cells.workloads.clone(),
            loadable: cells.loadable.clone(),
            padding: 0,
            qemu: None,
        }
    }

    /// The kernels that this process boots.
    fn kernels(&self) -> Vec<String> {
        let booted: HashSet<&str> =
            self.planned().iter().map(|planned| planned.cell.kernel.as_str()).collect();
        self.cells.kernels.iter().filter(|kernel| booted.contains(kernel.as_str())).cloned().collect()
    }
}
