//! The steps of a workflow as rows: how each stands, what it waits for, and when it ran.

use std::collections::HashMap;

use maud::{Markup, html};
use windlass::{State, Timestamp};
use windlass_http::words::time::{number, span};

use super::document::{Batch, Condition, Step};
use crate::bars::{Axis, Bar};
use crate::filter::{encoded, link};
use crate::form::Button;
use crate::parts::{cut, icon, moment, text};
use crate::state::{badge, look};
use crate::view::View;

/// Steps that are named in a row, and conditions.
const NAMED: usize = 6;
/// Characters of a name where it is one of several.
const NAME_CHARS: usize = 60;
/// Rows of a table: what has not completed goes before what has.
const ROWS: usize = 200;

/// What all rows know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) view: &'a View,
    pub(super) batch: &'a Batch,
    pub(super) steps: &'a [Step],
    pub(super) critical: &'a [String],
    pub(super) may_operate: bool,
    /// All steps by their names.
    pub(super) named: &'a HashMap<&'a str, &'a Step>,
}

/// Steps by their names.
pub(super) fn by_name(steps: &[Step]) -> HashMap<&str, &Step> {
    steps.iter().map(|step| (step.step.as_str(), step)).collect()
}

impl Rows<'_> {
    pub(super) fn table(self) -> Markup {
        let axis = Axis::between(self.began(), self.ends());
        let (done, open): (Vec<&Step>, Vec<&Step>) =
            self.steps.iter().partition(|step| step.state == State::Completed);
        let is_whole = self.steps.len() <= ROWS;
        let shown: Vec<&Step> = match is_whole {
            true => self.steps.iter().collect(),
            false => open.into_iter().chain(done).take(ROWS).collect(),
        };
        html! {
            table.rows.steps-of {
                thead { tr { th { "Step" } th { "State" } th { "Waits for" } th.number { "Took" } th.bars { (axis.labels()) } } }
                tbody { @for step in shown { (self.row(step, axis)) } }
            }
            @if !is_whole {
                @let all = link("jobs", &[("filter", &format!("batch:{}", self.batch.id))]);
                p.note { "These are " (ROWS) " of " (number(self.steps.len() as u64)) " steps: first those that have not completed. " a href=(all) { "All jobs of the workflow" } }
            }
        }
    }

    fn began(self) -> Timestamp {
        self.batch.created_at
    }

    fn ends(self) -> Timestamp {
        let last = self.steps.iter().filter_map(|step| step.finished_at).max();
        let is_open = self.steps.iter().any(|step| !step.state.is_terminal());
        if is_open { self.view.now } else { last.unwrap_or(self.view.now) }
    }

    fn row(self, step: &Step, axis: Axis) -> Markup {
        let is_critical = self.critical.contains(&step.step);
        html! {
            tr id={ "row-" (step.job) } {
                td.main {
                    a.name href={ "jobs/" (encoded(&step.job)) } { (text(&step.step)) }
                    @if is_critical { " " span.tag { "longest way" } }
                    @if let Some(reason) = step.reason.as_deref().filter(|_| step.state != State::Completed) { p.why title=(reason) { (text(reason)) } }
                }
                td.state { (badge(step.state)) }
                td.wide data-name="waits for" { (self.waits(step)) }
                td.number data-name="took" { @if let Some(took) = self.took(step) { (took) } @else { span.none { "–" } } }
                td.bars { (self.bar(step, axis)) }
            }
        }
    }

    /// What keeps it first, then what it comes after.
    fn waits(self, step: &Step) -> Markup {
        let named = |name: &str| {
            let short = cut(name, NAME_CHARS);
            html! { @if let Some(found) = self.named.get(name) { a href={ "jobs/" (encoded(&found.job)) } { (text(&short)) } } @else { (text(&short)) } }
        };
        html! {
            @if !step.blocked_by.is_empty() {
                p { "kept by " @for (nth, name) in step.blocked_by.iter().take(NAMED).enumerate() { @if nth > 0 { ", " } (named(name)) } (more(step.blocked_by.len())) }
            }
            @for condition in step.waits_for.iter().take(NAMED) { (self.condition(step, condition)) }
            (more(step.waits_for.len()))
            @if step.after.is_empty() { @if step.waits_for.is_empty() { span.none { "–" } } }
            @else { p.meta { "after " @for (nth, name) in step.after.iter().take(NAMED).enumerate() { @if nth > 0 { ", " } (named(name)) } (more(step.after.len())) } }
        }
    }

    fn condition(self, step: &Step, condition: &Condition) -> Markup {
        let is_open = condition.state == "open";
        let (colour, picture) = match condition.state.as_str() {
            "open" => ("plain", "hourglass"),
            "met" => ("done", "check"),
            _ => ("plain", "slash"),
        };
        html! {
            div {
                span class={ "badge " (colour) } { (icon(picture)) (text(&condition.state)) } " "
                (self.awaited(condition))
                @if is_open && self.may_operate && step.state == State::Waiting {
                    " " (Button::to(&format!("workflows/{}/waive", encoded(&self.batch.id)), ("Skip this condition", "right", "quiet")).inline(self.view, &[("job", &step.job), ("condition", &condition.name)]))
                }
            }
        }
    }

    fn awaited(self, condition: &Condition) -> Markup {
        html! {
            @match (condition.awaits.as_str(), condition.awaited.as_deref()) {
                ("signal", _) => { "signal " code { (text(condition.key.as_deref().unwrap_or(&condition.name))) } },
                ("moment", _) => { "moment " @if let Some(at) = condition.at { (moment(at, self.view.now)) } },
                ("job", Some(job)) => { a href={ "jobs/" (encoded(job)) } { "job " (text(&condition.name)) } },
                ("batch", Some(batch)) => { a href={ "batches/" (encoded(batch)) } { "batch " (text(&condition.name)) } },
                (word, _) => { (text(word)) " " (text(&condition.name)) },
            }
            @if let Some(state) = condition.awaited_state { " " (badge(state)) }
        }
    }

    /// When the last of those before it ended; from there on it could run.
    fn ready(self, step: &Step) -> Option<Timestamp> {
        let before = step.after.iter().filter_map(|name| self.named.get(name.as_str()));
        let ends: Option<Vec<_>> = before.map(|other| other.finished_at).collect();
        Some(ends?.into_iter().max().unwrap_or_else(|| self.began()))
    }

    fn ended(self, step: &Step) -> Timestamp {
        let has_ended = step.state.is_terminal();
        step.finished_at.filter(|_| has_ended).unwrap_or(self.view.now)
    }

    fn took(self, step: &Step) -> Option<String> {
        let start = step.started_at?;
        let has_run = step.state == State::Running || step.finished_at.is_some();
        has_run.then(|| span(self.ended(step).since(start)))
    }

    fn bar(self, step: &Step, axis: Axis) -> Markup {
        let ends = self.ended(step);
        let has_begun = step.state == State::Running || step.finished_at.is_some();
        let begins = step.started_at.filter(|_| has_begun);
        let title = match begins {
            Some(start) => {
                let after = span(start.since(self.began()));
                format!("{}: began after {after}, ran {}", step.step, span(ends.since(start)))
            }
            None => format!("{}: {}", step.step, step.state.word()),
        };
        let waits =
            if begins.is_none() && step.state.is_terminal() { None } else { self.ready(step) };
        axis.bar(&Bar { waits, begins, ends, colour: look(step.state).1, title: &title })
    }
}

fn more(all: usize) -> Markup {
    html! { @if all > NAMED { span.meta { " +" (all - NAMED) } } }
}
