//! The evidence for verdicts: a page for each kernel and scenario, with what the policy recorded, how the way ended,
//! whether its effect was there, and the command that reproduces the cell.

use hookbench_analysis::scenario::Verdict;
use hookbench_model::Refusal;
use hookbench_results::digest::sha256;
use hookbench_results::{Run, ScenarioCell};
use hookbench_scenarios::Effect;
use hookbench_scenarios::exchange::{Object, Record, Tried, Tries};
use maud::{Markup, html};

use super::{View, command, price, words};
use crate::html::table;
use crate::html::{POLICY, frame};
use crate::text::{count, one_line};

/// The folder of the pages.
const FOLDER: &str = "evidence";
/// How many digits of the SHA-256 of a name distinguish its page, if the name cannot be a file's.
const DIGITS: usize = 12;

const STYLE: &str =
    "td.records { white-space: normal; min-width: 18rem; } .command { overflow-wrap: anywhere; max-width: none; }
h2 { overflow-wrap: anywhere; } td.wide { white-space: normal; } :target { outline: 2px solid var(--link); }";

/// The address of the page of `kernel` and `scenario`, relative to the run's folder.
pub fn address(kernel: &str, scenario: &str) -> String {
    format!("{FOLDER}/{}.{}.html", file_name(kernel), file_name(scenario))
}

/// The address of a policy on its page.
pub(super) fn policy_address(kernel: &str, scenario: &str, policy: &str) -> String {
    format!("{}#{}", address(kernel, scenario), file_name(policy))
}

/// The address of a verdict on its page.
pub(super) fn way_address(kernel: &str, scenario: &str, policy: &str, way: &str) -> String {
    format!("{}#{}", address(kernel, scenario), place(policy, way))
}

/// The place of a verdict on its page.
fn place(policy: &str, way: &str) -> String {
    format!("{}/{}", file_name(policy), file_name(way))
}

/// A name that is safe in a file's name and in an address. Two names never give the same.
fn file_name(name: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "+-_.".contains(c);
    let safe: String = name.chars().map(|c| if is_safe(c) { c } else { '.' }).take(60).collect();
    if safe == name && !safe.starts_with(['.', '-']) && !safe.is_empty() {
        return safe;
    }
    format!("{}-{}", safe.trim_start_matches(['.', '-']), &sha256(name.as_bytes())[..DIGITS])
}

/// All pages of `run`: addresses and contents.
pub fn pages(run: &Run) -> Vec<(String, String)> {
    let view = View::new(run);
    let mut pages = Vec::new();
    for kernel in &view.kernels {
        for scenario in &view.scenarios {
            let of_page = |cell: &&ScenarioCell| cell.kernel == *kernel && cell.scenario == *scenario;
            let cells: Vec<&ScenarioCell> = run.scenarios.iter().filter(of_page).collect();
            if !cells.is_empty() {
                pages.push((address(kernel, scenario), page(&view, kernel, scenario, &cells)));
            }
        }
    }
    pages
}

fn page(view: &View<'_>, kernel: &str, scenario: &str, cells: &[&ScenarioCell]) -> String {
    let title = one_line(&format!("{scenario} on {kernel}: the evidence"));
    frame::document(
        &title,
        Some(POLICY),
        STYLE,
        &html! {
            main {
                header { h1 { (title) } }
                p { (words::about(view, scenario)) " "
                    a href="../report.html" { "All verdicts" } "." }
                @for cell in cells { (section(view, cell)) }
            }
            footer { p { "Made by hookbench " (one_line(&view.run.environment.hookbench)) "." } }
        },
    )
}

fn section(view: &View<'_>, cell: &ScenarioCell) -> Markup {
    html! {
        section {
            h2 id=(file_name(&cell.policy)) { (one_line(&cell.policy)) }
            p.command { code { (command(view.run, cell, None)) " --console" } }
            @match cell.tried() {
                Some(tried) => { (attached(tried)) (ways(view, cell, tried)) },
                None => p { span.word { (cell.outcome.word()) } " " (one_line(cell.outcome.reason())) },
            }
        }
    }
}

