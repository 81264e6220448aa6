//! The answer on one kernel: the cheapest and the most expensive monitor, the monitors
//! that can deny or kill, the ranked pictures, and the table to choose a monitor by.

use hookbench_model::Enforcement;
use maud::{Markup, html};

use super::page::{Page, picture, prose};
use super::{cells, monitors, table};
use crate::cost::{self, Cost, Hook};
use crate::decision::{self, CostColumn, Decision, MonitorChoice};
use crate::plot::{self, DrawError};
use crate::section::Row;
use crate::summary::{self, Extremes};
use crate::{matrix, text};

/// The whole answer on `kernel`.
///
/// # Errors
/// When a picture cannot be drawn.
pub(super) fn kernel_answer(page: &Page<'_>, kernel: &str) -> Result<Markup, DrawError> {
    let decision = decision::decide(page.run, page.sections, kernel);
    Ok(html! {
        section.answer-of.(page.class(kernel)) {
            @match &decision {
                Some(decision) => {
                    (sentence(decision))
                    (cards(page, decision))
                    (pictures(decision)?)
                    (decision_table(page, kernel, decision))
                }
                None => p.answer { "The run has no monitor with a baseline " code { "none" } " on kernel "
                    (text::one_line(kernel)) "." }
            }
        }
    })
}

fn sentence(decision: &Decision<'_, '_>) -> Markup {
    let Some(first) = decision.operations.first() else { return html! {} };
    html! { p.answer { (prose(&summary::baseline_sentence(first.section))) } }
}

fn cards(page: &Page<'_>, decision: &Decision<'_, '_>) -> Markup {
    let Some(first) = decision.operations.first() else { return html! {} };
    let (deny, kill) = (decision.enforcing(false), decision.enforcing(true));
    let has_behaviour = deny.len() + kill.len() > 0 || first.behaviour.is_some();
    html! {
        div.cards {
            @if let Some(found) = summary::extremes(first.section) { (costs(page, first, &found)) }
            @if has_behaviour {
                (enforcing("Can deny", first, &deny))
                (enforcing("Can kill on", first, &kill))
            }
        }
    }
}

fn costs(page: &Page<'_>, operation: &CostColumn<'_, '_>, found: &Extremes<'_, '_>) -> Markup {
    let to_watch = html! {
        @if found.watched { " to watch " (watched(operation)) } @else { " of " (found.count) " monitors" }
    };
    let unit = operation.section.clock.unit();
    html! {
        @for (word, (row, cost)) in [("Cheapest", &found.cheapest), ("Most expensive", &found.most_expensive)] {
            div.card {
                h2 { (word) (to_watch) }
                p.big { (page.explained(row, html! { (cost.shown()) })) " " small { (unit)
                    @if cost.hook().is_some() { " of the hook" } " per operation"
                    @if let Some(percent) = cost.percent() { ", " (percent) } } }
                p { code { (row.monitor()) } @if row.has_caveats() { " (in part)" } }
                @let rest = cost.rest();
                @if !rest.is_empty() { p.note { (rest) } }
                p.note { "of " (found.count) " that "
                    @if found.watched { "saw every operation" } @else { "were measured" } }
            }
        }
    }
}

fn watched(operation: &CostColumn<'_, '_>) -> Markup {
    html! { code { (operation.behaviour.clone().unwrap_or_else(|| operation.section.operation())) } }
}

