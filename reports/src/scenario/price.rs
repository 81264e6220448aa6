//! What policies cost allowed neighbours, and how large policies are, as all formats show them.

use hookbench_analysis::scenario::CellVerdicts;
use hookbench_results::ScenarioCell;
use hookbench_scenarios::exchange::{self, Price};

use super::View;
use crate::cost::Cost;
use crate::text::{self, count, one_line};

/// What the numbers are.
pub(super) const MEANING: &str = "Cost: the instructions that a policy itself executes in one operation of an allowed \
    neighbour (the median), and the same in percent of the operation without a policy. Of several neighbours it is the \
    one that costs most. In brackets: how many operations cost exactly that, where it is not all of them.";

/// What the sizes are.
pub(super) const LINES: &str = "Lines: those of the policy's file, as hookbench scenario policy prints it, without \
    comments and blank lines. The file of a BPF policy has both grades.";

/// The price of a cell.
pub(super) struct Field {
    /// `178, +1.8 %`; `–` if no price is known.
    pub(super) text: String,
    /// The neighbour and all that is known of its price, or why none is known.
    pub(super) details: String,
}

impl<'r> View<'r> {
    /// Whether any neighbour was to be priced.
    pub(super) fn has_prices(&self) -> bool {
        self.tried().any(|tried| !tried.prices.is_empty())
    }

    /// Whether the size of any policy is known.
    pub(super) fn has_lines(&self) -> bool {
        self.tried().any(|tried| tried.lines.is_some())
    }

    /// Why no neighbour was priced; empty if one was, and if the run does not say.
    pub(super) fn unpriced(&self) -> String {
        let why = &self.run.environment.unattributed;
        match self.has_prices() || why.is_empty() {
            true => String::new(),
            false => format!("No costs, because {}.", one_line(why)),
        }
    }

    /// The price of the cell with these names; `None` if it has none.
    pub(super) fn price(&self, kernel: &str, scenario: &str, policy: &str) -> Option<Field> {
        let cell = self.verdicts.find(kernel, scenario, policy)?;
        (!cell.tried.prices.is_empty()).then(|| field(cell))
    }

    /// The number of lines of the policy, which is the same on all kernels.
    pub(super) fn lines(&self, scenario: &str, policy: &str) -> Option<u32> {
        let cells = self.run.scenarios.iter();
        let mut cells = cells.filter(|cell| cell.scenario == scenario && cell.policy == policy);
        cells.find_map(|cell| cell.tried()?.lines)
    }

    fn tried(&self) -> impl Iterator<Item = &'r exchange::Tried> {
        self.run.scenarios.iter().filter_map(ScenarioCell::tried)
    }
}

fn field(cell: &CellVerdicts<'_>) -> Field {
    match cell.costliest() {
        Some((way, cost)) => {
            Field { text: shown(cost), details: one_line(&format!("{way}: {}", detail(cost))) }
        }
        None => {
            let reasons: Vec<String> = cell.tried.prices.iter().map(reason).collect();
            Field { text: "–".into(), details: one_line(&reasons.join("; ")) }
        }
    }
}

/// `178, +1.8 %`
pub(super) fn shown(cost: &exchange::Cost) -> String {
    let Some(cost) = of(cost) else { return String::new() };
    let percent = cost.percent().filter(|_| cost.number() != 0);
    [Some(cost.with_share()), percent].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// All that is known of a cost.
pub(super) fn detail(cost: &exchange::Cost) -> String {
    let parts = &cost.parts;
    let indirect = match parts.indirect_p50 {
        0 => String::new(),
        indirect => format!("; side effects {}", text::signed(indirect)),
    };
    let hook = of(cost).and_then(|cost| cost.detail()).unwrap_or_default();
    format!("{hook}{indirect}; the operation has {} instructions", text::grouped(cost.operation))
}

/// `fork: it does not work: EPERM`
fn reason(price: &Price) -> String {
    format!("{}: {}", price.way, price.why.as_deref().unwrap_or("no reason"))
}

/// `31 lines`
pub(super) fn lines(lines: u32) -> String {
    count(lines as usize, "line")
}

fn of(cost: &exchange::Cost) -> Option<Cost> {
    Cost::new(Some(&cost.parts), None, Some(cost.operation))
}
