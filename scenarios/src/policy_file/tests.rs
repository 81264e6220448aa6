//! Committed files are what the tables say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{PolicyFile, policy_file};
use crate::{PolicyName, SCENARIOS};

/// The folder of the policies.
const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../probes/policies");
/// Set to `write`, it has the test write the files in place of comparing them.
const VARIABLE: &str = "HOOKBENCH_POLICIES";

#[test]
fn committed_policies_are_what_the_tables_say() {
    let is_writing = std::env::var_os(VARIABLE).is_some_and(|value| value == "write");
    for scenario in SCENARIOS {
        let files: BTreeMap<String, String> = PolicyName::all()
            .filter_map(|name| policy_file(scenario, name))
            .filter(|file| !file.name.ends_with(".bpf.c"))
            .map(|PolicyFile { name, text }| (name, text))
            .collect();
        let folder = Path::new(POLICIES).join(scenario.policy);
        for (name, text) in files {
            let path = folder.join(name);
            if is_writing {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, text).unwrap();
            } else {
                let committed = fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(committed, text, "{}: run the test with {VARIABLE}=write", path.display());
            }
        }
    }
}

#[test]
fn every_profile_is_json() {
    for scenario in SCENARIOS {
        for file in PolicyName::all().filter_map(|name| policy_file(scenario, name)) {
            if file.name.ends_with(".json") {
                let read: Result<serde_json::Value, _> = serde_json::from_str(&file.text);
                assert!(read.is_ok(), "{}: {read:?}", file.text);
            }
        }
    }
}
