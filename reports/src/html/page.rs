//! The facts that all parts of the page share: the run, its sections and its kernels;
//! and two small pieces of markup that several parts use.

use hookbench_results::Run;
use maud::{Markup, PreEscaped, html};

use crate::section::{Row, Section};
use crate::{Explanations, plot, summary};

/// The run that the page shows.
pub(super) struct Page<'r> {
    /// The run itself.
    pub run: &'r Run,
    /// Its sections.
    pub sections: &'r [Section<'r>],
    /// Its kernels, in its order.
    pub kernels: Vec<&'r str>,
    /// The kernel that the page shows first.
    pub default_kernel: Option<&'r str>,
    /// The pages that explain costs.
    pub explanations: &'r Explanations,
}

impl Page<'_> {
    /// The kernels with a table to choose a monitor by.
    pub(super) fn kernels_with_costs(&self) -> impl Iterator<Item = &str> {
        let has_costs = |kernel: &&&str| summary::headline_of(self.sections, kernel).is_some();
        self.kernels.iter().filter(has_costs).copied()
    }

    /// The kernel's number on the page.
    pub(super) fn number(&self, kernel: &str) -> usize {
        self.kernels.iter().position(|name| *name == kernel).unwrap_or(0)
    }

    /// The classes of an element that is hidden unless the reader selects `kernel`.
    pub(super) fn class(&self, kernel: &str) -> String {
        format!("of-kernel kernel-{}", self.number(kernel))
    }

    /// The `number` of `row`, with a link to its explanation if there is one.
    pub(super) fn explained(&self, row: &Row<'_>, number: Markup) -> Markup {
        match self.explanations.get(&row.measurement.cell.to_string()) {
            Some(address) => html! { a.explained href=(address) title="explained by function" { (number) } },
            None => number,
        }
    }
}

/// A picture with its text alternative; the numbers are in a table of the page.
pub(super) fn picture(svg: &str, label: &str) -> Markup {
    PreEscaped(plot::inline(svg, label))
}

/// A sentence with the names between backticks as `code`.
pub(super) fn prose(sentence: &str) -> Markup {
    html! {
        @for (index, part) in sentence.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
