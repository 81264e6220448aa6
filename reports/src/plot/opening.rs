//! The opening picture as a file on its own: as SVG, and as PNG for viewers without
//! SVG. plotters' bitmap backend draws the PNG from the same shapes. resvg could draw
//! the SVG itself, but it takes sixty crates and this a dozen small ones.

use hookbench_results::Run;
use plotters::prelude::BitMapBackend;

use super::canvas::WIDE;
use super::error::DrawError;
use super::{bars, svg};
use crate::{section, summary};

/// Pixels of the PNG for each pixel of the SVG, across and down.
const FACTOR: u32 = 2;
/// The height limit of a PNG, in pixels: each row takes memory.
const HIGHEST: u32 = 10_000;

/// The opening picture as an SVG file on a light background: what each monitor costs per
/// operation. `None` when no monitor of the run has a cost.
///
/// # Errors
/// When plotters fails to draw.
pub fn opening_svg(run: &Run) -> Result<Option<String>, DrawError> {
    let sections = section::sections(run);
    let Some(section) = summary::headline(&sections) else { return Ok(None) };
    Ok(Some(svg::standalone(&bars::costs(section, WIDE)?, &bars::costs_title(section))))
}

/// The opening picture as a PNG file on a white background. `None` when no monitor of
/// the run has a cost, or when the picture would be higher than 10,000 pixels.
///
/// # Errors
/// When plotters fails to draw, or the PNG encoder fails.
pub fn opening_png(run: &Run) -> Result<Option<Vec<u8>>, DrawError> {
    let sections = section::sections(run);
    let Some(section) = summary::headline(&sections) else { return Ok(None) };
    let picture = bars::picture(section, WIDE);
    let (width, height) = (WIDE * FACTOR, picture.height().saturating_mul(FACTOR));
    if height > HIGHEST {
        return Ok(None);
    }
    let mut pixels = vec![0xFF; width as usize * height as usize * 3];
    picture.draw_on::<bars::Bar, _>(BitMapBackend::with_buffer(&mut pixels, (width, height)), FACTOR)?;
    let encoded = encode(width, height, &pixels);
    encoded.map(Some).map_err(|error| DrawError::new("the opening picture as PNG", error))
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, ::png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::plot::colour;

    fn decode(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn the_svg_has_a_title_a_background_and_every_ranked_monitor() {
        let run = fixture::synthetic_run();
        let svg = opening_svg(&run).unwrap().unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("<title>instructions added to one execve-noop[env_pages=0 ld_preload=ignored]"));
        for row in &section::sections(&run)[0].rows {
            let ranked = !["unsupported", "skipped"].contains(&row.outcome().as_str());
            assert_eq!(svg.contains(&format!("\n{}\n", row.monitor())), ranked, "{}", row.monitor());
        }
        assert_eq!(opening_svg(&fixture::run_of(&[("none", &[1])])), Ok(None));
    }

    #[test]
    fn the_png_has_bars_letters_and_a_white_background() {
        let run = fixture::synthetic_run();
        let file = opening_png(&run).unwrap().unwrap();
        assert_eq!(opening_png(&run.clone()), Ok(Some(file.clone())));
        let (width, height, pixels) = decode(&file);
        assert!(width == WIDE * FACTOR && height > 400, "{width} {height}");
        let count = |wanted: [u8; 3]| pixels.chunks(3).filter(|pixel| *pixel == wanted).count();
        let channels = |hex: &str| [1, 3, 5].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        assert!(count([0xFF; 3]) > pixels.len() / 6, "no background");
        assert!(count(channels(&colour::css_of_mechanism("audit"))) > 10_000, "no bar");
        // Only letters have the colour of ink.
        assert!(count([0x1F, 0x29, 0x33]) > 500, "no letters");
    }

    #[test]
    fn a_run_without_costs_or_with_too_many_monitors_has_no_png() {
        assert_eq!(opening_png(&fixture::run_of(&[("none", &[1])])), Ok(None));
        let rows = vec![("kprobe+count", &[9u64][..]); 500];
        let run = fixture::run_of(&[&[("none", &[1u64][..])], &rows[..]].concat());
        assert_eq!(opening_png(&run), Ok(None));
    }
}
