//! How operations are told.

use maud::{Markup, html};
use windlass::operation::{OperationState, Why};
use windlass_http::words::time::number;

use super::document::{Operation, Skipped};
use crate::filter::encoded;
use crate::parts::{icon, text};

/// What may be done to many jobs, and what a filter without a state means with it.
pub(super) const ACTIONS: [(&str, &str, &str, &str); 4] = [
    ("retry", "Retry", "loop", "dead jobs are available again, with their failures at zero"),
    (
        "cancel",
        "Cancel",
        "slash",
        "jobs that have not ended never start; those that run are asked to stop",
    ),
    ("move", "Move", "right", "jobs that neither run nor have ended are given to another queue"),
    ("delete", "Delete", "cross", "jobs that have ended are removed"),
];

/// The name of an action, such as `Retry`.
pub(super) fn name(action: &str) -> &str {
    ACTIONS.iter().find(|(word, ..)| *word == action).map_or(action, |(_, name, ..)| name)
}

/// What is done to each job.
pub(super) fn what(operation: &Operation) -> Markup {
    html! {
        (text(name(&operation.action)))
        @if let Some(queue) = &operation.queue { " to " (text(queue)) }
    }
}

/// How it stands, as a sign and a word.
pub(super) fn badge(state: OperationState) -> Markup {
    let (picture, colour) = match state {
        OperationState::Running | OperationState::Undoing => ("ring", "running"),
        OperationState::Paused => ("pause", "warning"),
        OperationState::Done => ("check", "done"),
        OperationState::Stopped => ("slash", "plain"),
        OperationState::Undone => ("undo", "plain"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (state.word()) } }
}

/// How far it is, as a bar with numbers beside it.
pub(super) fn bar(operation: &Operation) -> Markup {
    let (through, all) = operation.progress();
    let is_over = matches!(operation.state, OperationState::Done | OperationState::Undone);
    html! {
        div.progress {
            @if let Some(all) = all {
                progress max=(all.max(1)) value=(if is_over { all.max(1) } else { through.min(all) }) {}
            }
            span { (number(through)) @if let Some(all) = all { span.meta { " of " (number(all)) } } }
        }
    }
}

/// Why jobs were left as they were, with some of them.
pub(super) fn skipped(title: &str, skipped: &Skipped) -> Markup {
    html! {
        @if skipped.jobs > 0 {
            section {
                h2 { (title) }
                table.rows.reasons {
                    thead { tr { th { "Why" } th.number { "Jobs" } th { "Some of them" } } }
                    tbody { @for (reason, jobs) in &skipped.reasons {
                        tr {
                            td.main { (text(phrase(reason))) " " code.id { (text(reason)) } }
                            td.number data-name="jobs" { (number(*jobs)) }
                            td { @for sample in skipped.samples.iter().filter(|one| one.reason == *reason).take(3) {
                                a href={ "jobs/" (encoded(&sample.job)) } { code { (text(crate::parts::short(&sample.job))) } } " "
                            } }
                        }
                    } }
                }
            }
        }
    }
}

fn phrase(reason: &str) -> &str {
    Why::of(reason).map_or(reason, |why| why.phrase())
}
