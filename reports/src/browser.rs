//! Tests of `report.html` in a browser. Headless Chromium opens the page in two frames, as
//! wide as a phone and as wide as a desktop. `browser.js` uses the page as a reader would
//! and writes its findings into the outer page. Without Chromium the tests fail.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hookbench_results::{Run, store};

use crate::{fixture, html};

/// The names of the browser that `cargo xtask setup` looks for.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const SCRIPT: &str = include_str!("browser.js");

/// Opens the page of `run` and returns the findings of the script, one per line.
fn findings(run: &Run) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let page = html::render(run, &fixture::explanations()).unwrap();
    // Catches errors of the page's script from its first line on.
    let catcher = "<script>window.errors=[];addEventListener('error',e=>errors.push(e.message));\
                   console.error=console.warn=(...words)=>errors.push(words.join(' '));</script></head>";
    fs::write(folder.path().join("report.html"), page.replacen("</head>", catcher, 1)).unwrap();
    let outer = format!("<!DOCTYPE html><body><pre id=\"findings\"></pre><script>{SCRIPT}</script></body>");
    fs::write(folder.path().join("outer.html"), outer).unwrap();
    let dom = dump_dom(&folder.path().join("outer.html"), folder.path());
    let found = dom.split_once("<pre id=\"findings\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    found
        .unwrap_or_else(|| panic!("the script wrote no findings: {dom}"))
        .0
        .lines()
        .map(String::from)
        .collect()
}

/// The document that the browser has after it ran the scripts of `page`.
pub(crate) fn dump_dom(page: &Path, profile: &Path) -> String {
    let missing = "cannot find Chromium, which these tests need; `cargo xtask test` installs it";
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

/// Fails unless every finding begins with `ok` and the last one has their number.
fn assert_all_ok(findings: &[String]) {
    let wrong: Vec<&String> = findings.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let count = findings.len() - 1;
    assert_eq!(findings.last(), Some(&format!("ok all {count}")), "{findings:#?}");
    assert!(count >= 20, "{findings:#?}");
}

#[test]
fn the_page_works_at_the_width_of_a_phone_and_of_a_desktop() {
    assert_all_ok(&findings(&fixture::divided_run()));
}

#[test]
fn the_page_of_thousands_of_cells_works_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/published/full");
    let run = fixture::with_hooks(store::load(&folder).unwrap());
    let size = html::render(&run, &fixture::explanations()).unwrap().len();
    assert!(size < 4 << 20, "the page has {size} bytes");

    assert_all_ok(&findings(&run));
}
