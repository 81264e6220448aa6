//! The active security modules of a run's guests. A measurement has those of its guest until the run ends. Then the
//! record of each kernel lists them by boot line.

use crate::environment::KernelRecord;
use crate::{Environment, Run};
use hookbench_model::{Cell, Outcome};

/// The end of a boot line's label for all monitors without a boot line of their own.
pub const OTHER_MONITORS: &str = "other monitors";

impl Run {
    /// Moves the active security modules from the measurements into the records of the kernels.
    pub fn move_security_modules(&mut self) {
        for measurement in &mut self.measurements {
            let Outcome::Measured(measured) = &mut measurement.outcome else { continue };
            let modules = std::mem::take(&mut measured.lsm);
            let cell = &measurement.cell;
            let kernel = self.environment.kernels.iter_mut().find(|kernel| kernel.name == cell.kernel);
            let Some(kernel) = kernel.filter(|_| !modules.is_empty()) else { continue };
            if let Some(label) = label_of(kernel, cell) {
                kernel.add_security_modules(label, modules);
            }
        }
    }
}

impl Environment {
    /// The environment as it was before the first cell ended.
    #[must_use]
    pub fn before_cells(&self) -> Environment {
        let kernels = self.kernels.iter().map(KernelRecord::before_cells).collect();
        Environment { kernels, ..self.clone() }
    }
}

impl KernelRecord {
    /// The record as it was before the first cell ended.
    pub(crate) fn before_cells(&self) -> KernelRecord {
        KernelRecord { security_modules: Vec::new(), ..self.clone() }
    }

    /// Adds the active security modules of guests with the boot line that has this label. The list keeps the order
    /// of the boot lines.
    pub(crate) fn add_security_modules(&mut self, label: String, modules: String) {
        if self.security_modules.iter().any(|(known, _)| *known == label) {
            return;
        }
        self.security_modules.push((label, modules));
        let lines = &self.boot_lines;
        let place = |label: &String| lines.iter().position(|(known, _)| known == label);
        self.security_modules.sort_by_key(|(label, _)| place(label));
    }
}

/// The label of the boot line of `cell`, which lists boots with their monitors.
fn label_of(kernel: &KernelRecord, cell: &Cell) -> Option<String> {
    let with = |monitors: &str| {
        let part = format!("{}: {monitors}", cell.boot);
        let mut labels = kernel.boot_lines.iter().map(|(label, _)| label);
        labels.find(|label| label.split(", ").any(|one| one == part)).cloned()
    };
    with(&cell.tuned_monitor()).or_else(|| with(OTHER_MONITORS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Clock, Measured, Measurement};

    fn measured(cell: &str, lsm: &str) -> Measurement {
        let outcome = Outcome::Measured(Measured { lsm: lsm.into(), ..Measured::default() });
        Measurement { cell: cell.parse().unwrap(), clock: Clock::Instructions, history: None, outcome }
    }

    fn run() -> Run {
        let lines =
            [("lean: lsm+idle[modules=2], lean: lsm+idle[modules=3]", "a"), ("lean: other monitors", "b")];
        let kernel = KernelRecord {
            name: "6.1".into(),
            boot_lines: lines.map(|(label, line)| (label.into(), line.into())).to_vec(),
            ..KernelRecord::default()
        };
        let measurements = vec![
            measured("6.1/tcg/null-syscall/paced/none", "capability,bpf"),
            measured("6.1/tcg/null-syscall/paced/kprobe+count", "capability,bpf"),
            measured("6.1/tcg/null-syscall/paced/lsm+idle[modules=3]", "capability,yama"),
        ];
        let environment = Environment { kernels: vec![kernel], ..Environment::default() };
        Run { schema: 1, plan: String::new(), shard: None, environment, measurements, scenarios: Vec::new() }
    }

    #[test]
    fn the_modules_of_each_boot_line_move_into_the_kernels_record() {
        let (begun, mut run) = (run(), run());
        run.move_security_modules();
        let kernel = &run.environment.kernels[0];
        let expected =
            [(&kernel.boot_lines[0].0, "capability,yama"), (&kernel.boot_lines[1].0, "capability,bpf")];
        let found: Vec<_> = kernel.security_modules.iter().map(|(label, list)| (label, &**list)).collect();
        assert_eq!(found, expected);
        let left = |measurement: &Measurement| match &measurement.outcome {
            Outcome::Measured(measured) => measured.lsm.clone(),
            _ => String::new(),
        };
        assert!(run.measurements.iter().all(|measurement| left(measurement).is_empty()));
        assert_ne!(run.environment, begun.environment);
        assert_eq!(run.environment.before_cells(), begun.environment);
    }

    #[test]
    fn a_kernel_that_lists_none_has_no_record_of_them() {
        let mut run = run();
        run.measurements = vec![measured("6.1/tcg/null-syscall/paced/none", "")];
        run.move_security_modules();
        assert!(run.environment.kernels[0].security_modules.is_empty());
    }
}
