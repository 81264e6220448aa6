//! The answer on one kernel: what is cheapest and dearest, what may be used to stop
//! a behaviour, the ranked pictures, and the table to choose a monitor by.

use hookbench_model::Enforcement;
use hookbench_results::Run;
use maud::{Markup, html};

use super::{Page, picture, prose, tables};
use crate::decision::{self, Decision, Line, Operation};
use crate::section::Row;
use crate::summary::{self, Extremes};
use crate::{matrix, plot, text};

/// All of the answer on `kernel`.
pub(super) fn on(page: &Page<'_>, kernel: &str) -> Markup {
    let decision = decision::on(page.run, page.sections, kernel);
    html! {
        section.answer-of.(page.class(kernel)) {
            @match &decision {
                Some(decision) => {
                    (sentence(decision))
                    (cards(decision))
                    (pictures(decision))
                    (table(page, kernel, decision))
                }
                None => p.answer { "On kernel " (text::one_line(kernel))
                    " no monitor was measured beside its baseline " code { "none" } "." }
            }
        }
    }
}

fn sentence(decision: &Decision<'_, '_>) -> Markup {
    let Some(first) = decision.operations.first() else { return html! {} };
    html! { p.answer { (prose(&summary::baseline_sentence(first.section))) } }
}

fn cards(decision: &Decision<'_, '_>) -> Markup {
    let Some(first) = decision.operations.first() else { return html! {} };
    let (refuse, kill) = (decision.stopping(false), decision.stopping(true));
    let asked = refuse.len() + kill.len() > 0 || first.behaviour.is_some();
    html! {
        div.cards {
            @if let Some(found) = summary::extremes(first.section) { (costs(first, &found)) }
            @if asked {
                (stopping("May refuse", first, &refuse))
                (stopping("May kill for", first, &kill))
            }
        }
    }
}

fn costs(operation: &Operation<'_, '_>, found: &Extremes<'_, '_>) -> Markup {
    let to_watch = html! {
        @if found.watched { " to watch " (watched(operation)) } @else { " of " (found.count) }
    };
    let unit = operation.section.clock.unit();
    let near = summary::within_floor(operation.section);
    let ends = [("Cheapest", &found.cheapest), ("Dearest", &found.dearest)];
    html! {
        @if near.len() > 1 {
            div.card {
                h2 { "Cheapest" (to_watch) }
                p.big { "\u{2264} " (text::grouped(summary::floor(operation.section))) " " small { (unit) " per operation" } }
                p.note { (near.len()) " of " (found.count) " that saw every operation are " a href="#method-why-are-some-costs-shown-as-indistinguishable-from-zero" { "not told from nothing" }
                    ": this is " (summary::FLOOR_ABOUT) "." }
                @if let Some((row, added)) = summary::first_told(operation.section) {
                    p { "Next: " code { (row.monitor()) } " " (text::signed(added.p50)) }
                }
                details {
                    summary { "The " (near.len()) }
                    ul { @for row in &near { li { code { (row.monitor()) } } } }
                }
            }
        }
        @for (word, (row, added)) in ends.iter().skip(usize::from(near.len() > 1)) {
            div.card {
                h2 { (word) (to_watch) }
                p.big { (text::signed(added.p50)) " " small { (unit) " per operation"
                    @if added.ratio.is_finite() { ", " (text::percent(added.ratio)) } } }
                p { code { (row.monitor()) } }
                p.note { "of " (found.count) " that "
                    @if found.watched { "saw every operation" } @else { "were measured" } }
            }
        }
    }
}

fn watched(operation: &Operation<'_, '_>) -> Markup {
    html! { code { (operation.behaviour.clone().unwrap_or_else(|| operation.section.operation())) } }
}

