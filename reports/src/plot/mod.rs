//! The pictures, as SVG drawn by plotters: what each monitor adds, and how its
//! operations are distributed. Which picture shows what; pixels are in
//! `canvas`, axes in `scale`, the reports that show them elsewhere.

use hookbench_results::Run;

use crate::section::{self, Section};
use crate::{summary, text};

mod bars;
mod canvas;
mod colour;
mod curves;
mod font;
mod history;
mod png;
mod scale;
mod spread;

pub use bars::added;
pub use colour::css_of_mechanism as colour;
pub use curves::curves;
pub use font::register as register_font;
pub use history::history;
pub use png::opening_png;
pub use spread::{LEGEND, spread};

/// The width of a picture that stands beside another or on a phone, in pixels.
pub const NARROW: u32 = 420;
/// The width of a picture that has a page to itself, in pixels.
pub const WIDE: u32 = 860;

/// The opening picture as a file of its own: what each monitor adds to one
/// operation, on a light background. `None` when the run has no such number.
pub fn opening_svg(run: &Run) -> Option<String> {
    let sections = section::sections(run);
    let section = summary::headline(&sections)?;
    Some(alone(&added(section, WIDE), &added_title(section)))
}

/// `svg` as a file of its own: with a title and a light background.
fn alone(svg: &str, title: &str) -> String {
    let (tag, content) = svg.split_at(svg.find('>').map_or(0, |end| end + 1));
    format!(
        "{tag}\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>{content}",
        xml(title)
    )
}

/// What the picture of [`added`] shows, in one line.
pub fn added_title(section: &Section<'_>) -> String {
    let (operation, place) = (section.operation(), section.place());
    format!(
        "{} added to one {operation} by each monitor ({place}, clock: {})",
        section.clock.unit(),
        section.clock.name()
    )
}

/// What the picture of [`spread`] shows, in one line.
pub fn spread_title(section: &Section<'_>) -> String {
    let (operation, place) = (section.operation(), section.place());
    format!(
        "{} by which one {operation} differs from its median under each monitor ({place}, clock: {})",
        section.clock.unit(),
        section.clock.name()
    )
}

/// `svg` for a page: as wide as its place, with `label` for those who cannot see it,
/// and without what the page's style says of all pictures.
pub fn inline(svg: &str, label: &str) -> String {
    let Some((_, rest)) = svg.split_once(" viewBox=") else { return String::new() };
    let mut rest = rest.to_string();
    for said in SAID_BY_STYLE {
        rest = rest.replace(said, "");
    }
    format!("<svg role=\"img\" aria-label=\"{}\" viewBox={rest}", xml(label))
}

/// What plotters writes at every shape, and is so in any case or by `style.css`.
const SAID_BY_STYLE: [&str; 5] = [
    " opacity=\"1\"",
    " stroke=\"none\"",
    " font-family=\"sans-serif\"",
    " font-size=\"13.000000000000002\"",
    " xmlns=\"http://www.w3.org/2000/svg\"",
];

fn xml(foreign: &str) -> String {
    let line = text::one_line(foreign);
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_opening_picture_has_a_title_a_background_and_every_monitor_that_can_be_ranked() {
        let run = fixture::synthetic_run();
        let svg = opening_svg(&run).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("<title>instructions added to one execve-noop[env_pages=0 ld_preload=ignored]"));
        for row in &section::sections(&run)[0].rows {
            let ranked = !["unsupported", "skipped"].contains(&row.outcome().as_str());
            assert_eq!(svg.contains(&format!("\n{}\n", row.monitor())), ranked, "{}", row.monitor());
        }
        if let Some(path) = std::env::var_os("HOOKBENCH_PICTURE") {
            std::fs::write(path, &svg).unwrap();
        }
        assert_eq!(opening_svg(&fixture::run_of(&[("none", &[1])])), None);
    }

    #[test]
    fn an_inline_picture_scales_and_its_label_is_escaped() {
        let svg = inline("<svg width=\"1\" height=\"2\" viewBox=\"0 0 1 2\" xmlns=\"x\">\n</svg>", "a \"<b>");
        assert_eq!(
            svg,
            "<svg role=\"img\" aria-label=\"a &quot;&lt;b&gt;\" viewBox=\"0 0 1 2\" xmlns=\"x\">\n</svg>"
        );
    }
}
