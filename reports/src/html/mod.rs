//! `report.html`: one file for someone who decides. It opens with the answer on
//! one kernel, which the reader may change; then what differs between kernels, the
//! tables, what made the numbers and how. No network; maud escapes what a guest said.

use hookbench_results::Run;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::section::{self, Section};
use crate::{default_kernel, plot, summary, text};

mod answer;
mod detail;
mod environment;
mod literature;
mod loading;
mod matrix;
mod method;
mod reasons;
mod tables;

/// How all pages look.
pub(crate) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The page itself says that it needs nothing from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// What all parts of the page know.
struct Page<'r> {
    run: &'r Run,
    sections: &'r [Section<'r>],
    /// The run's kernels, in its order.
    kernels: Vec<&'r str>,
    /// The one that is shown first.
    chosen: Option<&'r str>,
}

impl Page<'_> {
    /// The kernels on which there is something to choose by.
    fn decided(&self) -> impl Iterator<Item = &str> {
        let has = |kernel: &&&str| summary::headline_of(self.sections, kernel).is_some();
        self.kernels.iter().filter(has).copied()
    }

    /// The kernel's number on the page.
    fn place(&self, kernel: &str) -> usize {
        self.kernels.iter().position(|name| *name == kernel).unwrap_or(0)
    }

    /// The classes of what belongs to `kernel`, and is hidden while another is chosen.
    fn class(&self, kernel: &str) -> String {
        format!("of-kernel kernel-{}", self.place(kernel))
    }
}

/// The run as one HTML page.
pub fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let page = Page {
        run,
        sections: &sections,
        kernels: default_kernel::all_kernels(&sections),
        chosen: default_kernel::default_kernel(&sections),
    };
    let matrices = crate::matrix::matrices(run, &sections);
    let sweeps = crate::sweep::sweeps(run, &sections);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&page))
            body {
                main {
                    (opening(&page))
                    (contents(&page, !matrices.is_empty(), !sweeps.is_empty()))
                    @for kernel in &page.kernels { (answer::on(&page, kernel)) }
                    (reasons::failed(run))
                    (matrix::matrices(&matrices))
                    (matrix::sweeps(&page, &sweeps))
                    (detail::all(&page))
                    (loading::loaders(&crate::loading::tables(run, &sections)))
                    (answer::monitors(run))
                    (method::chapter())
                    (literature::published(&sections))
                    (environment::calibration(run))
                    (environment::environment(run))
                    (reasons::others(run))
                }
                footer { p { "Made by hookbench " (text::one_line(&run.environment.hookbench)) ", plan "
                    code { (text::one_line(&run.plan)) } "." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string() + "\n"
}

fn head(page: &Page<'_>) -> Markup {
    // Which kernel is chosen is a matter of style: it works without a script.
    let choice = |place: usize| {
        format!("body:has(#kernel-{place}:checked) .of-kernel:not(.kernel-{place}){{display:none}}\n")
    };
    let choices: String = (0..page.kernels.len()).map(choice).collect();
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            title { "What watching costs: hookbench" }
            style { (PreEscaped(STYLE)) (PreEscaped(choices)) }
        }
    }
}

fn opening(page: &Page<'_>) -> Markup {
    html! {
        header {
            h1 { "What watching costs" }
            p.counts { (summary::counts(page.run))
                @if let (Some(kernel), true) = (page.chosen, page.kernels.len() > 1) {
                    " Opens with " (text::one_line(kernel)) ": " (default_kernel::REASON) "."
                }
            }
        }
        (reasons::alarm(page.run))
        div.controls {
            @if page.kernels.len() > 1 { (choice(page)) }
            label.needs-script hidden {
                span { "Filter all tables" }
                input #filter type="search" placeholder="bpf-lsm ringbuf, refused, …" autocomplete="off";
            }
            span #filtered aria-live="polite" {}
        }
    }
}

fn choice(page: &Page<'_>) -> Markup {
    html! {
        fieldset {
            legend { "Kernel" }
            @for (place, kernel) in page.kernels.iter().enumerate() {
                label {
                    input type="radio" name="kernel" id={ "kernel-" (place) } value=(text::one_line(kernel))
                        checked[page.chosen == Some(*kernel)];
                    span { (text::one_line(kernel)) }
                }
            }
        }
    }
}

fn contents(page: &Page<'_>, matrices: bool, sweeps: bool) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                @for kernel in page.decided() {
                    li.(page.class(kernel)) { a href={ "#choose-" (page.place(kernel)) } { "Which monitor?" } }
                }
                @if matrices { li { a href="#kernels" { "Kernels beside each other" } } }
                @if sweeps { li { a href="#sweeps" { "Parameters that grow" } } }
                li { a href="#detail" { "Every number" } }
                @if !page.run.environment.monitors.is_empty() { li { a href="#monitors" { "What each monitor is" } } }
                li { a href="#method" { "How the numbers were made" } }
                li { a href="#published" { "Beside published numbers" } }
                li { a href="#environment" { "Environment" } }
            }
        }
    }
}

/// A picture with its text alternative; the numbers are in a table of the page.
fn picture(svg: &str, label: &str) -> Markup {
    PreEscaped(plot::inline(svg, label))
}

/// A sentence in which names stand between backticks, as `code`.
fn prose(sentence: &str) -> Markup {
    html! {
        @for (index, part) in sentence.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn what_a_guest_said_is_escaped() {
        let page = render(&fixture::synthetic_run());
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("&lt;b&gt;oops&lt;/b&gt;") && page.contains("the &lt;hook&gt; refused"));
        assert!(page.matches("<script").count() == 1 && !page.contains("<b>"));
    }

    #[test]
    fn the_page_needs_no_network() {
        let page = render(&fixture::synthetic_run());
        for link in ["src=", "<link", "@import", "url(", "fetch(", "import("] {
            assert!(!page.contains(link), "{link}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn pictures_have_a_text_and_the_page_the_answer() {
        let page = render(&fixture::synthetic_run());
        assert_eq!(page.matches("<svg").count(), page.matches("<svg role=\"img\" aria-label=\"").count());
        assert!(page.contains("Cheapest to watch <code>exec</code>"), "{page}");
        assert!(page.contains("refused EPERM"));
    }

    #[test]
    fn each_link_on_the_page_leads_somewhere() {
        let page = render(&fixture::synthetic_run());
        let links: Vec<&str> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > 20, "{links:?}");
        for link in links {
            assert_eq!(page.matches(&format!("id=\"{link}\"")).count(), 1, "{link}");
        }
    }

    /// For looking at: `HOOKBENCH_REPORT=/tmp/report.html cargo test -p hookbench-reports`.
    #[test]
    fn the_synthetic_page_is_written_where_one_asks_for_it() {
        if let Some(path) = std::env::var_os("HOOKBENCH_REPORT") {
            std::fs::write(path, render(&fixture::synthetic_run())).unwrap();
        }
    }
}
