//! `report.html`: one file for a reader who has to choose. It opens with the answer on
//! one kernel, which the reader can change; then come comparisons between kernels, all
//! numbers, the method and the environment. The page needs no network, and maud escapes
//! the guest's text.

use hookbench_results::Run;
use maud::{Markup, PreEscaped, html};

use crate::plot::DrawError;
use crate::{Explanations, default_kernel, section, summary, text, undivided};
use page::{Page, prose};

mod answer;
mod cells;
mod detail;
mod environment;
pub(crate) mod frame;
mod literature;
mod loading;
mod matrix;
mod method;
mod monitors;
mod page;
mod reasons;
mod sweep;
pub(crate) mod table;

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");
/// The script of pages with kernels to choose and tables to filter.
pub(crate) const SCRIPT: &str = include_str!("script.js");
/// The policy that forbids the page to load anything.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The run as one HTML page, with links to `explanations` of costs.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn render(run: &Run, explanations: &Explanations) -> Result<String, DrawError> {
    let sections = section::sections(run);
    let page = Page {
        run,
        sections: &sections,
        kernels: default_kernel::all_kernels(&sections),
        default_kernel: default_kernel::default_kernel(&sections),
        explanations,
    };
    let matrices = crate::matrix::matrices(run, &sections);
    let sweeps = crate::sweep::sweeps(run, &sections);
    let body = html! {
        main {
            (opening(&page))
            (contents(&page, !matrices.is_empty(), !sweeps.is_empty()))
            (division(&page))
            @for kernel in &page.kernels { (answer::kernel_answer(&page, kernel)?) }
            (reasons::failed(run))
            (reasons::caveats(run))
            (matrix::matrices(&page, &matrices))
            (sweep::sweeps(&page, &sweeps)?)
            (detail::all_numbers(&page)?)
            (loading::loaders(&crate::loading::tables(run, &sections)))
            (monitors::monitors(run))
            (method::chapter())
            (literature::published(&sections))
            (environment::calibration(run))
            (environment::environment(run))
            (reasons::others(run))
        }
        footer { p { "Made by hookbench " (text::one_line(&run.environment.hookbench)) ", plan "
            code { (text::one_line(&run.plan)) } "." } }
        script { (PreEscaped(SCRIPT)) }
    };
    Ok(frame::document("What monitoring costs", Some(POLICY), &choices(&page), &body))
}

/// The style alone switches kernels, so that it works without a script.
fn choices(page: &Page<'_>) -> String {
    let choice = |place: usize| {
        format!("body:has(#kernel-{place}:checked) .of-kernel:not(.kernel-{place}){{display:none}}\n")
    };
    (0..page.kernels.len()).map(choice).collect()
}

fn opening(page: &Page<'_>) -> Markup {
    html! {
        header {
            h1 { "What monitoring costs" }
            p.counts { (summary::counts(page.run))
                @if let (Some(kernel), true) = (page.default_kernel, page.kernels.len() > 1) {
                    " The page opens with kernel " (text::one_line(kernel)) ", " (default_kernel::REASON) "."
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
                        checked[page.default_kernel == Some(*kernel)];
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
                @for kernel in page.kernels_with_costs() {
                    li.(page.class(kernel)) { a href={ "#choose-" (page.number(kernel)) } { "Which monitor?" } }
                }
                @if matrices { li { a href="#kernels" { "Kernels compared" } } }
                @if sweeps { li { a href="#sweeps" { "Parameter sweeps" } } }
                li { a href="#detail" { "All numbers" } }
                @if !page.run.environment.monitors.is_empty() { li { a href="#monitors" { "Monitors" } } }
                li { a href="#method" { "How the numbers were made" } }
                li { a href="#published" { "Comparison with published numbers" } }
                li { a href="#environment" { "Environment" } }
            }
        }
    }
}

/// What hook and side effects mean, once on the page, and which costs are not divided.
fn division(page: &Page<'_>) -> Markup {
    let (divided, undivided) =
        (summary::division_meaning(page.sections), undivided::sentences(page.run, page.sections));
    html! {
        @if let Some(meaning) = divided {
            p.division { (meaning) " " a href="#method-what-are-hook-and-side-effects" { "More" } "." }
        }
        @if !undivided.is_empty() {
            p.division { @for sentence in &undivided { (prose(sentence)) " " }
                a href="#method-why-do-some-costs-have-no-hook" { "More" } "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use hookbench_model::Schedule;

    use super::*;
    use crate::{cost, fixture};

    #[test]
    fn the_guest_s_text_is_escaped() {
        let page = render(&fixture::divided_run(), &Explanations::new()).unwrap();
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("&lt;b&gt;oops&lt;/b&gt;") && page.contains("the &lt;hook&gt; refused"));
        assert!(page.matches("<script").count() == 1 && !page.contains("<b>"));
    }

    #[test]
    fn the_page_needs_no_network() {
        let page = render(&fixture::divided_run(), &Explanations::new()).unwrap();
        for link in ["src=", "<link", "@import", "url(", "fetch(", "import("] {
            assert!(!page.contains(link), "{link}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn pictures_have_a_label_and_the_page_has_the_answer() {
        let page = render(&fixture::divided_run(), &Explanations::new()).unwrap();
        assert_eq!(page.matches("<svg").count(), page.matches("<svg role=\"img\" aria-label=\"").count());
        assert!(page.contains("Cheapest to watch <code>exec</code>"), "{page}");
        assert!(page.contains("refused EPERM"));
    }

    #[test]
    fn the_page_explains_losses_hooks_and_side_effects() {
        let mut run = fixture::divided_run();
        for measurement in &mut run.measurements {
            let monitor = measurement.cell.monitor.to_string();
            if measurement.cell.schedule == Schedule::Burst && monitor == "audit+reader" {
                measurement.cell.monitor = "audit+auditd".parse().unwrap();
            }
        }
        let page = render(&run, &Explanations::new()).unwrap();
        for part in [
            "Lost in burst: events lost while <code>unshare-burst[as=user]</code> runs without a rest",
            "<td class=\"lossy\">7 of 50 (14 %)</td>",
            "178 <small>instructions of the hook per operation, +0.2 %</small>",
            "side effects +266, added +444",
            "title=\"hook 178 in 49 of 50 operations, 178 to 209; side effects +266, added +444\"",
            "150<small class=\"rest\">leaves out 59,180</small>",
            "+3,111 added",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches(cost::MEANING).count(), 1);
        assert!(!page.contains("\u{2248}"));
    }

    #[test]
    fn a_cost_links_to_its_explanation() {
        let page = |explanations| render(&fixture::divided_run(), explanations).unwrap();
        let explanations = fixture::explanations();
        let (name, address) = explanations.first_key_value().unwrap();
        assert!(name.ends_with("/bpf-lsm+count"), "{name}");
        let link = format!("<a class=\"explained\" href=\"{address}\"");
        // The card, the table to choose by, the kernels compared, and all numbers.
        assert_eq!(page(&explanations).matches(&link).count(), 4);
        assert!(!page(&Explanations::new()).contains("class=\"explained\""));
    }

    #[test]
    fn each_link_on_the_page_leads_somewhere() {
        let page = render(&fixture::divided_run(), &Explanations::new()).unwrap();
        let links: Vec<&str> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > 20, "{links:?}");
        for link in links {
            assert_eq!(page.matches(&format!("id=\"{link}\"")).count(), 1, "{link}");
        }
    }
}
