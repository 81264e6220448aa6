//! `report.html`: one file for someone who decides. It opens with the answer
//! and a picture; then per workload the pictures and the tables; then what
//! made the numbers. No network, no script; maud escapes what a guest said.

use hookbench_results::Run;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::section::{self, Section};
use crate::{plot, summary, text};

mod after;
mod loading;
mod matrix;
mod tables;

/// How all pages look.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The run as one HTML page.
pub fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let matrices = crate::matrix::matrices(run, &sections);
    let sweeps = crate::sweep::sweeps(run, &sections);
    let workloads = section::gathered(section::in_full(&sections), |section| section.cell.workload.as_str());
    let left_out = section::left_out(&sections);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "What watching costs: hookbench" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (opening(run, &sections))
                    (contents(&workloads, !matrices.is_empty(), !sweeps.is_empty()))
                    (matrix::matrices(&matrices))
                    (matrix::sweeps(&sweeps))
                    @if !left_out.is_empty() { p { (left_out) } }
                    @for (index, (workload, group)) in workloads.iter().enumerate() {
                        (one_workload(index, workload, group))
                    }
                    (loading::loaders(&crate::loading::tables(run, &sections)))
                    (after::published(&sections))
                    (after::calibration(run))
                    (after::environment(run))
                    (after::without_numbers(run))
                }
                footer { p { "Made by hookbench " (text::one_line(&run.environment.hookbench)) ", plan "
                    code { (text::one_line(&run.plan)) } "." } }
            }
        }
    };
    page.into_string() + "\n"
}

fn opening(run: &Run, sections: &[Section<'_>]) -> Markup {
    html! {
        header {
            h1 { "What watching costs" }
            p.answer { (prose(&summary::sentences(run, sections).join(" "))) }
        }
        @if let Some(section) = summary::headline(sections) {
            // The same picture twice: a phone's has larger letters.
            figure.opening {
                div.wide { (picture(&plot::added(section, plot::WIDE), &plot::added_title(section))) }
                div.narrow { (picture(&plot::added(section, plot::NARROW), &plot::added_title(section))) }
                figcaption { (plot::added_title(section)) ". A bar is the difference of medians to "
                    code { "none" } "; the axis is logarithmic, and what adds nothing or less has no bar." }
            }
        }
    }
}

fn contents(workloads: &[(&str, Vec<&Section<'_>>)], matrices: bool, sweeps: bool) -> Markup {
    html! {
        nav {
            ul {
                @if matrices { li { a href="#kernels" { "Kernels beside each other" } } }
                @if sweeps { li { a href="#sweeps" { "Parameters that grow" } } }
                @for (index, (workload, _)) in workloads.iter().enumerate() {
                    li { a href={ "#workload-" (index) } { (text::one_line(workload)) } }
                }
                li { a href="#published" { "Beside published numbers" } }
                li { a href="#environment" { "Environment" } }
            }
        }
    }
}

fn one_workload(index: usize, workload: &str, group: &[&Section<'_>]) -> Markup {
    html! {
        section id={ "workload-" (index) } {
            h2 { (text::one_line(workload)) }
            @for section in group { (one_section(section)) }
        }
    }
}

fn one_section(section: &Section<'_>) -> Markup {
    let measured = section.rows.iter().any(|row| row.summary.is_some());
    html! {
        article {
            h3 { code { (section.operation()) } ", " (section.place()) }
            @if measured {
                div.pair {
                    figure {
                        (picture(&plot::added(section, plot::NARROW), &plot::added_title(section)))
                        figcaption { "Cost added per operation, clock: " (section.clock.name()) "." }
                    }
                    figure {
                        (picture(&plot::spread(section, plot::NARROW), &plot::spread_title(section)))
                        figcaption { (plot::LEGEND) ". Clock: " (section.clock.name()) "." }
                    }
                }
            }
            (tables::cells(section))
        }
    }
}

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
        assert!(!page.contains("<script") && !page.contains("<b>"));
    }

    #[test]
    fn the_page_needs_no_network() {
        let page = render(&fixture::synthetic_run());
        for link in ["src=", "<link", "@import", "url("] {
            assert!(!page.contains(link), "{link}");
        }
    }

    #[test]
    fn pictures_have_a_text_and_the_page_the_answer() {
        let page = render(&fixture::synthetic_run());
        assert_eq!(page.matches("<svg").count(), page.matches("<svg role=\"img\" aria-label=\"").count());
        assert!(page.contains("the cheapest to watch <code>exec</code> is <code>bpf-lsm+count</code>"));
        assert!(page.contains("refused EPERM"));
    }

    /// For looking at: `HOOKBENCH_REPORT=/tmp/report.html cargo test -p hookbench-reports`.
    #[test]
    fn the_synthetic_page_is_written_where_one_asks_for_it() {
        if let Some(path) = std::env::var_os("HOOKBENCH_REPORT") {
            std::fs::write(path, render(&fixture::synthetic_run())).unwrap();
        }
    }
}