fn stopping(word: &str, first: &Operation<'_, '_>, by: &[(&Line<'_, '_>, &Row<'_>)]) -> Markup {
    html! {
        div.card {
            h2 { (word) " " (watched(first)) }
            @if by.is_empty() { p.note { "No monitor that was measured here." } } @else {
                ul {
                    @for (line, row) in by {
                        li { code { (line.monitor) } " " span.note { (scope(line)) (late(row)) } }
                    }
                }
            }
        }
    }
}

fn scope(line: &Line<'_, '_>) -> &'static str {
    match line.record {
        Some(record) if record.per_process => "per process",
        Some(_) => "system-wide",
        None => "",
    }
}

/// Whether what was killed for had happened by then.
fn late(row: &Row<'_>) -> String {
    let refused = row.measured().and_then(|measured| measured.refused.as_ref());
    match refused.and_then(|refused| refused.happened) {
        Some(happened) if happened.events > 0 => {
            format!("; too late: done {} of {}", text::grouped(happened.events), text::grouped(happened.of))
        }
        Some(_) => "; before it was done".into(),
        None => String::new(),
    }
}

fn pictures(decision: &Decision<'_, '_>) -> Markup {
    html! {
        div.pictures {
            @for operation in decision.operations.iter().filter(|of| of.behaviour.is_some()) {
                @let untuned = operation.section.untuned();
                @let section = untuned.as_ref().unwrap_or(operation.section);
                figure {
                    h3 { "Added to one " (watched(operation)) }
                    (picture(&plot::added(section, plot::NARROW), &plot::added_title(section)))
                    figcaption { "Median of one " code { (operation.section.operation()) } " less that of " code { "none" } ", in "
                        (operation.section.clock.unit()) " (clock: " (operation.section.clock.name())
                        "), " a href="#method" { "measured so" } ". What adds nothing or less has no bar." }
                }
            }
        }
    }
}

fn table(page: &Page<'_>, kernel: &str, decision: &Decision<'_, '_>) -> Markup {
    let burst = decision.lines.iter().find_map(|line| Some(line.lost.as_ref()?.operation.as_str()));
    let records = decision.lines.iter().any(|line| line.record.is_some());
    let floors: Vec<u64> = decision.operations.iter().map(|of| summary::floor(of.section)).collect();
    html! {
        div.choose id={ "choose-" (page.place(kernel)) } {
            h2 { "Which monitor? Kernel " (text::one_line(kernel)) }
            p.unit { "Costs: what a monitor adds to the median of one operation, in "
                @if let Some(first) = decision.operations.first() {
                    (text::unit_and_clock(first.section.clock, first.section.cell.target))
                } "; " a href="#method" { "how they were made" } ". "
                @if let Some(burst) = burst { "Lost: events, when " code { (burst) } " runs without a rest (" a href="#method-what-are-paced-delivered-and-burst" { "burst" } "). " }
                @if floors.iter().any(|floor| *floor > 0) {
                    "\u{2248} 0: no more than " (summary::FLOOR_ABOUT) " (" a href="#method-why-are-some-costs-shown-as-indistinguishable-from-zero" { "why" } "). "
                }
                "Could deny: the mechanism can refuse, this use of it does not. A click on a heading sorts." }
            div.table tabindex="0" role="region" aria-label={ "Table: which monitor, kernel " (text::one_line(kernel)) } {
                table.sorts.filters.decide {
                    thead { tr {
                        th scope="col" { "monitor" }
                        @for operation in &decision.operations { th scope="col" { (heading(operation)) } }
                        th scope="col" { "lost in burst" }
                        @if records {
                            th.t scope="col" title="what the monitor does here, and below what its mechanism could do" { "does" }
                            th.t scope="col" { "scope" }
                            th scope="col" { "since" }
                        }
                        @if page.kernels.len() > 1 { th scope="col" { "kernels here" } }
                    } }
                    tbody { @for line in &decision.lines { (one(page, line, records, &floors)) } }
                }
            }
        }
    }
}

fn heading(operation: &Operation<'_, '_>) -> Markup {
    let base = operation.section.baseline().and_then(|row| row.summary);
    html! {
        (operation.behaviour.as_deref().unwrap_or("unwatched call"))
        small { (text::one_line(&operation.section.cell.workload)) }
        @if let Some(base) = base { small { code { "none" } " " (text::grouped(base.p50)) } }
    }
}

fn one(page: &Page<'_>, line: &Line<'_, '_>, records: bool, floors: &[u64]) -> Markup {
    html! {
        tr {
            th scope="row" {
                i.dot style={ "background:" (plot::colour(&line.mechanism)) } {}
                code title=[line.record.map(|record| text::one_line(&record.about))] { (breakable(&line.monitor)) }
            }
            @for (row, floor) in line.costs.iter().zip(floors) { (cost(*row, *floor)) }
            @match &line.lost {
                Some(lost) => td.lossy[lost.lost > 0] { (lost.shown()) },
                None => td.without { "\u{2013}" },
            }
            @if records {
                @if let Some(record) = line.record {
                    td.t { span.can.stops[record.enforcement != Enforcement::Observes] { (decision::can(record.enforcement)) }
                        @if line.could_deny() { small.could { "could deny" } } }
                    td.t { @if record.per_process { "process" } @else { "system" } }
                    td { "\u{2265} " (text::one_line(&record.since)) }
                } @else { td.t {} td.t {} td {} }
            }
            @if page.kernels.len() > 1 {
                @let (with, without) = &line.kernels;
                td title=[(!without.is_empty()).then(|| format!("none of: {}", without.join(", ")))] {
                    (with) " of " (page.kernels.len())
                }
            }
        }
    }
}

/// A name that may go on in the next line behind its `+`.
fn breakable(name: &str) -> Markup {
    html! {
        @for (place, part) in name.split('+').enumerate() {
            @if place > 0 { "+" wbr; }
            (part)
        }
    }
}

/// A cost; up to `floor` it is not told from nothing, and has no colour.
fn cost(row: Option<&Row<'_>>, floor: u64) -> Markup {
    let Some(row) = row else { return html! { td.without { "\u{2013}" } } };
    let stopped = row.measured().map(text::refused).unwrap_or_default();
    html! {
        @match (row.added, row.summary) {
            (Some(added), _) if floor > 0 && stopped.is_empty() && added.p50.unsigned_abs() <= floor => {
                td.near { (text::signed(added.p50)) small { "\u{2248} 0" } }
            }
            (Some(added), Some(_)) => td.{ "heat-" (matrix::heat(Some(row)).unwrap_or(0)) } {
                (text::signed(added.p50))
                @if !stopped.is_empty() { small.stops { (stopped) } }
                @else if added.ratio.is_finite() { small { (text::percent(added.ratio)) } }
            },
            _ => td.without { (tables::word(row)) },
        }
    }
}

/// What each monitor is, in a line; nothing where the run does not say it.
pub(super) fn monitors(run: &Run) -> Markup {
    let in_run = |record: &&_| {
        let record: &hookbench_results::environment::MonitorRecord = record;
        run.measurements.iter().any(|measurement| measurement.cell.monitor == record.name)
    };
    let records: Vec<_> = run.environment.monitors.iter().filter(in_run).collect();
    html! {
        @if !run.environment.monitors.is_empty() {
            section #monitors {
                h2 { "What each monitor is" }
                div.table tabindex="0" role="region" aria-label="Table: what each monitor is" {
                    table.sorts.filters.words {
                        thead { tr {
                            th.t scope="col" { "monitor" } th.t scope="col" { "what it does" }
                            th.t scope="col" { "where" } th.t scope="col" title="what the monitor does here, and below what its mechanism could do" { "does" }
                            th.t scope="col" { "scope" } th scope="col" { "since" }
                        } }
                        tbody { @for record in records {
                            tr {
                                th.t scope="row" { code { (text::one_line(&record.name.to_string())) } }
                                td.t.text { (text::one_line(&record.about)) }
                                td.t { (text::one_line(&record.sees)) }
                                td.t { (record.enforcement.about()) }
                                td.t { @if record.per_process { "per process" } @else { "system-wide" } }
                                td { "\u{2265} " (text::one_line(&record.since)) }
                            }
                        } }
                    }
                }
            }
        }
    }
}
