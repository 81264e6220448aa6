//! Tests of `report.html` in a browser: headless Chromium opens the page in a frame as
//! wide as a phone and as wide as a desk, a script of ours uses it as a reader would,
//! and what it saw comes back in the page's own markup. Without Chromium they fail.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hookbench_results::{Run, store};

use crate::{fixture, html};

/// What the browser may be called, as `cargo xtask setup` looks for it.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const SCRIPT: &str = include_str!("browser.js");

/// Opens the page of `run` and gives what the script said, a line each.
fn used(run: &Run) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let page = html::render(run);
    // Errors of the page's own script are caught from its first line on.
    let catcher = "<script>window.errors=[];addEventListener('error',e=>errors.push(e.message));\
                   console.error=console.warn=(...words)=>errors.push(words.join(' '));</script></head>";
    fs::write(folder.path().join("report.html"), page.replacen("</head>", catcher, 1)).unwrap();
    let outer = format!("<!DOCTYPE html><body><pre id=\"said\"></pre><script>{SCRIPT}</script></body>");
    fs::write(folder.path().join("outer.html"), outer).unwrap();
    let dom = opened(&folder.path().join("outer.html"), folder.path());
    let said = dom.split_once("<pre id=\"said\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    said.unwrap_or_else(|| panic!("the browser said nothing: {dom}")).0.lines().map(String::from).collect()
}

fn opened(page: &Path, profile: &Path) -> String {
    let missing = "no Chromium, in which the report is tested; `cargo xtask test` installs it";
    let found = BROWSERS.iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    let output = Command::new(found.expect(missing))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--allow-file-access-from-files", "--window-size=1600,1200", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", profile.join("profile").display()))
        .arg(format!("--timeout={}", Duration::from_secs(100).as_millis()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every line has to begin with `ok`, and the last says how many there are.
fn all_is_well(said: &[String]) {
    let wrong: Vec<&String> = said.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let count = said.len() - 1;
    assert_eq!(said.last(), Some(&format!("ok all {count}")), "{said:#?}");
    assert!(count >= 20, "{said:#?}");
}

#[test]
fn a_page_is_used_without_an_error_at_the_width_of_a_phone_and_of_a_desk() {
    all_is_well(&used(&fixture::synthetic_run()));
}

#[test]
fn the_page_of_thousands_of_cells_is_used_the_same_way() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published/full");
    let run = store::load(&folder).unwrap();
    let size = html::render(&run).len();
    assert!(size < 4 << 20, "the page has {size} bytes");
    all_is_well(&used(&run));
}
