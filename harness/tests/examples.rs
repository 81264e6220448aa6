//! The commands that the documentation shows for custom monitors and workloads are run word for word, each page
//! in a folder that has what a clone has.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use common::{HOOKBENCH, Place, text};
use hookbench_results::store::load;

mod common;

/// The pages whose commands are run.
const PAGES: [&str; 3] = ["README.md", "docs/guide/custom-monitor.md", "docs/guide/custom-workload.md"];

/// The programs whose commands are run. Others install something, or are about another machine.
const PROGRAMS: [&str; 2] = ["hookbench ", "clang-19 "];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The commands in the code blocks of a page that name no language, each as one line, without its comment.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix('\n'));
    let joined = blocks.map(|block| block.replace("\\\n", " "));
    let lines: Vec<String> =
        joined.flat_map(|block| block.lines().map(str::to_string).collect::<Vec<_>>()).collect();
    let is_run = |line: &&str| PROGRAMS.iter().any(|program| line.starts_with(program));
    let line_of = |line: &str| line.split("  # ").next().unwrap_or_default().trim().to_string();
    lines.iter().map(String::as_str).filter(is_run).map(line_of).collect()
}

#[test]
fn commands_are_found_in_code_blocks() {
    let page = "a\n\n```\nhookbench run \\\n    --x   # why\nls\n```\n\nhookbench no\n\n```c\nhookbench c\n```\n\n```\nclang-19 a\n```\n";
    assert_eq!(commands(page), ["hookbench run      --x", "clang-19 a"]);
}

/// The commands of the pages, one after the other, with a `hookbench` in `$PATH`. Each has to succeed, and every
/// cell has to be measured or unsupported.
#[test]
fn the_commands_of_the_documentation_work() {
    let place = Place::new();
    for folder in ["docs", "results"] {
        symlink(root().join(folder), place.at(folder)).unwrap();
    }
    fs::create_dir(place.at("bin")).unwrap();
    symlink(HOOKBENCH, place.at("bin/hookbench")).unwrap();
    // A program of the reader.
    fs::copy("/usr/bin/true", place.at("my-test")).unwrap();
    let path = format!("{}:{}", place.at("bin").display(), std::env::var("PATH").unwrap());
    let mut ran = 0;
    for page in PAGES {
        for command in commands(&fs::read_to_string(root().join(page)).unwrap()) {
            let status = place.command("sh").args(["-c", &command]).env("PATH", &path).status().unwrap();
            assert!(status.success(), "{page}: {command}\n{}", place.said());
            ran += 1;
            if command.starts_with("hookbench run") {
                let said = text(&fs::read(place.at("stdout")).unwrap());
                let csv = said.lines().find_map(|line| {
                    line.split("/results.csv").next().filter(|_| line.contains("/results.csv"))
                });
                let run = load(&place.at(csv.unwrap())).unwrap();
                let words: Vec<&str> =
                    run.measurements.iter().map(|measured| measured.outcome.word()).collect();
                assert!(
                    words.iter().all(|word| ["measured", "unsupported"].contains(word)),
                    "{command}: {words:?}"
                );
            }
        }
    }
    assert!(ran >= 12, "only {ran} commands");
}