fn attached(tried: &Tried) -> Markup {
    let list = |texts: &[String]| one_line(&texts.join(", "));
    html! {
        @if !tried.attached.is_empty() { p.note { "Attached: " (list(&tried.attached)) "." } }
        @if !tried.lacks.is_empty() { p.note { "This kernel lacks: " (list(&tried.lacks)) "." } }
        @if let Some(lines) = tried.lines { p.note { "The policy's file has " (price::lines(lines)) "." } }
    }
}

fn ways(view: &View<'_>, cell: &ScenarioCell, tried: &Tried) -> Markup {
    let verdicts = view.verdicts.find(&cell.kernel, &cell.scenario, &cell.policy);
    let has_prices = !tried.prices.is_empty();
    let head = html! {
        @for name in ["way", "verdict", "effect", "error", "signal", "records"] { th.t scope="col" { (name) } }
        @if has_prices { th.t scope="col" { "cost in instructions" } }
    };
    let body = html! {
        @for tries in &tried.ways {
            @let verdict = verdicts.and_then(|cell| cell.way(&tries.way));
            tr id=(place(&cell.policy, &tries.way)) {
                th.t scope="row" { code { (one_line(&tries.way)) } }
                td.t.wide {
                    @match verdict { Some(way) => (way.all_words()), None => "no verdict" }
                    @if let Some(Verdict::Invalid(why)) = verdict.map(|way| &way.verdict) { ": " (one_line(why)) }
                    @for note in &tries.notes { p.note { (sentence(note)) "." } }
                }
                td.t { @match tries.effect { Effect::Reached => "there", Effect::NotReached => "not there" } }
                td.t.wide { (errors(tries)) }
                td.t { @if let Some(signal) = tries.signal { (Refusal::Signal(signal).to_string()) } }
                td.t.records { (records(tries)) }
                @if has_prices { td.t.wide { (cost(tried, &tries.way)) } }
            }
        }
    };
    table::scrolling(&format!("ways under {}", one_line(&cell.policy)), "", &head, &body)
}

/// `text` with a capital.
fn sentence(text: &str) -> String {
    let mut sentence = one_line(text);
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

/// All that is known of what the policy costs `way`, or why that is not known.
fn cost(tried: &Tried, way: &str) -> String {
    let Some(found) = tried.prices.iter().find(|price| price.way == way) else { return String::new() };
    match (&found.cost, &found.why) {
        (Some(cost), _) => price::detail(cost),
        (None, why) => one_line(&format!("no cost: {}", why.as_deref().unwrap_or_default())),
    }
}

fn errors(tries: &Tries) -> String {
    let errno = tries.errno.map(|errno| Refusal::Errno(errno).to_string());
    let hindered = tries.hindered.map(|errno| format!("before the decisive call: {}", Refusal::Errno(errno)));
    errno.into_iter().chain(hindered).collect::<Vec<_>>().join("; ")
}

fn records(tries: &Tries) -> Markup {
    let more = tries.more_records.map(|all| all.saturating_sub(tries.records.len() as u64));
    html! {
        @for record in &tries.records { div { code { (one_line(&record.what)) } (object(record)) } }
        @if let Some(more) = more.filter(|more| *more > 0) { div { "and " (more) " more" } }
        @if let Some(lost) = tries.lost { div { (count(lost as usize, "record")) " lost" } }
    }
}

fn object(record: &Record) -> Markup {
    let words = match record.object {
        Object::Right => "the right object",
        Object::None => "",
        Object::Blank => "a blank object",
        Object::Wrong => "another object",
        Object::WrongName => "the name of another call",
    };
    html! {
        @if !words.is_empty() { ": " (words) }
        @if !record.text.is_empty() { " (" (one_line(&record.text)) ")" }
    }
}
