//! Reports: the results of a run for a terminal, a tracker, a browser and a script.
//!
//! Everything here is a pure function of a [`Run`]: nothing reads or writes a file, and
//! equal runs give equal bytes. A format is one file and one row in [`RENDERERS`].

use std::collections::BTreeMap;

use hookbench_results::Run;

use plot::DrawError;

pub mod advice;
pub mod calibration;
pub mod cell_columns;
pub mod columns;
pub mod comment;
pub mod compare;
pub mod correlate;
pub mod cost;
pub mod csv;
pub mod decision;
pub mod default_kernel;
pub mod environment;
pub mod explain;
pub mod export;
pub mod full_tables;
pub mod history;
pub mod html;
pub mod literature;
pub mod loading;
pub mod markdown;
pub mod matrix;
pub mod noise;
pub mod plot;
pub mod scenario;
pub mod section;
pub mod summary;
pub mod sweep;
pub mod terminal;
pub mod text;
pub mod undivided;

#[cfg(test)]
mod browser;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
#[cfg(test)]
mod hostile;

/// The pages in a run's folder that explain the cost of a cell, function by function: the
/// cell's name, and the page's address relative to the folder. Most runs have none.
pub type Explanations = BTreeMap<String, String>;

/// A text format that a run is written in.
#[derive(Debug, Clone, Copy)]
pub struct Renderer {
    /// The file's name in the run's folder.
    pub file: &'static str,
    /// What the file is for, in one line.
    pub about: &'static str,
    /// Returns the content of the file; `None` when the run has nothing to show in it.
    /// Formats with links link costs to their explanations.
    pub render: fn(&Run, &Explanations) -> Result<Option<String>, DrawError>,
}

/// All text files that hookbench renders of a run.
pub static RENDERERS: &[Renderer] = &[
    Renderer {
        file: "results.csv",
        about: "one line per cell, for scripts",
        render: |run, _| Ok((!scenario::is_about(run)).then(|| csv::render(run))),
    },
    Renderer {
        file: "scenarios.csv",
        about: "one line per way and cell, for scripts",
        render: |run, _| Ok((!run.scenarios.is_empty()).then(|| scenario::csv::render(run))),
    },
    Renderer {
        file: "report.md",
        about: "the answer and all tables, as text",
        render: |run, _| Ok(Some(report_md(run))),
    },
    Renderer {
        file: "comment.md",
        about: "the same, short enough for a comment on a pull request",
        render: |run, _| Ok((!scenario::is_about(run)).then(|| comment::render(run))),
    },
    Renderer {
        file: "report.html",
        about: "the answer, plots and all tables, in one file",
        render: |run, explanations| report_html(run, explanations).map(Some),
    },
    Renderer {
        file: "picture.svg",
        about: "the opening picture alone, for a page or a slide",
        render: |run, _| plot::opening_svg(run),
    },
];

fn report_md(run: &Run) -> String {
    if scenario::is_about(run) { scenario::markdown::render(run) } else { markdown::render(run) }
}

fn report_html(run: &Run, explanations: &Explanations) -> Result<String, DrawError> {
    if scenario::is_about(run) { Ok(scenario::html::render(run)) } else { html::render(run, explanations) }
}

/// A binary format that a run is written in.
#[derive(Debug, Clone, Copy)]
pub struct ImageRenderer {
    /// The file's name in the run's folder.
    pub file: &'static str,
    /// What the file is for, in one line.
    pub about: &'static str,
    /// Returns the content of the file; `None` when the run has nothing to show in it.
    pub render: fn(&Run) -> Result<Option<Vec<u8>>, DrawError>,
}

/// All pixel images that hookbench renders of a run.
pub static IMAGES: &[ImageRenderer] = &[ImageRenderer {
    file: "picture.png",
    about: "the opening picture as pixels, for viewers without SVG",
    render: plot::opening_png,
}];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_renderer_matches_its_golden_file() {
        let (run, explanations) = (fixture::divided_run(), fixture::explanations());
        for renderer in RENDERERS {
            let content = (renderer.render)(&run, &explanations).unwrap();
            // The comment on a run as small as this one is the whole report.
            if renderer.file == "comment.md" {
                assert_eq!(content, Some(markdown::render(&run)));
                continue;
            }
            // The CSV of the run without attributions is the golden file of that format.
            if !["results.csv", "scenarios.csv"].contains(&renderer.file) {
                insta::assert_snapshot!(renderer.file, content.unwrap_or_default());
            }
        }
        insta::assert_snapshot!("terminal", terminal::table(&run));
    }

    #[test]
    fn a_run_of_an_older_hookbench_matches_its_golden_files() {
        let run = fixture::synthetic_run();
        insta::assert_snapshot!("results.csv", csv::render(&run));
        insta::assert_snapshot!("older-report.md", markdown::render(&run));
        insta::assert_snapshot!("older-terminal", terminal::table(&run));
    }

    fn render_all(run: &Run) -> Vec<String> {
        let mut all: Vec<String> = RENDERERS
            .iter()
            .filter_map(|renderer| (renderer.render)(run, &Explanations::new()).unwrap())
            .collect();
        all.push(terminal::table(run));
        all
    }

    #[test]
    fn a_run_without_numbers_is_rendered() {
        let mut run = fixture::synthetic_run();
        run.measurements.retain(|measurement| measurement.measured().is_none());
        assert!(!run.measurements.is_empty());
        render_all(&run);
        run.measurements.clear();
        render_all(&run);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_run_is_rendered_and_equal_runs_give_equal_bytes(run in fixture::any::any_run()) {
            let all = render_all(&run);
            prop_assert_eq!(all, render_all(&run.clone()));
            for line in terminal::table(&run).lines() {
                prop_assert!(columns::width(line) <= terminal::WIDTH, "{}", line);
            }
            let html = html::render(&run, &Explanations::new()).unwrap();
            let escape = html.contains('\u{1b}');
            prop_assert!(html.matches("<script").count() == 1 && !escape);
        }
    }
}
