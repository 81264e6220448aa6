//! Parameter sweeps: cells that differ in one number, as curves with a slope. Formats
//! render them.

use hookbench_model::param::LOGIN_UID;
use hookbench_model::{Cell, Clock, Params, Schedule, Target};
use hookbench_results::Run;

use crate::section::{Row, Section};
use crate::text;

/// The smallest number of values that make a curve.
const LEAST: usize = 3;

/// Cells of one operation, schedule and kernel that differ in one parameter.
pub struct Sweep {
    /// The parameter that varies.
    pub param: String,
    /// The operation without it: `execve-noop[ld_preload=ignored]`.
    pub operation: String,
    /// The kernel, with the boot parameters that differ from the default.
    pub kernel: String,
    /// The name of the kernel in the run.
    pub of_kernel: String,
    /// The schedule of the operations.
    pub schedule: Schedule,
    /// The clock of the numbers.
    pub clock: Clock,
    /// The target that the cells ran on.
    pub target: Target,
    /// What the curves show.
    pub quantity: Quantity,
    /// One per monitor.
    pub curves: Vec<Curve>,
}

/// What the curves of a sweep show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The hook of the monitor, in the clock's unit.
    Hook,
    /// The median of the operations, in the clock's unit: that of `none`, and of monitors
    /// whose hook is not known.
    Median,
    /// The memory of the monitor, in bytes.
    Memory,
}

impl Quantity {
    fn name(self) -> &'static str {
        match self {
            Quantity::Hook => "hook",
            Quantity::Median => "p50",
            Quantity::Memory => "memory in bytes",
        }
    }
}

/// The numbers of one monitor over the parameter.
pub struct Curve {
    /// The monitor, with its other parameters that differ from their defaults.
    pub monitor: String,
    /// Values of the parameter and the numbers there, in the order of the values.
    pub points: Vec<(u32, i64)>,
}

impl Curve {
    /// The number at `value`, as it is shown; empty if there is none.
    pub fn shown_at(&self, value: u32) -> String {
        let point = self.points.iter().find(|(x, _)| *x == value);
        point.map_or_else(String::new, |(_, number)| text::unsigned_if_positive(*number))
    }

    /// The slope of the least-squares line: how much the number grows when the parameter
    /// grows by one.
    pub fn slope(&self) -> f64 {
        let n = self.points.len() as f64;
        let mean = |of: fn(&(u32, i64)) -> f64| self.points.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|(x, _)| f64::from(*x)), mean(|(_, y)| *y as f64));
        let (mut above, mut below) = (0.0, 0.0);
        for (px, py) in &self.points {
            above += (f64::from(*px) - x) * (*py as f64 - y);
            below += (f64::from(*px) - x).powi(2);
        }
        above / below
    }
}

impl Sweep {
    /// The title of the curves: `p50 of mprotect-storm by modules, kernel 6.1, paced`.
    pub fn title(&self) -> String {
        let unit = match self.quantity {
            Quantity::Memory => String::new(),
            _ => format!(": {}", text::unit_and_clock(self.clock, self.target)),
        };
        let Sweep { operation, param, kernel, schedule, quantity, .. } = self;
        let what = quantity.name();
        format!("{what} of {operation} by {param}, kernel {kernel}, {schedule}{unit}")
    }

    /// The title of the slopes, without the kernel.
    fn slopes_title(&self) -> String {
        let Sweep { operation, param, schedule, quantity, clock, target, .. } = self;
        let unit = match quantity {
            Quantity::Memory => String::new(),
            _ => format!(" in {}", text::unit_and_clock(*clock, *target)),
        };
        let what = quantity.name();
        format!("Slope of {operation} by {param}, {schedule}: {what}{unit} for each step")
    }

