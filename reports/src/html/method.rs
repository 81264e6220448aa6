//! How the numbers were made: a chapter of METHOD.md, carried by the page, so that
//! it is there without a network and cannot differ from the document.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

const METHOD: &str = include_str!("../../../METHOD.md");
const CHAPTER: &str = "## What one asks first\n";

/// The chapter; its headings are `#method-…`.
pub(super) fn chapter() -> Markup {
    let body = METHOD.split_once(CHAPTER).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n## ").map_or(body, |(chapter, _)| chapter);
    let mut rendered = String::new();
    pulldown_cmark::html::push_html(&mut rendered, with_anchors(body).into_iter());
    html! {
        section #method {
            h2 { "How the numbers were made" }
            (PreEscaped(rendered.replace("<table>", "<div class=\"table\" tabindex=\"0\"><table class=\"words\">").replace("</table>", "</table></div>")))
            p { "More is in METHOD.md, which comes with hookbench." }
        }
    }
}

/// The events of `markdown`, its headings with an id made of their words.
fn with_anchors(markdown: &str) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut heading = None;
    for place in 0..events.len() {
        match &events[place] {
            Event::Start(Tag::Heading { .. }) => heading = Some((place, String::new())),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some((start, words)) = heading.take() else { continue };
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
                    *id = Some(CowStr::from(anchor(&words)));
                }
            }
            _ => {}
        }
    }
    events
}

/// `Why the median?` as `method-why-the-median`.
fn anchor(heading: &str) -> String {
    let words = heading.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    format!("method-{}", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chapter_is_there_and_its_headings_can_be_linked() {
        let page = chapter().into_string();
        assert_eq!(anchor("Why the median?"), "method-why-the-median");
        for part in ["id=\"method-why-the-median\"", "rep stosq", "mitigations=off", ">the median: half"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("## ") && !page.contains("The machine"));
    }
}
