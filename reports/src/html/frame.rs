//! The frame of all pages: one file that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::STYLE;

/// A page with this title, with `style` in addition to the style of all pages, and the content `body`. `policy` says
/// what the browser may load and run.
pub(crate) fn document(title: &str, policy: Option<&str>, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(policy) = policy { meta http-equiv="Content-Security-Policy" content=(policy); }
                title { (title) ": hookbench" }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    page.into_string() + "\n"
}