    /// All values of the parameter, in order.
    pub fn values(&self) -> Vec<u32> {
        let mut values: Vec<u32> =
            self.curves.iter().flat_map(|curve| curve.points.iter().map(|(x, _)| *x)).collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// The sweeps of `run`, in the order of their first cells.
pub fn sweeps(run: &Run, sections: &[Section<'_>]) -> Vec<Sweep> {
    let mut all: Vec<Sweep> = Vec::new();
    let mut rows: Vec<&Row<'_>> = sections.iter().flat_map(|section| &section.rows).collect();
    // The rows of a section are sorted; the sweeps follow the order of the plan.
    rows.sort_by_key(|row| std::ptr::from_ref(row.measurement));
    for row in rows {
        for point in sweep_points(run, &row.measurement.cell) {
            add(&mut all, row, point);
        }
    }
    for sweep in &mut all {
        sweep.curves.retain(|curve| curve.points.len() >= LEAST);
        for curve in &mut sweep.curves {
            curve.points.sort_unstable();
        }
    }
    all.retain(|sweep| !sweep.curves.is_empty());
    all
}

/// A numeric parameter of a cell, and the cell without it.
struct SweepPoint {
    param: String,
    value: u32,
    rest: Cell,
}

fn sweep_points(run: &Run, cell: &Cell) -> Vec<SweepPoint> {
    let mut all = Vec::new();
    let without = |params: &Params, name: &str| -> Params {
        let rest = params.iter().filter(|(other, _)| *other != name);
        rest.map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };
    let number = |text: &str| text.parse().ok();
    // A uid is a number, but no quantity.
    let quantities = cell.params.iter().filter(|(name, _)| *name != LOGIN_UID.name);
    for (name, value) in quantities.filter_map(|(name, value)| Some((name, number(value)?))) {
        let rest = Cell { params: without(&cell.params, name), ..cell.clone() };
        all.push(SweepPoint { param: name.into(), value, rest });
    }
    let monitor = cell.monitor.to_string();
    let usual = run.environment.usual.iter().find(|(name, _)| *name == monitor).map(|(_, params)| params);
    for (name, usual) in usual.into_iter().flat_map(Params::iter) {
        if let Some(value) = number(cell.tuning.get(name).unwrap_or(usual)) {
            let rest = Cell { tuning: without(&cell.tuning, name), ..cell.clone() };
            all.push(SweepPoint { param: name.into(), value, rest });
        }
    }
    let mut rest = cell.clone();
    rest.boot.cpus = 1;
    all.push(SweepPoint { param: CPUS.into(), value: cell.boot.cpus.into(), rest });
    all
}

/// The number of the guest's CPUs, which belongs to the boot parameters.
const CPUS: &str = "cpus";

/// What a curve over `param` shows of `row`, and its value.
fn shown_number(row: &Row<'_>, param: &str) -> Option<(Quantity, i64)> {
    let measured = row.measured()?;
    if param == CPUS {
        return Some((Quantity::Memory, measured.memory_bytes?));
    }
    match row.cost.and_then(|cost| cost.hook()) {
        Some(hook) => Some((Quantity::Hook, hook.p50)),
        None => Some((Quantity::Median, i64::try_from(row.summary?.p50).ok()?)),
    }
}

fn add(all: &mut Vec<Sweep>, row: &Row<'_>, point: SweepPoint) {
    let SweepPoint { param, value, rest } = point;
    let Some((quantity, number)) = shown_number(row, &param) else { return };
    let parameters = if rest.params.is_empty() {
        String::new()
    } else {
        format!("[{}]", text::one_line(&rest.params.to_string()))
    };
    let found = Sweep {
        operation: text::one_line(&rest.workload) + &parameters,
        kernel: text::one_line(&rest.booted_kernel()),
        of_kernel: rest.kernel.clone(),
        schedule: rest.schedule,
        clock: row.measurement.clock,
        target: rest.target,
        quantity,
        param,
        curves: Vec::new(),
    };
    let same = |other: &Sweep| other.title() == found.title() && other.param == found.param;
    let place = all.iter().position(same).unwrap_or_else(|| {
        all.push(found);
        all.len() - 1
    });
    let monitor = text::one_line(&rest.tuned_monitor());
    let curves = &mut all[place].curves;
    let place = curves.iter().position(|curve| curve.monitor == monitor).unwrap_or_else(|| {
        curves.push(Curve { monitor, points: Vec::new() });
        curves.len() - 1
    });
    if curves[place].points.iter().all(|(other, _)| *other != value) {
        curves[place].points.push((value, number));
    }
}

/// The slopes of one parameter and operation on several kernels.
pub struct SlopeTable {
    /// `slope of p50 of mprotect-storm by modules, paced`
    pub title: String,
    /// The kernels, as [`Sweep::kernel`].
    pub kernels: Vec<String>,
    /// Each monitor, and its slope on each kernel, if it has one.
    pub lines: Vec<(String, Vec<Option<f64>>)>,
}

/// The slopes of the sweeps that several kernels have.
pub fn slopes(sweeps: &[Sweep]) -> Vec<SlopeTable> {
    let mut groups: Vec<(String, Vec<&Sweep>)> = Vec::new();
    for sweep in sweeps {
        let title = sweep.slopes_title();
        match groups.iter_mut().find(|(other, _)| *other == title) {
            Some((_, group)) => group.push(sweep),
            None => groups.push((title, vec![sweep])),
        }
    }
    let several = groups.into_iter().filter(|(_, group)| group.len() > 1);
    several.map(|(title, group)| slope_table(title, &group)).collect()
}

fn slope_table(title: String, group: &[&Sweep]) -> SlopeTable {
    let mut lines: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    for (column, sweep) in group.iter().enumerate() {
        for curve in &sweep.curves {
            let place = lines.iter().position(|(name, _)| *name == curve.monitor).unwrap_or_else(|| {
                lines.push((curve.monitor.clone(), vec![None; group.len()]));
                lines.len() - 1
            });
            lines[place].1[column] = Some(curve.slope());
        }
    }
    SlopeTable { title, kernels: group.iter().map(|sweep| sweep.kernel.clone()).collect(), lines }
}

/// The meaning of a slope, for readers.
pub const SLOPE_MEANING: &str = "The slope is that of a least-squares line: how much the number grows when the \
                                 parameter grows by one.";

/// A slope for readers: `+16.3`.
pub fn format_slope(slope: f64) -> String {
    let rounded = format!("{slope:+.1}");
    if rounded == "-0.0" { "+0.0".into() } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn cells_that_differ_in_a_number_are_a_curve_with_a_slope() {
        let run = fixture::swept_run();
        let sections = section::sections(&run);
        let sweeps = sweeps(&run, &sections);
        let titles: Vec<String> = sweeps.iter().map(Sweep::title).collect();
        assert_eq!(sweeps.len(), 1, "{titles:?}");
        assert_eq!((sweeps[0].param.as_str(), sweeps[0].values()), ("modules", vec![0, 1, 2, 4]));
        assert_eq!(sweeps[0].curves.len(), 1);
        assert_eq!(sweeps[0].curves[0].points, [(0, 1_000), (1, 1_010), (2, 1_020), (4, 1_040)]);
        assert!((sweeps[0].curves[0].slope() - 10.0).abs() < 1e-9);
        assert!(titles[0].contains("clock: instructions"), "{titles:?}");
    }

    #[test]
    fn hooks_and_the_medians_of_none_are_in_sweeps_of_their_own() {
        let run = fixture::divided_sweep();
        let sections = section::sections(&run);
        let sweeps = sweeps(&run, &sections);
        let titles: Vec<String> = sweeps.iter().map(Sweep::title).collect();
        assert_eq!(sweeps.len(), 2, "{titles:?}");
        let curve = |sweep: &Sweep| (sweep.curves[0].monitor.clone(), sweep.curves[0].points.clone());
        assert!(titles[0].starts_with("p50 of execve-noop by env_pages, kernel 6.1"), "{titles:?}");
        assert_eq!(curve(&sweeps[0]), ("none".into(), vec![(0, 9_000), (1, 9_500), (2, 10_000)]));
        assert!(titles[1].starts_with("hook of execve-noop by env_pages, kernel 6.1"), "{titles:?}");
        assert_eq!(curve(&sweeps[1]), ("bpf-lsm+count".into(), vec![(0, 178), (1, 180), (2, 182)]));
    }

    #[test]
    fn a_slope_has_a_sign_and_no_negative_zero() {
        assert_eq!([10.04, -0.01, -3.26].map(format_slope), ["+10.0", "+0.0", "-3.3"]);
    }
}
