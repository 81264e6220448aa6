//! The page of claims is what the published results say.

use std::path::Path;
use std::process::Command;

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The options of the experiments, and their published files.
const EXPERIMENTS: [(&str, &str); 4] = [
    ("--races", "races.json"),
    ("--mitigations", "mitigations.json"),
    ("--privileges", "privileges.json"),
    ("--reactions", "reactions.json"),
];

#[test]
fn the_page_of_claims_is_made_from_the_published_results() {
    let results = workspace().join("results/published/scenarios");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookbench"));
    command.args(["scenario", "claims"]).arg(&results);
    for (option, file) in EXPERIMENTS {
        let file = results.join(file);
        if file.exists() {
            command.arg(option).arg(file);
        }
    }
    let printed = command.output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let page = std::fs::read_to_string(workspace().join("docs/claims.md")).unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout), page, "cargo xtask reference writes it");
}
