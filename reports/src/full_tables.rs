//! Which tables a report shows in full. A report of a large run would be too long with
//! all of them; its matrices then have every cell, and `results.csv` every number.

use crate::section::Section;
use crate::{default_kernel, text};

/// The largest number of sections that a report shows in full.
const LIMIT: usize = 60;

/// Whether a report can show all of `sections` in full.
pub fn fit(sections: &[Section<'_>]) -> bool {
    sections.len() <= LIMIT
}

/// The sections that a report shows in full: all, or those of the [`default_kernel`]
/// when there are more than 60.
pub fn shown<'s, 'a>(sections: &'s [Section<'a>]) -> Vec<&'s Section<'a>> {
    let default = default_kernel::default_kernel(sections);
    let all = fit(sections);
    sections.iter().filter(|section| all || Some(section.cell.kernel.as_str()) == default).collect()
}

/// The paragraph that says which sections [`shown`] omits; empty when it omits none.
pub fn omission(sections: &[Section<'_>]) -> String {
    let omitted = sections.len() - shown(sections).len();
    match default_kernel::default_kernel(sections) {
        Some(kernel) if omitted > 0 => format!(
            "The tables below are those of kernel {}, {}. {omitted} more tables are omitted, because they would \
             make this file too long. The tables above compare all kernels, report.html has every table, and \
             results.csv has every number.",
            text::one_line(kernel),
            default_kernel::REASON,
        ),
        _ => String::new(),
    }
}
