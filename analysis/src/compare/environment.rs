//! Compares the environments of two runs. It walks the serialised environment, so a new
//! field is compared without a change here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::sides::BaseAndNew;
use hookbench_model::History;
use hookbench_results::{Environment, Run};

/// A fact about the environment that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentDifference {
    /// Its path in `run.json`: `kernels 6.1 version`.
    pub what: String,
    /// Its values; `None` if a run does not have it.
    #[serde(flatten)]
    pub values: BaseAndNew<Option<String>>,
}

/// Returns the facts that differ, sorted by name.
pub(super) fn differences(base: &Run, new: &Run) -> Vec<EnvironmentDifference> {
    let (mut base_facts, mut new_facts) = (facts(&base.environment), facts(&new.environment));
    base_facts.insert("guests".into(), histories(base));
    new_facts.insert("guests".into(), histories(new));
    let names: BTreeSet<&String> = base_facts.keys().chain(new_facts.keys()).collect();
    let differing = names.into_iter().filter(|name| base_facts.get(*name) != new_facts.get(*name));
    let value = |facts: &BTreeMap<String, String>, name| facts.get(name).cloned();
    differing
        .map(|name| EnvironmentDifference {
            what: name.clone(),
            values: BaseAndNew { base: value(&base_facts, name), new: value(&new_facts, name) },
        })
        .collect()
}

/// Lists whether guests were cold or restored, because the same cell may cost differently.
fn histories(run: &Run) -> String {
    let words = run.measurements.iter().filter_map(|measurement| measurement.history);
    let words: BTreeSet<&str> = words.map(History::name).collect();
    words.into_iter().collect::<Vec<_>>().join(", ")
}

fn facts(environment: &Environment) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    // An environment has only numbers, text and lists, so this cannot fail.
    if let Ok(value) = serde_json::to_value(environment) {
        walk("", &value, &mut facts);
    }
    facts
}

/// Adds the facts in `value`, whose name is `name`, to `facts`.
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

/// Returns the name and the rest of a list entry: a record with a `name`, or a pair.
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
        Run {
            schema: 1,
            plan: "test".into(),
            shard: None,
            environment,
            measurements: Vec::new(),
            scenarios: Vec::new(),
        }
    }

    fn described(base: Environment, new: Environment) -> Vec<String> {
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
            described(base.clone(), new),
            [
                "image packages auditd: - 1:4",
                "kernels 6.1 boot lines lean: quiet v=6.1.1 quiet v=6.1.2",
                "kernels 6.1 version: 6.1.1 6.1.2",
                "machine: - -cpu max",
                "memory mib: 256 512",
            ]
        );
        assert!(described(base.clone(), base).is_empty());
    }
}
