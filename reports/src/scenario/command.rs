//! The command that reproduces a cell.

use hookbench_results::described::CustomWayRecord;
use hookbench_results::{Run, ScenarioCell};

use crate::text::one_line;

/// The command that runs `cell` alone, or only one way of it. A shell accepts it as printed.
pub fn command(run: &Run, cell: &ScenarioCell, way: Option<&str>) -> String {
    let mut words: Vec<String> = ["hookbench", "scenario", "run"].map(String::from).to_vec();
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    option("--kernel", &cell.kernel);
    option("--scenario", &cell.scenario);
    option("--policy", &cell.policy);
    match custom(run, cell) {
        Some((allowed, custom)) => {
            let command: Vec<String> = custom.command.iter().map(|word| quoted(word)).collect();
            option("--way", &format!("cmd:{}", command.join(" ")));
            option("--effect", &custom.effect);
            option("--as", &custom.user.to_string());
            for item in &custom.bring {
                option("--bring", item);
            }
            if !custom.window.is_default() {
                option("--window", custom.window.name());
            }
            words.extend(allowed.then(|| "--allowed".to_owned()));
        }
        None => way.into_iter().for_each(|way| option("--way", way)),
    }
    words.join(" ")
}

/// The custom way that the cell tried, and whether it is an allowed neighbour.
fn custom<'r>(run: &'r Run, cell: &ScenarioCell) -> Option<(bool, &'r CustomWayRecord)> {
    let scenario = run.environment.scenarios.iter().find(|record| record.name == cell.scenario)?;
    scenario.ways.iter().find_map(|way| Some((way.allowed, way.custom.as_ref()?)))
}

/// `word` for a shell.
fn quoted(word: &str) -> String {
    let word = one_line(word);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-_./:=,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
