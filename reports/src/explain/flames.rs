//! Flame graphs, drawn by inferno. Each is a small page in a frame of its own, because inferno's script, which zooms
//! and searches, expects to be alone.

use std::io;

use hookbench_analysis::attribution::explanation::{Names, Stacks, differential};
use inferno::flamegraph::color::{BackgroundColor, Color, PaletteMap, StrokeColor};
use inferno::flamegraph::{self, Options, TextTruncateDirection};
use maud::{Markup, html};

use super::{ExplanationReport, folded};

/// The end of the name of a function that runs only because of the monitor. inferno does not show it.
const MARK: &str = "_[k]";
/// Narrower functions are left out, in percent of the picture's width.
const NARROWEST: f64 = 0.03;

/// inferno's script makes a picture as wide as the frame, if it has no other width.
const FRAME_STYLE: &str = "body { margin: 0; } body > svg { display: block; width: 100%; }";

/// A browser may give the frame its width only after inferno's script has drawn the picture. That script also notes in
/// the address what is enlarged, and the frame has no address.
const FRAME_SCRIPT: &str = "<script>history.replaceState = () => {};\
    new ResizeObserver(() => dispatchEvent(new Event('resize'))).observe(document.documentElement)</script>";

/// A flame graph could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the flame graph: {0}")]
pub struct NotDrawn(#[from] io::Error);

/// The hook alone; nothing if it has no instructions.
pub(super) fn hook(report: &ExplanationReport<'_>) -> Result<Markup, NotDrawn> {
    let of = report.of;
    match report.against {
        None => coloured(
            &of.marked_hook(MARK),
            "The hook: what the monitor itself executes, in orange, and the functions that call it.",
        ),
        Some(against) => {
            let both =
                differential(&against.hook_stacks(Names::Normalized), &of.hook_stacks(Names::Normalized));
            let line = |(stack, (before, after)): (String, (u64, u64))| format!("{stack} {before} {after}\n");
            let lines: String = both.into_iter().map(line).collect();
            drawn(
                &lines,
                None,
                "The hook, compared: red functions execute more instructions than in the other cell, \
                 blue ones fewer. A function that only the other cell has takes no room; the table lists it.",
            )
        }
    }
}

/// The whole operation, with the hook in another colour.
pub(super) fn operation(report: &ExplanationReport<'_>) -> Result<Markup, NotDrawn> {
    coloured(&report.of.marked_operation(MARK), "The whole operation. The hook is orange.")
}

/// A figure with the hook in another colour.
fn coloured(stacks: &Stacks, caption: &str) -> Result<Markup, NotDrawn> {
    let functions = stacks.keys().flat_map(|stack| stack.split(';'));
    let mut palette = PaletteMap::default();
    // The frame below all others has no name.
    for function in functions.chain([""]) {
        palette.insert(function, colour(function));
    }
    drawn(&folded::lines(stacks), Some(&mut palette), caption)
}

/// The operation compared with the other one.
pub(super) fn compared(report: &ExplanationReport<'_>) -> Result<Markup, NotDrawn> {
    let caption = match report.against {
        None => {
            "The operation compared with one under none: red functions execute more instructions, blue ones fewer. \
             A function that ran only under none takes no room; the table lists it."
        }
        Some(_) => {
            "Both operations compared: red functions execute more instructions than in the other cell, blue ones \
             fewer. A function that only the other cell has takes no room; the table lists it."
        }
    };
    drawn(&folded::differential_lines(report), None, caption)
}

/// A shade of orange for functions of the hook, and of grey for others. Neighbours differ.
fn colour(function: &str) -> Color {
    let shade = function.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % 24;
    match function.ends_with(MARK) {
        true => Color::new(230 - shade, 126 - shade, 54 - shade),
        false => Color::new(214 - shade, 221 - shade, 230 - shade),
    }
}

/// A figure; empty if the lines have no instructions.
fn drawn(lines: &str, palette: Option<&mut PaletteMap>, caption: &str) -> Result<Markup, NotDrawn> {
    let has_instructions = lines.lines().any(|line| !line.ends_with(" 0"));
    if !has_instructions {
        return Ok(Markup::default());
    }
    let mut options = Options::default();
    options.title = String::new();
    options.count_name = "instructions".into();
    options.min_width = NARROWEST;
    options.palette_map = palette;
    options.text_truncate_direction = TextTruncateDirection::Right;
    options.bgcolors = Some(BackgroundColor::Flat(Color::new(250, 250, 251)));
    options.stroke_color = StrokeColor::Color(Color::new(216, 221, 227));
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, lines.lines(), &mut svg)?;
    let svg = String::from_utf8_lossy(&svg);
    let (_, svg) = svg.split_once("<svg ").unwrap_or_default();
    let height: u32 = svg
        .split_once(" height=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .and_then(|(height, _)| height.parse().ok())
        .unwrap_or(600);
    let page = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><style>{FRAME_STYLE}</style><svg {svg}{FRAME_SCRIPT}"
    );
    Ok(html! {
        figure.flames {
            iframe title=(caption) style={ "height:" (height) "px" } srcdoc=(page) {}
            figcaption { (caption) }
        }
    })
}
