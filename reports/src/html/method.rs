//! How the numbers were made: the page `docs/method/reading-a-number.md`, carried by
//! the report, so that it is there without a network and cannot differ from the document.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

const PAGE: &str = include_str!("../../../docs/method/reading-a-number.md");
/// What follows links to other pages, which a report does not carry.
const LINKS: &str = "\n## Where to read more\n";

/// The page; its headings are `#method-…`.
pub(super) fn chapter() -> Markup {
    let mut rendered = String::new();
    pulldown_cmark::html::push_html(&mut rendered, with_anchors(carried()).into_iter());
    html! {
        section #method {
            h2 { "How the numbers were made" }
            (PreEscaped(rendered.replace("<table>", "<div class=\"table\" tabindex=\"0\"><table class=\"words\">").replace("</table>", "</table></div>")))
            p { "The pages in docs/method, which come with hookbench, say more." }
        }
    }
}

/// What the report carries: the page without its title and its links.
fn carried() -> &'static str {
    let body = PAGE.split_once('\n').map_or("", |(_, body)| body);
    body.split_once(LINKS).map_or(body, |(body, _)| body)
}

/// The events of `markdown`, its headings one level lower, with an id made of their words.
fn with_anchors(markdown: &str) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut heading = None;
    for place in 0..events.len() {
        match &mut events[place] {
            Event::Start(Tag::Heading { level, .. }) => {
                *level = lower(*level);
                heading = Some((place, String::new()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(level)) => {
                *level = lower(*level);
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

/// The next lower level of headings; the lowest stays.
fn lower(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + 1).unwrap_or(level)
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
    fn the_page_is_there_and_its_headings_can_be_linked() {
        let page = chapter().into_string();
        assert_eq!(anchor("Why the median?"), "method-why-the-median");
        for part in
            ["<h3 id=\"method-why-the-median\"", "rep stosq", "mitigations=off", ">the median: half", "</h3>"]
        {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("## ") && !page.contains("Reading a number"));
    }

    #[test]
    fn what_a_report_carries_has_no_links_to_pages_that_it_lacks() {
        assert!(PAGE.contains(LINKS));
        assert!(!chapter().into_string().contains("href="));
    }

    #[test]
    fn each_heading_that_the_report_s_parts_link_to_is_on_the_page() {
        let page = chapter().into_string();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/html");
        let mut links = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for link in
                text.split(concat!("href=\"#", "method-")).skip(1).filter_map(|rest| rest.split('"').next())
            {
                assert!(page.contains(&format!("id=\"method-{link}\"")), "{link}");
                links += 1;
            }
        }
        assert!(links > 4, "{links}");
    }
}
