//! Colours: one per mechanism, the same in every picture and legible on light and dark
//! pages; and the neutral ones, which the style of a dark page replaces by value.

use plotters::style::RGBColor;

/// Text that matters. `style.css` names this value and the next two.
pub(super) const INK: RGBColor = RGBColor(0x1F, 0x29, 0x33);
/// Text that explains.
pub(super) const MUTED: RGBColor = RGBColor(0x5F, 0x6B, 0x7A);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xD8, 0xDD, 0xE3);

/// The mechanisms with a fixed colour.
const MECHANISMS: &[(&str, RGBColor)] = &[
    ("none", RGBColor(0x6F, 0x7A, 0x88)),
    ("lsm", RGBColor(0x5C, 0x88, 0xA7)),
    ("audit", RGBColor(0xD8, 0x71, 0x18)),
    ("selinux", RGBColor(0xDC, 0x3B, 0x51)),
    ("apparmor", RGBColor(0xA3, 0x7E, 0x0D)),
    ("tomoyo", RGBColor(0xB7, 0x80, 0x69)),
    ("bpf-lsm", RGBColor(0x1F, 0x79, 0xD9)),
    ("lsm-cgroup", RGBColor(0x19, 0x8E, 0xAF)),
    ("kprobe", RGBColor(0x28, 0xA0, 0x5A)),
    ("kprobe-multi", RGBColor(0x0B, 0x8A, 0x60)),
    ("kretprobe", RGBColor(0x63, 0x90, 0x24)),
    ("fentry", RGBColor(0x9E, 0x7B, 0xDC)),
    ("fexit", RGBColor(0xA5, 0x57, 0xC7)),
    ("fmod-ret", RGBColor(0xD1, 0x47, 0xD1)),
    ("tracepoint", RGBColor(0xE2, 0x66, 0x5D)),
    ("raw-tracepoint", RGBColor(0xD6, 0x3C, 0x7C)),
    ("ftrace", RGBColor(0x16, 0x91, 0x9A)),
    ("livepatch", RGBColor(0x76, 0x87, 0xDD)),
    ("module", RGBColor(0xB7, 0x56, 0x97)),
    ("perf", RGBColor(0x88, 0x88, 0x13)),
    ("seccomp", RGBColor(0xF4, 0x59, 0x26)),
    ("landlock", RGBColor(0x3D, 0x89, 0x2E)),
    ("fanotify", RGBColor(0x81, 0x7B, 0xC0)),
    ("sampling", RGBColor(0xA3, 0x8A, 0x58)),
];

/// The colours of all other mechanisms.
const SPARE: [RGBColor; 4] = [
    RGBColor(0xA8, 0x8A, 0x2A),
    RGBColor(0x9A, 0x6B, 0x4F),
    RGBColor(0x5B, 0x78, 0xB8),
    RGBColor(0xB5, 0x52, 0x8E),
];

/// The colour of `mechanism`.
pub(super) fn of_mechanism(mechanism: &str) -> RGBColor {
    let known = MECHANISMS.iter().find(|(name, _)| *name == mechanism).map(|(_, colour)| *colour);
    let sum: usize = mechanism.bytes().map(usize::from).sum();
    known.unwrap_or(SPARE[sum % SPARE.len()])
}

/// Whether `mechanism` has a fixed colour. One without shares the spare colours; a test of
/// the harness, which knows all mechanisms, allows none.
pub fn is_fixed(mechanism: &str) -> bool {
    MECHANISMS.iter().any(|(name, _)| *name == mechanism)
}

/// The colour of `mechanism` as CSS: `#1F79D9`.
pub fn css_of_mechanism(mechanism: &str) -> String {
    let RGBColor(red, green, blue) = of_mechanism(mechanism);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// The mechanism of a monitor that goes by `monitor`: `bpf-lsm` of `bpf-lsm+count[x=1]`.
pub(super) fn mechanism_of(monitor: &str) -> &str {
    monitor.split(['+', '[']).next().unwrap_or_default()
}

/// One of the colours without a mechanism.
pub(super) fn spare(index: usize) -> RGBColor {
    SPARE[index % SPARE.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_mechanisms_share_a_colour() {
        for (index, (name, colour)) in MECHANISMS.iter().enumerate() {
            assert!(MECHANISMS[..index].iter().all(|(_, other)| other != colour), "{name}");
            assert_eq!(of_mechanism(name), *colour);
        }
    }

    /// WCAG asks for a contrast of 3 to 1 between a graphic and its background.
    #[test]
    fn every_colour_has_contrast_on_the_light_and_the_dark_page() {
        let linear = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.03928 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let luminance =
            |RGBColor(r, g, b): RGBColor| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        let (white, dark) = (RGBColor(0xFF, 0xFF, 0xFF), RGBColor(0x1C, 0x22, 0x29));
        for (name, colour) in MECHANISMS {
            let own = luminance(*colour) + 0.05;
            let (on_white, on_dark) = ((luminance(white) + 0.05) / own, own / (luminance(dark) + 0.05));
            assert!(on_white >= 3.0 && on_dark >= 3.0, "{name}: {on_white:.2} {on_dark:.2}");
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
