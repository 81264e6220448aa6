//! Every test that `docs/RELIABILITY.md` names for a promise exists.

use std::fs;
use std::path::{Path, PathBuf};

/// All Rust sources below `folder`, as one text.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let rust = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let own = rust.map(|path| fs::read_to_string(path).unwrap());
    own.chain(folders.iter().map(|folder| sources(folder))).collect()
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(root.join("docs/RELIABILITY.md")).unwrap();
    let crates = ["results", "workloads", "probes", "vm", "reports", "agent", "harness", "xtask"];
    let sources: String = crates.iter().map(|name| sources(&root.join(name))).collect();
    // Among the code spans of the document, names with many words are names of tests.
    let code = document.split('`').skip(1).step_by(2);
    let names: Vec<&str> = code.filter(|code| code.matches('_').count() > 2).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "no test is called {name}");
    }
}
