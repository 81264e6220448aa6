//! The page of claims, as Markdown: what people say, how hookbench tested it, and what it found.

use hookbench_analysis::scenario::claims::{CLAIMS, Claim, Evidence, Outcome, Standing};

use crate::markdown::table;

/// The page.
pub fn render(evidence: &Evidence<'_>) -> String {
    let outcomes: Vec<(&Claim, Outcome)> =
        CLAIMS.iter().map(|claim| (claim, (claim.judge)(evidence))).collect();
    let count = |standing| outcomes.iter().filter(|(_, outcome)| outcome.standing == standing).count();
    let counts = format!(
        "{} claims: {} agree with what hookbench found, {} agree in part, {} disagree, {} are not measured.",
        outcomes.len(),
        count(Standing::Agrees),
        count(Standing::InPart),
        count(Standing::Disagrees),
        count(Standing::NotMeasured)
    );
    let rows = outcomes.iter().enumerate().map(|(index, (claim, outcome))| {
        let number = index + 1;
        vec![format!("[{number}](#claim-{number})"), claim.says.into(), outcome.standing.words().into()]
    });
    let parts: String = outcomes
        .iter()
        .enumerate()
        .map(|(index, (claim, outcome))| part(index + 1, claim, outcome))
        .collect();
    let overview = table(&["", "claim", "outcome"], rows);
    format!("# Claims\n\n{INTRODUCTION}\n\n{counts}\n\n{overview}{parts}")
}

const INTRODUCTION: &str = "What people say about mechanisms that watch and stop, and what hookbench found. The page \
                            is generated from stored results: each outcome follows from effects and records in \
                            guests, not from documentation.";

fn part(number: usize, claim: &Claim, outcome: &Outcome) -> String {
    let found: String = outcome.found.iter().map(|sentence| format!("- {sentence}\n")).collect();
    let found = if found.is_empty() { "The stored results do not tell.\n".into() } else { found };
    let example = outcome.cells.first().map_or_else(String::new, |cell| {
        let mut names = cell.split('/');
        match (names.next(), names.next(), names.next()) {
            (Some(kernel), Some(scenario), Some(policy)) => format!(
                "\nTry one: `hookbench scenario run --kernel {kernel} --scenario {scenario} --policy '{policy}'`\n"
            ),
            _ => String::new(),
        }
    });
    format!(
        "\n## Claim {number}\n\n{} ({})\n\n**Test:** {}\n\n**Outcome: {}.**\n\n{found}{example}",
        claim.says,
        claim.source,
        claim.test,
        outcome.standing.words()
    )
}
