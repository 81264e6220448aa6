//! `hookbench scenario list`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_scenarios::{Kind, Need, PolicyName, SCENARIOS, Scenario, Way};
use serde_json::{Value, json};

use crate::cmd::say;

/// Arguments of `hookbench scenario list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON, with all ways, in place of tables
    #[arg(long)]
    json: bool,
}

/// Prints the scenarios and the policies.
///
/// # Errors
/// When the write to standard output fails.
pub(super) fn list(args: &Args) -> Result<ExitCode> {
    let text = match args.json {
        true => serde_json::to_string_pretty(&described()).context("failed to render the list")? + "\n",
        false => tables(),
    };
    say::result(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The scenarios with their ways, and the policies, for people.
fn tables() -> String {
    let mut text = String::new();
    for scenario in SCENARIOS {
        let (ways, allowed) = counts(scenario);
        text += &format!("{}  {ways} ways, {allowed} allowed  {}\n", scenario.name, scenario.about);
        let rows = scenario.ways.iter().map(|way| [way.name.to_owned(), needs(way), way.about.to_owned()]);
        text += &table("  ", &rows.collect::<Vec<_>>());
    }
    text += "\npolicies\n";
    let rows = PolicyName::all()
        .map(|name| [name.to_string(), name.policy.action.to_string(), name.policy.about.to_owned()]);
    text + &table("  ", &rows.collect::<Vec<_>>())
}

fn counts(scenario: &Scenario) -> (usize, usize) {
    let allowed = scenario.ways.iter().filter(|way| way.kind == Kind::Allowed).count();
    (scenario.ways.len() - allowed, allowed)
}

fn table(indent: &str, rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let line =
        |[name, needs, about]: &[String; 3]| format!("{indent}{name:first$}  {needs:second$}  {about}\n");
    rows.iter().map(line).collect()
}

/// Who runs the way, and which modules it needs.
fn needs(way: &Way) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend((way.kind == Kind::Allowed).then(|| "allowed".into()));
    words.extend(way.as_root.then(|| "root".into()));
    words.extend(way.needs.iter().map(|need| match need {
        Need::Loaded(name) => (*name).to_owned(),
        Need::ModuleFile(name) | Need::BuiltModule(name) => format!("{name}.ko"),
        Need::CompressedModuleFile(name) => format!("{name}.ko.xz"),
    }));
    words.join(", ")
}

fn described() -> Value {
    let way = |way: &Way| {
        json!({
            "name": way.name, "about": way.about, "allowed": way.kind == Kind::Allowed,
            "as_root": way.as_root, "needs": needs(way),
        })
    };
    let scenarios = SCENARIOS.iter().map(|scenario| {
        let ways: Vec<Value> = scenario.ways.iter().map(|one| way(one)).collect();
        json!({
            "name": scenario.name, "about": scenario.about, "effect": scenario.effect, "ways": ways,
        })
    });
    let policies = PolicyName::all().map(|name| {
        json!({
            "name": name.to_string(), "mechanism": name.policy.mechanism, "action": name.policy.action,
            "grade": name.grade, "about": name.policy.about,
        })
    });
    json!({"scenarios": scenarios.collect::<Vec<_>>(), "policies": policies.collect::<Vec<_>>()})
}
