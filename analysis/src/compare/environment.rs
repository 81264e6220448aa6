//! What made two runs' numbers, beside each other. It walks all that a run records
//! of its environment, so that nothing that is recorded is forgotten here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Sides;
use hookbench_model::History;
use hookbench_results::{Environment, Run};

/// One thing that is not the same in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is, as `run.json` calls it: `kernels 6.1 version`.
    pub what: String,
    /// What it is in each; nothing where it is not there.
    #[serde(flatten)]
    pub values: Sides<Option<String>>,
}

/// What differs between what made `base` and what made `new`, by its name.
pub(super) fn differences(base: &Run, new: &Run) -> Vec<Difference> {
    let (mut base_facts, mut new_facts) = (facts(&base.environment), facts(&new.environment));
    base_facts.insert("guests".into(), histories(base));
    new_facts.insert("guests".into(), histories(new));
    let names: BTreeSet<&String> = base_facts.keys().chain(new_facts.keys()).collect();
    let differing = names.into_iter().filter(|name| base_facts.get(*name) != new_facts.get(*name));
    let value = |facts: &BTreeMap<String, String>, name| facts.get(name).cloned();
    differing
        .map(|name| Difference {
            what: name.clone(),
            values: Sides { base: value(&base_facts, name), new: value(&new_facts, name) },
        })
        .collect()
}

/// What the guests had behind them: the same cell may differ between the two.
fn histories(run: &Run) -> String {
    let words = run.measurements.iter().filter_map(|measurement| measurement.history);
    let words: BTreeSet<&str> = words.map(History::name).collect();
    words.into_iter().collect::<Vec<_>>().join(", ")
}

fn facts(environment: &Environment) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    // An environment is only numbers, text, and lists of them: it is always JSON.
    if let Ok(value) = serde_json::to_value(environment) {
        walk("", &value, &mut facts);
    }
    facts
}

fn walk(name: &str, value: &Value, facts: &mut BTreeMap<String, String>) {
    let below = |part: &str| {
        let part = part.replace('_', " ");
        if name.is_empty() { part } else { format!("{name} {part}") }
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(part, value)| walk(&below(part), value, facts)),
        Value::Array(items) if items.iter().all(|item| keyed(item).is_some()) => {
            for (key, value) in items.iter().filter_map(keyed) {
                walk(&below(&key), &value, facts);
            }
        }
        Value::Array(items) => {
            facts.insert(name.into(), items.iter().map(plain).collect::<Vec<_>>().join(" "));
        }
        Value::Null => {}
        other => {
            facts.insert(name.into(), plain(other));
        }
    }
}

/// An entry of a list that has a name: a record with a `name`, or a pair.
fn keyed(item: &Value) -> Option<(String, Value)> {
    match item {
        Value::Object(fields) => {
            let key = fields.get("name")?.as_str()?.to_string();
            let rest = fields.iter().filter(|(field, _)| *field != "name");
            Some((key, Value::Object(rest.map(|(field, value)| (field.clone(), value.clone())).collect())))
        }
        Value::Array(pair) => match &pair[..] {
            [key, value] => Some((plain(key), value.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_results::environment::KernelRecord;

    fn run(environment: Environment) -> Run {
        Run { schema: 1, plan: "test".into(), shard: None, environment, measurements: Vec::new() }
    }

    fn said(base: Environment, new: Environment) -> Vec<String> {
        let differences = differences(&run(base), &run(new));
        let value = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        differences
            .into_iter()
            .map(|d| format!("{}: {} {}", d.what, value(d.values.base), value(d.values.new)))
            .collect()
    }

    #[test]
    fn each_field_is_compared_by_its_name() {
        let kernel = |version: &str| KernelRecord {
            name: "6.1".into(),
            version: version.into(),
            boot_lines: vec![("lean".into(), format!("quiet v={version}"))],
            ..KernelRecord::default()
        };
        let base = Environment { kernels: vec![kernel("6.1.1")], memory_mib: 256, ..Environment::default() };
        let mut new =
            Environment { kernels: vec![kernel("6.1.2")], memory_mib: 512, ..Environment::default() };
        new.image.packages = vec![("auditd".into(), "1:4".into())];
        new.machine = vec!["-cpu".into(), "max".into()];
        assert_eq!(
            said(base.clone(), new),
            [
                "image packages auditd: - 1:4",
                "kernels 6.1 boot lines lean: quiet v=6.1.1 quiet v=6.1.2",
                "kernels 6.1 version: 6.1.1 6.1.2",
                "machine: - -cpu max",
                "memory mib: 256 512",
            ]
        );
        assert!(said(base.clone(), base).is_empty());
    }
}
