//! `hookbench report`: renders the reports of a stored run again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_reports::explain::{self, ExplanationReport};
use hookbench_reports::{Explanations, IMAGES, RENDERERS, scenario, terminal};
use hookbench_results::store::{load, write_whole};
use hookbench_results::{Run, attachments};

use super::explain::kept;
use super::say;
use crate::verify::described;

/// Arguments of `hookbench report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run
    dir: PathBuf,
}

/// Renders all report files again and prints the table.
///
/// # Errors
/// When the folder holds no run, a picture cannot be drawn, or a file cannot be written.
pub fn report(args: &Args) -> Result<ExitCode> {
    let mut run = load(&args.dir)?;
    described::complete(&mut run);
    render(&run, &args.dir)?;
    say::result(&table(&run))?;
    say_where(&args.dir)?;
    Ok(ExitCode::SUCCESS)
}

/// The run as tables for a terminal.
pub(crate) fn table(run: &Run) -> String {
    if scenario::is_about(run) { scenario::terminal::tables(run) } else { terminal::table(run) }
}

/// Renders all report files of `run` into `folder`.
///
/// # Errors
/// When a picture cannot be drawn, or a file cannot be written.
pub fn render(run: &Run, folder: &Path) -> Result<()> {
    let explanations = explanations(run, folder)?;
    evidence(run, folder)?;
    for renderer in RENDERERS {
        if let Some(text) = (renderer.render)(run, &explanations)? {
            write_whole(&folder.join(renderer.file), text.as_bytes())?;
        }
    }
    for image in IMAGES {
        if let Some(bytes) = (image.render)(run)? {
            write_whole(&folder.join(image.file), &bytes)?;
        }
    }
    Ok(())
}

/// Renders the pages with the evidence for the verdicts of scenarios.
fn evidence(run: &Run, folder: &Path) -> Result<()> {
    for (address, page) in scenario::evidence::pages(run) {
        let path = folder.join(address);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .with_context(|| format!("failed to create the folder {}", parent.display()))?;
        write_whole(&path, page.as_bytes())?;
    }
    Ok(())
}

/// The folder of the pages that explain cells.
const EXPLANATIONS: &str = "explain";

/// Renders a page for each cell of which the run kept an explanation. Returns the pages' addresses, by cell.
fn explanations(run: &Run, folder: &Path) -> Result<Explanations> {
    let mut pages = Explanations::new();
    for cell in run.measurements.iter().map(|measurement| &measurement.cell) {
        let Some(explained) = kept::read(folder, cell)? else { continue };
        let page = explain::page(&ExplanationReport { of: &explained, against: None })?;
        let address = format!("{EXPLANATIONS}/{}.html", attachments::file_name(cell));
        let path = folder.join(&address);
        fs::create_dir_all(folder.join(EXPLANATIONS))
            .with_context(|| format!("failed to create a folder for {}", path.display()))?;
        write_whole(&path, page.as_bytes())?;
        pages.insert(cell.to_string(), address);
    }
    Ok(pages)
}

/// Lists the rendered files in `folder`.
///
/// # Errors
/// When the write to standard output fails.
pub(crate) fn say_where(folder: &Path) -> Result<()> {
    let texts = RENDERERS.iter().map(|renderer| (renderer.file, renderer.about));
    let all = texts.chain(IMAGES.iter().map(|image| (image.file, image.about)));
    for (file, about) in all.filter(|(file, _)| folder.join(file).exists()) {
        say::result(&format!("{}  {about}\n", folder.join(file).display()))?;
    }
    Ok(())
}
