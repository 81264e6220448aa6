//! The documentation is current: the tests that it names exist, and its tables list the
//! exit codes, environment variables and columns that hookbench has. The reference of the
//! command line has its test in `harness/src/cmd/reference.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hookbench::cmd::cli::command;
use hookbench_reports::csv::COLUMNS;

const CRATES: &[&str] = &[
    "agent",
    "analysis",
    "harness",
    "model",
    "plan",
    "probes",
    "properties",
    "reports",
    "results",
    "scenarios",
    "vm",
    "vm/plugin",
    "workloads",
    "xtask",
];

/// The beginnings of the names of variables that only cargo sets, for build scripts.
const OF_BUILD_SCRIPTS: &[&str] = &["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_DIR", "DEP_", "OUT_DIR"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// All Rust sources below `folder`, as one text.
fn sources_below(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let rust = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let sources = rust.map(|path| fs::read_to_string(path).unwrap());
    sources.chain(folders.iter().map(|folder| sources_below(folder))).collect()
}

fn sources() -> String {
    CRATES.iter().map(|name| sources_below(&root().join(name))).collect()
}

/// The code spans of a page.
fn code_spans(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2)
}

/// The first column of the tables in `part`, without headers, in order.
fn first_column(part: &str) -> Vec<&str> {
    part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// The part of a page below the heading `title`.
fn section<'p>(page: &'p str, title: &str) -> &'p str {
    let (_, after) = page.split_once(&format!("\n## {title}\n")).expect(title);
    after.split("\n## ").next().unwrap()
}

/// The upper-case names that follow `before` in `text`.
fn names_after<'t>(text: &'t str, before: &str) -> impl Iterator<Item = &'t str> {
    let end = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    text.split(before).skip(1).map(move |rest| rest.split(end).next().unwrap_or_default())
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let (document, sources) = (page("RELIABILITY.md"), sources());
    // Among the code spans of the document, names with many words are names of tests.
    let names: Vec<&str> = code_spans(&document).filter(|code| code.matches('_').count() > 2).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "no test is called {name}");
    }
}

#[test]
fn the_page_on_exit_codes_lists_those_of_the_help() {
    let (page, command) = (page("reference/exit-codes.md"), command());
    let bisect_step = command.find_subcommand("bisect-step").unwrap();
    for (title, command) in [("hookbench", &command), ("hookbench bisect-step", bisect_step)] {
        let help = command.get_after_help().unwrap().to_string();
        let codes =
            help.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.parse::<u8>().ok());
        let listed = first_column(section(&page, title)).into_iter().map(|code| code.parse::<u8>().unwrap());
        assert_eq!(listed.collect::<BTreeSet<u8>>(), codes.collect(), "{title}");
    }
}

#[test]
fn the_page_on_environment_variables_lists_every_variable_that_the_sources_name() {
    let (page, sources) = (page("reference/environment.md"), sources());
    let listed: BTreeSet<&str> = code_spans(&page).collect();
    let ours = names_after(&sources, "\"HOOKBENCH_").map(|name| format!("HOOKBENCH_{name}"));
    let read = ["var(\"", "var_os(\"", "rerun-if-env-changed="];
    let read = read.into_iter().flat_map(|before| names_after(&sources, before)).map(String::from);
    let names: BTreeSet<String> =
        ours.chain(read).filter(|name| !name.ends_with('_') && !name.is_empty()).collect();
    assert!(names.contains("HOOKBENCH_CACHE") && names.contains("CLANG"), "{names:?}");
    for name in names {
        let of_build = OF_BUILD_SCRIPTS.iter().any(|start| name.starts_with(start));
        assert!(of_build || listed.contains(&*name), "docs/reference/environment.md lacks {name}");
    }
}

#[test]
fn every_environment_variable_on_its_page_exists() {
    let page = page("reference/environment.md");
    let script = fs::read_to_string(root().join("docs/scale/slurm.sbatch")).unwrap();
    let sources = sources();
    let listed = first_column(&page);
    assert!(listed.len() > 15, "{listed:?}");
    for name in listed {
        let by_library = name == "TMPDIR" && sources.contains("temp_dir()");
        let is_named = sources.contains(&format!("\"{name}\""));
        assert!(by_library || is_named || script.contains(&format!("${{{name}:")), "nothing reads {name}");
    }
}

#[test]
fn the_page_on_results_csv_lists_its_columns_in_order() {
    assert_eq!(first_column(&page("reference/results-csv.md")), COLUMNS);
}
