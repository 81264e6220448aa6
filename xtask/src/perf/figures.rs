//! The table of figures: the meaning of each, its clock, its limit, and how it is
//! measured. `harness/benches/speed` measures them.

/// The bound of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
    /// No bound: the figure explains another one.
    None,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// The name that the benchmark prints.
    pub name: &'static str,
    /// Its meaning, as the table shows it.
    pub about: &'static str,
    /// The unit of its value.
    pub unit: &'static str,
    /// The time that it counts: `wall`, `CPU`, or `-` for none.
    pub clock: &'static str,
    /// The bound that it must keep.
    pub limit: Limit,
    /// How it is measured, as the table shows it.
    pub how: &'static str,
}

const fn row(
    name: &'static str,
    about: &'static str,
    (unit, clock): (&'static str, &'static str),
    limit: Limit,
    how: &'static str,
) -> Figure {
    Figure { name, about, unit, clock, limit, how }
}

const MS: (&str, &str) = ("ms", "wall");
const RATE: (&str, &str) = ("cells/s", "wall");
const SECONDS: (&str, &str) = ("s", "wall");
const CPU: (&str, &str) = ("s", "CPU");
const CPU_MS: (&str, &str) = ("ms", "CPU");
const MIB: (&str, &str) = ("MiB", "-");
const SHARE: (&str, &str) = ("%", "CPU");

const BY_CELLS: &str = "cells of 1 null-syscall; run, journal and reports / number of cells";
const BOOT: &str = "user + system of a QEMU that boots for one cell of 1; median of 3";
const PARTS: &str = "median of 21, one at a time";

/// All figures, in the order of the table. Limits are for 2 cores.
pub(crate) const FIGURES: &[Figure] = &[
    row(
        "start.median",
        "QEMU's start to the first timed operation",
        MS,
        Limit::Most(100.0),
        "a guest that ends as soon as it starts; median of 21",
    ),
    row("start.least", "  the same", MS, Limit::None, "minimum of 21"),
    row("part.version", "  QEMU that prints its version", MS, Limit::None, PARTS),
    row("part.none", "  QEMU without a machine that quits", MS, Limit::None, PARTS),
    row("part.machine", "  QEMU with our machine that quits", MS, Limit::None, PARTS),
    row(
        "part.rest",
        "  the rest: restore the snapshot, read the cell",
        MS,
        Limit::None,
        "the first row minus the one above",
    ),
    row("part.whole", "  a whole cell of 1", MS, Limit::None, PARTS),
    row(
        "rate.burst",
        "cells of 200 null-syscall, burst",
        RATE,
        Limit::Least(50.0),
        "100 cells, a guest per core",
    ),
    row("rate.paced", "cells of 200 null-syscall, paced", RATE, Limit::None, "100 cells, a guest per core"),
    row("quick.warm", "quick plan, warm cache", SECONDS, Limit::Most(14.0), "hookbench run --plan quick"),
    row("quick.plain", "  without attribution", SECONDS, Limit::Most(8.0), "the same with --no-attribution"),
    row(
        "quick.ratio",
        "  what attribution makes of it",
        ("ratio", "wall"),
        Limit::Most(2.0),
        "the two rows above",
    ),
    row(
        "quick.cold",
        "quick plan, cold cache",
        SECONDS,
        Limit::Most(50.0),
        "the same as warm; kernels and programs in the cache, no image, no snapshot",
    ),
    row(
        "quick.empty",
        "quick plan, empty cache",
        SECONDS,
        Limit::None,
        "the same as cold, with all downloads",
    ),
    row("boot.6.1", "cold boot to the agent, 6.1", CPU, Limit::Most(3.0), BOOT),
    row("boot.7.3", "cold boot to the agent, 7.3", CPU, Limit::Most(4.0), BOOT),
    row("cells.10000.memory", "peak memory, 10,000 cells", MIB, Limit::Most(100.0), "VmHWM of hookbench"),
    row(
        "cells.10000.share",
        "hookbench's share of the run's CPU time",
        SHARE,
        Limit::Most(5.0),
        "own / (own + guests'), user + system",
    ),
    row("cells.10000.own", "  hookbench, per cell", CPU_MS, Limit::None, "own time / number of cells"),
    row("cells.10000.guests", "  guests, per cell", CPU_MS, Limit::None, "guests' time / number of cells"),
    row("cells.10.wall", "time per cell, 10 cells", MS, Limit::None, BY_CELLS),
    row("cells.100.wall", "time per cell, 100 cells", MS, Limit::None, BY_CELLS),
    row("cells.10000.wall", "time per cell, 10,000 cells", MS, Limit::None, BY_CELLS),
    row("flat", "  relative to 100 cells", ("ratio", "wall"), Limit::Most(1.1), "the two rows above"),
    row("cells.10000.reports", "  files and reports, in total", MS, Limit::None, "after the last cell"),
];

