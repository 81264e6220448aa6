//! Colours: one per mechanism, the same in every picture, legible on light and
//! dark; and the neutral ones, which a page in the dark replaces by their value.

use plotters::style::RGBColor;

/// Text that matters. `style.css` names this value, and those below.
pub(super) const INK: RGBColor = RGBColor(0x1F, 0x29, 0x33);
/// Text that explains.
pub(super) const MUTED: RGBColor = RGBColor(0x5F, 0x6B, 0x7A);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xD8, 0xDD, 0xE3);

/// The mechanisms that have a colour of their own.
const MECHANISMS: &[(&str, RGBColor)] = &[
    ("none", RGBColor(0x7F, 0x8A, 0x99)),
    ("audit", RGBColor(0xE0, 0x7B, 0x1A)),
    ("bpf-lsm", RGBColor(0x2F, 0x7F, 0xD6)),
    ("kprobe", RGBColor(0x2E, 0x9E, 0x5B)),
    ("kretprobe", RGBColor(0x6F, 0xAF, 0x2E)),
    ("fentry", RGBColor(0x8B, 0x5F, 0xD3)),
    ("fexit", RGBColor(0xB2, 0x6F, 0xD8)),
    ("tracepoint", RGBColor(0xD6, 0x45, 0x50)),
    ("raw-tracepoint", RGBColor(0xE0, 0x6C, 0x9A)),
    ("ftrace", RGBColor(0x1B, 0x9A, 0xA8)),
];

/// The colours of mechanisms without a row: told apart, though not remembered.
const OTHERS: [RGBColor; 4] = [
    RGBColor(0xA8, 0x8A, 0x2A),
    RGBColor(0x9A, 0x6B, 0x4F),
    RGBColor(0x5B, 0x78, 0xB8),
    RGBColor(0xB5, 0x52, 0x8E),
];

/// The colour of `mechanism`.
pub(super) fn of(mechanism: &str) -> RGBColor {
    let known = MECHANISMS.iter().find(|(name, _)| *name == mechanism).map(|(_, colour)| *colour);
    let sum: usize = mechanism.bytes().map(usize::from).sum();
    known.unwrap_or(OTHERS[sum % OTHERS.len()])
}

/// One of the colours that belong to no mechanism.
pub(super) fn other(index: usize) -> RGBColor {
    OTHERS[index % OTHERS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_mechanisms_share_a_colour() {
        for (index, (name, colour)) in MECHANISMS.iter().enumerate() {
            assert!(MECHANISMS[..index].iter().all(|(_, other)| other != colour), "{name}");
            assert_eq!(of(name), *colour);
        }
    }

    #[test]
    fn the_page_knows_the_neutral_colours() {
        let style = include_str!("../html/style.css");
        for RGBColor(red, green, blue) in [INK, MUTED, GRID] {
            let value = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
            assert!(style.contains(&value), "{value}");
        }
    }
}
