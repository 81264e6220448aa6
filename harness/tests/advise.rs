//! `hookbench advise` over the published runs: known facts, exit codes, and where the runs come from.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs the command in `folder`.
fn advise_in(folder: &Path, arguments: &str) -> Output {
    let words = shlex::split(arguments).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookbench"));
    command.current_dir(folder).arg("advise").args(words).output().unwrap()
}

/// The answers over the published runs, and the exit code.
fn answers(arguments: &str) -> (Vec<Value>, Option<i32>) {
    let output = advise_in(workspace(), &format!("{arguments} --json"));
    let text = String::from_utf8(output.stdout).unwrap();
    let advice: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (advice["answers"].as_array().unwrap().clone(), output.status.code())
}

fn policies(candidates: &Value) -> Vec<&str> {
    candidates.as_array().unwrap().iter().map(|one| one["policy"].as_str().unwrap()).collect()
}

/// The policy that does not qualify, with its reasons as text.
fn reasons(answer: &Value, policy: &str) -> String {
    let others = answer["others"].as_array().unwrap();
    let other =
        others.iter().find(|one| one["policy"] == policy).unwrap_or_else(|| panic!("{policy}: {answer}"));
    other["reasons"].to_string()
}

#[test]
fn user_namespaces_are_denied_by_the_hook_and_not_by_a_textbook_filter() {
    let (answers, code) = answers("--deny userns --kernel 6.1");
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    let qualifying = answer["qualifying"].as_array().unwrap();
    let hook = qualifying.iter().find(|one| one["policy"] == "bpf-lsm+deny").unwrap();
    assert_eq!(hook["cell"], "6.1/userns/bpf-lsm+deny");
    assert_eq!(hook["file"]["path"], "probes/policies/userns/bpf-lsm.bpf.c");
    assert!(hook["cost"]["instructions"].as_i64().is_some_and(|number| number > 0), "{hook}");
    let filter = reasons(answer, "seccomp+deny");
    for way in ["int80-unshare", "int80-clone3", "clone-vm", "unshare-files"] {
        assert!(filter.contains(way), "{filter}");
    }
    assert!(reasons(answer, "landlock+deny").contains("unsupported"));
    assert_eq!(code, Some(0));
}

#[test]
fn a_program_in_user_space_passes_all_policies_against_exec() {
    let (answers, code) = answers("--deny exec --kernel 6.1");
    let answer = &answers[0];
    assert!(policies(&answer["qualifying"]).is_empty());
    assert_eq!(answer["nobody_stops"], serde_json::json!(["userland"]));
    // IMA stops the most ways, and the allowed neighbour that it has no label for.
    assert_eq!(answer["nearest"][0], "ima+deny[complete]");
    assert_eq!(code, Some(3));
}

#[test]
fn fast_open_passes_the_textbook_hook_of_connect() {
    let (answers, _) = answers("--deny connect --kernel 6.1");
    assert!(policies(&answers[0]["qualifying"]).contains(&"bpf-lsm+deny[complete]"));
    let textbook = reasons(&answers[0], "bpf-lsm+deny");
    assert!(textbook.contains("fast-open-sendto") && textbook.contains("uring-fast-open"), "{textbook}");
}

#[test]
fn the_question_of_the_readme_has_two_answers_on_each_kernel() {
    let (answers, code) = answers("--watch exec,userns --deny userns --kernel 6.1,7.3 --max-cost 2%");
    let goal =
        |answer: &Value| format!("{}/{}", answer["kernel"], answer["goal"]["scenario"]).replace('"', "");
    let goals: Vec<String> = answers.iter().map(goal).collect();
    assert_eq!(goals, ["6.1/exec", "6.1/userns", "7.3/exec", "7.3/userns"]);
    assert!(policies(&answers[1]["qualifying"]).contains(&"bpf-lsm+deny"));
    // Nobody sees a program that is loaded in user space.
    assert_eq!(code, Some(3));
}

#[test]
fn text_and_markdown_name_the_cells() {
    for format in ["", "--markdown"] {
        let output = advise_in(workspace(), &format!("--against userns {format}"));
        let text = String::from_utf8_lossy(&output.stdout);
        for part in
            ["6.1/userns/bpf-lsm+deny", "hookbench scenario policy userns bpf-lsm+deny > bpf-lsm.bpf.c"]
        {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn runs_are_named_by_folders_or_files_and_must_be_there() {
    let place = tempfile::tempdir().unwrap();
    let said = |arguments: &str| {
        let output = advise_in(place.path(), arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, error) = said("--deny userns");
    assert!(
        code == Some(2) && error.contains("hookbench scenario run") && error.contains("--from"),
        "{error}"
    );
    let scenarios = workspace().join("results/published/scenarios");
    let scenarios = scenarios.display();
    assert_eq!(said(&format!("--deny userns --from {scenarios}")).0, Some(0));
    assert_eq!(said(&format!("--deny userns --from {scenarios}/run.json")).0, Some(0));
    // Nothing that denies is free.
    assert_eq!(said(&format!("--deny userns --from {scenarios} --max-cost 0")).0, Some(3));
    let (code, error) = said(&format!("--deny userns --kernel 2.6 --from {scenarios}"));
    assert!(code == Some(2) && error.contains("known kernels: 5.10"), "{error}");
    let (code, error) = said(&format!("--deny levitation --from {scenarios}"));
    assert!(code == Some(2) && error.contains("known scenarios: userns"), "{error}");
    assert_eq!(said("--deny userns --from nothing").0, Some(2));
}