/// The figure in units of which times are shown too, because machines differ: QEMU's start, in milliseconds.
pub(crate) const UNIT: &str = "part.machine";

impl Figure {
    /// How many starts of QEMU, `start` milliseconds each, `value` is; for a rate, how many there are in one start.
    pub(crate) fn in_starts(&self, value: f64, start: f64) -> Option<f64> {
        match self.unit {
            "ms" => Some(value / start),
            "s" => Some(value * 1000.0 / start),
            "cells/s" => Some(value * start / 1000.0),
            _ => None,
        }
    }
}

/// The arguments of the benchmark, one process each.
pub(crate) const GROUPS: &[&[&str]] = &[
    &["start"],
    &["rate"],
    &["plans"],
    &["boot", "6.1"],
    &["boot", "7.3"],
    &["cells", "10"],
    &["cells", "100"],
    &["cells", "10000"],
];

/// A figure computed from two others: its name, the formula, and their names.
pub(crate) type Derived = (&'static str, fn(f64, f64) -> f64, [&'static str; 2]);

/// All computed figures.
pub(crate) const DERIVED: &[Derived] = &[
    ("part.rest", |whole, part| whole - part, ["start.median", "part.machine"]),
    ("flat", |many, few| many / few, ["cells.10000.wall", "cells.100.wall"]),
    ("quick.ratio", |with, without| with / without, ["quick.warm", "quick.plain"]),
];

impl Limit {
    /// Whether `value` is outside this limit.
    pub(crate) fn is_broken(self, value: f64) -> bool {
        // NaN breaks every limit.
        match self {
            Limit::Most(most) => !matches!(value.partial_cmp(&most), Some(order) if order.is_le()),
            Limit::Least(least) => !matches!(value.partial_cmp(&least), Some(order) if order.is_ge()),
            Limit::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_figure_has_one_row_and_computed_ones_use_rows() {
        let names: BTreeSet<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        assert_eq!(names.len(), FIGURES.len());
        for (name, _, of) in DERIVED {
            assert!(names.contains(name) && of.iter().all(|part| names.contains(part)), "{name}");
        }
    }

    #[test]
    fn times_and_rates_are_also_in_starts_of_qemu() {
        let in_starts = |name| {
            let figure = FIGURES.iter().find(|figure| figure.name == name).unwrap();
            figure.in_starts(22.0, 44.0)
        };
        assert_eq!((in_starts("start.median"), in_starts("quick.warm")), (Some(0.5), Some(500.0)));
        assert_eq!((in_starts("rate.burst"), in_starts("flat")), (Some(0.968), None));
        assert!(FIGURES.iter().any(|figure| figure.name == UNIT && figure.unit == "ms"));
    }

    #[test]
    fn a_value_equal_to_its_limit_keeps_it() {
        assert!(!Limit::Most(1.0).is_broken(1.0) && Limit::Most(1.0).is_broken(1.1));
        assert!(!Limit::Least(1.0).is_broken(1.0) && Limit::Least(1.0).is_broken(0.9));
        assert!(Limit::Most(1.0).is_broken(f64::NAN) && Limit::Least(1.0).is_broken(f64::NAN));
        assert!(!Limit::None.is_broken(9e9));
    }
}
