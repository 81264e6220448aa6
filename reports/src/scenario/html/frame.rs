//! The frame of the pages about scenarios: one file that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::html::{POLICY, STYLE};

/// A page with this title, with `style` in addition to the style of all pages, and the content `body`.
pub(in crate::scenario) fn document(title: &str, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) ": hookbench" }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    page.into_string() + "\n"
}
