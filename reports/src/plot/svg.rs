//! Finished SVG text: as a file on its own, and as part of an HTML page.

use crate::text;

/// `svg` as a file on its own: with a title and a light background.
pub(super) fn standalone(svg: &str, title: &str) -> String {
    let (tag, content) = svg.split_at(svg.find('>').map_or(0, |end| end + 1));
    format!(
        "{tag}\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>{content}",
        escaped(title)
    )
}

/// `svg` for a page: it scales to its container, carries `label` as its text
/// alternative, and lacks the attributes that the page's style sets for all pictures.
pub fn inline(svg: &str, label: &str) -> String {
    let Some((_, rest)) = svg.split_once(" viewBox=") else { return String::new() };
    let mut rest = rest.to_string();
    for attribute in SET_BY_STYLE {
        rest = rest.replace(attribute, "");
    }
    format!("<svg role=\"img\" aria-label=\"{}\" viewBox={rest}", escaped(label))
}

/// Attributes that plotters writes on every shape. They are either the default or set
/// by `style.css`.
const SET_BY_STYLE: [&str; 5] = [
    " opacity=\"1\"",
    " stroke=\"none\"",
    " font-family=\"sans-serif\"",
    " font-size=\"13.000000000000002\"",
    " xmlns=\"http://www.w3.org/2000/svg\"",
];

fn escaped(foreign: &str) -> String {
    let line = text::one_line(foreign);
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_picture_scales_and_its_label_is_escaped() {
        let svg = inline("<svg width=\"1\" height=\"2\" viewBox=\"0 0 1 2\" xmlns=\"x\">\n</svg>", "a \"<b>");
        assert_eq!(
            svg,
            "<svg role=\"img\" aria-label=\"a &quot;&lt;b&gt;\" viewBox=\"0 0 1 2\" xmlns=\"x\">\n</svg>"
        );
    }
}
