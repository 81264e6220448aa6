//! Which of the timed sections that the plugin saw is the operation.

use anyhow::{Context, Result, ensure};
use hookbench_vm::attribution::Window;

/// The section of each operation: the one whose instructions add up to the operation's sample. Two readings of the
/// clock and the marks after them are equally far apart, so nothing has to be taken off.
///
/// # Errors
/// When an operation has no such section, or there are more operations than samples.
pub(super) fn of_operations(samples: &[u64], operations: Vec<Vec<Window>>) -> Result<Vec<Window>> {
    let (all, seen) = (samples.len(), operations.len());
    ensure!(seen <= all, "QEMU's plugin saw {seen} operations, but there are {all}");
    let section = |(index, (sample, sections)): (usize, (&u64, Vec<Window>))| {
        let sums: Vec<u64> = sections.iter().map(|section| section.sum).collect();
        sections.into_iter().find(|section| section.sum == *sample).with_context(|| {
            format!(
                "QEMU's plugin attributed {sums:?} instructions of operation {index}, which took {sample}"
            )
        })
    };
    samples.iter().zip(operations).enumerate().map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(sums: &[u64]) -> Vec<Window> {
        sums.iter().map(|&sum| Window { sum, counts: Vec::new() }).collect()
    }

    #[test]
    fn the_section_of_an_operation_has_its_sum() {
        let sections = || vec![windows(&[282, 25399, 282]), windows(&[282, 25400, 282])];
        let sums = |samples: &[u64]| {
            let sections = of_operations(samples, sections());
            sections.map(|all| all.iter().map(|section| section.sum).collect::<Vec<_>>())
        };
        assert_eq!(sums(&[25399, 25400]).unwrap(), [25399, 25400]);
        let error = sums(&[25399, 25401]).unwrap_err().to_string();
        assert!(error.contains("[282, 25400, 282] instructions of operation 1, which took 25401"), "{error}");
        assert_eq!(sums(&[25399, 25400, 7]).unwrap(), [25399, 25400]);
        assert!(sums(&[25399]).unwrap_err().to_string().contains("2 operations, but there are 1"));
    }
}
