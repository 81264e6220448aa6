//! The loaders of BPF objects compared: the cost of each step of loading the same
//! monitor. Formats render the tables.

use std::collections::BTreeSet;

use hookbench_model::Loading;
use hookbench_results::Run;

use crate::section::{Row, Section};
use crate::text;

/// The parameter of monitors that names the loader.
const LOADER: &str = "loader";

/// The columns after the monitor and the loader.
pub const STEPS: [&str; 6] = ["open", "load", "verify", "attach", "whole", "agent (bytes)"];

/// The meaning of the steps, for readers.
pub const MEANING: &str = "Each loader loads the same programs once per monitor. `open` reads the object (aya also \
     creates its maps in this step). `load` creates the maps and relocates the programs to the kernel's types. \
     `verify` is the kernel's verifier and compiler. `attach` attaches the programs. `whole` is the complete cost \
     of attaching the monitor, including its reader. `agent` is the growth of the loader's process.";

/// The loaders compared in one section.
pub struct LoaderTable {
    /// The operation, the place and the unit.
    pub title: String,
    /// One per monitor and loader, sorted by monitor.
    pub lines: Vec<LoaderLine>,
}

/// The cost of one loader for one monitor.
pub struct LoaderLine {
    /// The monitor, without the loader.
    pub monitor: String,
    /// The loader.
    pub loader: String,
    /// The costs for readers, in the order of [`STEPS`].
    pub steps: [String; 6],
}

/// The tables of the first section of each kernel in which several loaders loaded one
/// monitor. Other sections have nearly the same costs of loading.
pub fn tables(run: &Run, sections: &[Section<'_>]) -> Vec<LoaderTable> {
    let found = sections
        .iter()
        .filter_map(|section| Some((section.cell.booted_kernel(), loader_table(run, section)?)));
    let mut kernels = BTreeSet::new();
    found.filter(|(kernel, _)| kernels.insert(kernel.clone())).map(|(_, table)| table).collect()
}

fn loader_table(run: &Run, section: &Section<'_>) -> Option<LoaderTable> {
    let mut lines: Vec<LoaderLine> = section.rows.iter().filter_map(|row| loader_line(run, row)).collect();
    lines.sort_by(|a, b| (&a.monitor, &a.loader).cmp(&(&b.monitor, &b.loader)));
    let several: BTreeSet<String> = lines
        .windows(2)
        .filter(|pair| pair[0].monitor == pair[1].monitor)
        .map(|pair| pair[0].monitor.clone())
        .collect();
    lines.retain(|line| several.contains(&line.monitor));
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    let title = format!("{}, {}: {unit}", section.operation(), section.place());
    (!lines.is_empty()).then_some(LoaderTable { title, lines })
}

fn loader_line(run: &Run, row: &Row<'_>) -> Option<LoaderLine> {
    let cell = &row.measurement.cell;
    let measured = row.measured()?;
    let Loading { open, load, verify, attach, agent_bytes } = measured.loading?;
    let name = cell.monitor.to_string();
    let usual = run.environment.usual.iter().find(|(monitor, _)| **monitor == name);
    let loader = cell.tuning.get(LOADER).or_else(|| usual.and_then(|(_, usual)| usual.get(LOADER)))?;
    let rest = cell.tuning.iter().filter(|(name, _)| *name != LOADER);
    let tuning = rest.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let monitor = hookbench_model::Cell { tuning, ..cell.clone() }.tuned_monitor();
    let [open, load, verify, attach] = [open, load, verify, attach].map(text::grouped);
    let whole = measured.attach_cost.map_or_else(String::new, text::grouped);
    let steps = [open, load, verify, attach, whole, text::signed(agent_bytes)];
    Some(LoaderLine { monitor: text::one_line(&monitor), loader: text::one_line(loader), steps })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};
    use hookbench_model::{Outcome, Params};

    #[test]
    fn a_monitor_with_one_loader_has_no_table() {
        let mut run = fixture::synthetic_run();
        let usual: Params = "loader=libbpf".parse().unwrap();
        run.environment.usual = [("bpf-lsm+count".to_string(), usual)].into();
        assert!(tables(&run, &section::sections(&run)).is_empty());
        let first =
            run.measurements.iter().position(|m| m.cell.monitor.to_string() == "bpf-lsm+count").unwrap();
        let mut other = run.measurements[first].clone();
        other.cell.tuning = "loader=aya".parse().unwrap();
        run.measurements.push(other);
        for index in [first, run.measurements.len() - 1] {
            let Outcome::Measured(measured) = &mut run.measurements[index].outcome else { panic!() };
            let open = index as u64 + 1_000;
            measured.loading = Some(Loading { open, load: 2, verify: 3, attach: 4, agent_bytes: -4096 });
        }
        let sections = section::sections(&run);
        let tables = tables(&run, &sections);
        let [table] = &tables[..] else { panic!("{}", tables.len()) };
        let shown: Vec<_> = table.lines.iter().map(|line| (&*line.monitor, &*line.loader)).collect();
        assert_eq!(shown, [("bpf-lsm+count", "aya"), ("bpf-lsm+count", "libbpf")]);
        assert_eq!(table.lines[1].steps[1..5], ["2", "3", "4", "1,234,567"]);
        assert!(table.title.contains("instructions"), "{}", table.title);
    }
}
