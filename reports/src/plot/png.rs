//! The opening picture made of pixels, for what shows no SVG: drawn by plotters'
//! bitmap backend from the same shapes. resvg would draw the SVG itself, and is
//! sixty crates where this is a dozen small ones.

use hookbench_results::Run;
use plotters::prelude::BitMapBackend;

use super::{WIDE, bars, font};
use crate::{section, summary};

/// So many pixels across and down are one of the SVG's.
const FACTOR: u32 = 2;
/// Higher pictures are not made: nobody looks at them, and each row takes memory.
const HIGHEST: u32 = 10_000;

/// The opening picture as a PNG file on a white background; `None` when the run has no
/// such number, or more monitors than a picture can hold.
pub fn opening_png(run: &Run) -> Option<Vec<u8>> {
    font::register();
    let sections = section::sections(run);
    let section = summary::headline(&sections)?;
    let (width, mut height, mut pixels) = (WIDE * FACTOR, 0, Vec::new());
    bars::added_on(section, WIDE, FACTOR, |rows_height| {
        height = rows_height.saturating_mul(FACTOR).min(HIGHEST + 1);
        pixels = vec![0xFF; width as usize * height as usize * 3];
        BitMapBackend::with_buffer(&mut pixels, (width, height))
    });
    if height > HIGHEST { None } else { packed(width, height, &pixels) }
}

fn packed(width: u32, height: u32, pixels: &[u8]) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    // Into memory: nothing that could fail.
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::plot::colour;

    fn unpacked(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn the_picture_has_bars_letters_and_a_white_ground() {
        let run = fixture::synthetic_run();
        let file = opening_png(&run).unwrap();
        assert_eq!(Some(&file), opening_png(&run.clone()).as_ref());
        let (width, height, pixels) = unpacked(&file);
        assert!(width == WIDE * FACTOR && height > 400, "{width} {height}");
        let count = |wanted: [u8; 3]| pixels.chunks(3).filter(|pixel| *pixel == wanted).count();
        let of = |hex: &str| [1, 3, 5].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        assert!(count([0xFF; 3]) > pixels.len() / 6, "no ground");
        assert!(count(of(&colour::css_of_mechanism("audit"))) > 10_000, "no bar");
        // The ink is that of letters alone.
        assert!(count([0x1F, 0x29, 0x33]) > 500, "no letters");
        if let Some(path) = std::env::var_os("HOOKBENCH_PNG") {
            std::fs::write(path, &file).unwrap();
        }
    }

    #[test]
    fn what_has_no_costs_or_too_many_has_no_picture() {
        assert_eq!(opening_png(&fixture::run_of(&[("none", &[1])])), None);
        let rows = vec![("kprobe+count", &[9u64][..]); 500];
        assert_eq!(opening_png(&fixture::run_of(&[&[("none", &[1u64][..])], &rows[..]].concat())), None);
    }
}
