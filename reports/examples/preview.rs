//! Writes the reports of a synthetic run into a folder, to look at them while changing a
//! renderer. `cargo run -p hookbench-reports --example preview -- DIR` writes
//! `report.html`, `picture.svg`, `picture.png` and all other files of a run,
//! `older-report.html` of a run whose costs are not divided, `comparison.html`, and `scenarios.html`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_analysis::gate::{Gate, GateRules};
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_reports::{Explanations, IMAGES, RENDERERS, fixture, html};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("name the folder to write to: preview DIR")?;
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    for (name, content) in previews()? {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

type NamedFile = (&'static str, Vec<u8>);

/// The names and contents of all files.
fn previews() -> Result<Vec<NamedFile>, Box<dyn Error>> {
    let run = fixture::divided_run();
    let mut files = Vec::new();
    for renderer in RENDERERS {
        files.extend(
            (renderer.render)(&run, &fixture::explanations())?.map(|text| (renderer.file, text.into_bytes())),
        );
    }
    for image in IMAGES {
        files.extend((image.render)(&run)?.map(|bytes| (image.file, bytes)));
    }
    let run = fixture::synthetic_run();
    files.push(("older-report.html", html::render(&run, &Explanations::new())?.into_bytes()));
    let scenarios = fixture::scenario_run();
    files.push(("scenarios.html", hookbench_reports::scenario::html::render(&scenarios).into_bytes()));
    let comparison = Comparison::new(&run, &fixture::remeasured_run(&run));
    let gate = Gate::judge(&comparison, &GateRules::default())?;
    let report = ComparisonReport {
        names: BaseAndNew { base: "the synthetic run", new: "the same with changes" },
        comparison: &comparison,
        gate: Some(&gate),
        all: false,
        most: None,
    };
    let html = FORMATS.iter().find(|format| format.name == "html").ok_or("no HTML format")?;
    files.push((html.file, (html.render)(&report).into_bytes()));
    Ok(files)
}
