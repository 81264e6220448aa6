//! The page of claims is what the published results say.

use std::path::Path;
use std::process::Command;

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn the_page_of_claims_is_made_from_the_published_results() {
    let results = workspace().join("results/published/scenarios");
    let printed = Command::new(env!("CARGO_BIN_EXE_hookbench"))
        .args(["scenario", "claims"])
        .arg(&results)
        .arg("--races")
        .arg(results.join("races.json"))
        .arg("--mitigations")
        .arg(results.join("mitigations.json"))
        .arg("--privileges")
        .arg(results.join("privileges.json"))
        .output()
        .unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let page = std::fs::read_to_string(workspace().join("docs/claims.md")).unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout), page, "cargo xtask reference writes it");
}