fn enforcing(verb: &str, first: &CostColumn<'_, '_>, by: &[(&MonitorChoice<'_, '_>, &Row<'_>)]) -> Markup {
    html! {
        div.card {
            h2 { (verb) " " (watched(first)) }
            @if by.is_empty() { p.note { "No measured monitor." } } @else {
                ul {
                    @for (line, row) in by {
                        li { code { (line.monitor) } " " span.note { (scope(line)) (timeliness(row)) } }
                    }
                }
            }
        }
    }
}

fn scope(line: &MonitorChoice<'_, '_>) -> &'static str {
    match line.record {
        Some(record) if record.per_process => "per process",
        Some(_) => "system-wide",
        None => "",
    }
}

/// Whether the operation had happened before the monitor killed its process.
fn timeliness(row: &Row<'_>) -> String {
    let refused = row.measured().and_then(|measured| measured.refused.as_ref());
    match refused.and_then(|refused| refused.happened) {
        Some(happened) if happened.events > 0 => {
            format!(
                "; too late: {} of {} were done",
                text::grouped(happened.events),
                text::grouped(happened.of)
            )
        }
        Some(_) => "; in time".into(),
        None => String::new(),
    }
}

fn pictures(decision: &Decision<'_, '_>) -> Result<Markup, DrawError> {
    Ok(html! {
        div.pictures {
            @for operation in decision.operations.iter().filter(|operation| operation.behaviour.is_some()) {
                @let untuned = operation.section.untuned();
                @let section = untuned.as_ref().unwrap_or(operation.section);
                figure {
                    h3 { @if section.is_divided() { "The hook in one " } @else { "Added to one " } (watched(operation)) }
                    (picture(&plot::costs(section, plot::NARROW)?, &plot::costs_title(section)))
                    figcaption {
                        @if section.is_divided() { "What the monitor itself executes in one " code { (section.operation()) } ", in " }
                        @else { "Median of one " code { (section.operation()) } " minus that of " code { "none" } ", in " }
                        (operation.section.clock.unit()) " (clock: " (operation.section.clock.name())
                        "), " a href="#method" { "how it is measured" } ". A cost of zero or less has no bar." }
                }
            }
        }
    })
}

fn decision_table(page: &Page<'_>, kernel: &str, decision: &Decision<'_, '_>) -> Markup {
    let burst = decision.monitors.iter().find_map(|line| Some(line.lost.as_ref()?.operation.as_str()));
    let records = decision.monitors.iter().any(|line| line.record.is_some());
    let head = html! {
        th scope="col" { "monitor" }
        @for operation in &decision.operations { th scope="col" { (heading(operation)) } }
        th scope="col" { "lost in burst" }
        @if records {
            th.t scope="col" title=(monitors::DOES_HINT) { "does" }
            th.t scope="col" { "scope" }
            th scope="col" { "since" }
        }
        @if page.kernels.len() > 1 { th scope="col" { "kernels here" } }
    };
    let body = html! { @for line in &decision.monitors { (monitor_row(page, line, records)) } };
    let label = format!("which monitor, kernel {}", text::one_line(kernel));
    html! {
        div.choose id={ "choose-" (page.number(kernel)) } {
            h2 { "Which monitor? Kernel " (text::one_line(kernel)) }
            p.unit { (decision.meaning()) " "
                @if let Some(first) = decision.operations.first() {
                    "In " (text::unit_and_clock(first.section.clock, first.section.cell.target))
                } "; " a href="#method" { "how it is measured" } ". "
                @if let Some(burst) = burst { "Lost in burst: events lost while " code { (burst) } " runs without a rest (" a href="#method-what-are-paced-delivered-and-burst" { "burst" } "). " }
                "Could deny: the mechanism can deny, this monitor does not. Click a heading to sort." }
            (table::scrolling(&label, "sorts filters decide", &head, &body))
        }
    }
}

fn heading(operation: &CostColumn<'_, '_>) -> Markup {
    let base = operation.section.baseline().and_then(|row| row.summary);
    html! {
        (operation.behaviour.as_deref().unwrap_or("unwatched call"))
        small { (text::one_line(&operation.section.cell.workload)) }
        @if let Some(base) = base { small { code { "none" } " " (text::grouped(base.p50)) } }
    }
}

fn monitor_row(page: &Page<'_>, line: &MonitorChoice<'_, '_>, records: bool) -> Markup {
    html! {
        tr {
            th scope="row" {
                i.dot style={ "background:" (plot::colour(&line.mechanism)) } {}
                code title=[line.record.map(|record| text::one_line(&record.about))] { (breakable(&line.monitor)) }
            }
            @for row in &line.costs { (cost(page, *row)) }
            @match &line.lost {
                Some(lost) => td.lossy[lost.lost > 0] { (lost.shown()) },
                None => td.without { "\u{2013}" },
            }
            @if records {
                @if let Some(record) = line.record {
                    td.t { span.can.stops[record.enforcement != Enforcement::Observes] { (decision::ability(record.enforcement)) }
                        @if line.could_deny() { small.could { "could deny" } } }
                    td.t { @if record.per_process { "process" } @else { "system" } }
                    td { "\u{2265} " (text::one_line(&record.since)) }
                } @else { td.t {} td.t {} td {} }
            }
            @if page.kernels.len() > 1 {
                @let (with, without) = &line.kernels;
                td title=[(!without.is_empty()).then(|| format!("not on: {}", without.join(", ")))] {
                    (with) " of " (page.kernels.len())
                }
            }
        }
    }
}

/// A name that may break after each `+`.
fn breakable(name: &str) -> Markup {
    html! {
        @for (place, part) in name.split('+').enumerate() {
            @if place > 0 { "+" wbr; }
            (part)
        }
    }
}

/// A cost, with the rest of what the monitor changes below it.
fn cost(page: &Page<'_>, row: Option<&Row<'_>>) -> Markup {
    let Some(row) = row else { return html! { td.without { "\u{2013}" } } };
    let Some(cost) = row.cost else { return html! { td.without { (cells::outcome(row)) } } };
    // `refused EPERM`, `in part`; empty for a plain number.
    let outcome = row.outcome();
    let stopped = outcome.strip_prefix("measured").unwrap_or(&outcome).trim_start();
    html! {
        td.{ "heat-" (matrix::heat(Some(row)).unwrap_or(0)) } title=[cost.detail()] {
            (page.explained(row, html! { (cost.shown()) }))
            @match cost.hook() {
                Some(hook) => { (share(&hook)) (rest(&cost, &hook)) },
                None => @if let (true, Some(percent)) = (stopped.is_empty(), cost.percent()) { small { (percent) } },
            }
            @if !stopped.is_empty() { small.stops { (stopped) } }
        }
    }
}

fn share(hook: &Hook) -> Markup {
    let share = hook.share_shown();
    html! { @if !share.is_empty() { small { (share.trim_start()) } } }
}

/// What the operation leaves out, and the whole difference of the medians.
fn rest(cost: &Cost, hook: &Hook) -> Markup {
    html! {
        @if hook.left_out != 0 { small.rest { (cost::leaves_out(hook.left_out)) } }
        @if let Some(added) = cost.added() { small.rest { "added " (text::signed(added.p50)) } }
    }
}
