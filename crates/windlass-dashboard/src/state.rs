//! States of jobs, as they are shown: always a sign and a word, in one of five colours.

use maud::{Markup, html};
use windlass::State;

use crate::parts::icon;

/// Its sign, and the colour that it has.
pub(crate) const fn look(state: State) -> (&'static str, &'static str) {
    match state {
        State::Waiting => ("hourglass", "plain"),
        State::Scheduled => ("clock", "plain"),
        State::Available => ("dot", "plain"),
        State::Running => ("ring", "running"),
        State::Retryable => ("loop", "warning"),
        State::Completed => ("check", "done"),
        State::Cancelled => ("slash", "plain"),
        State::Dead => ("cross", "failed"),
    }
}

/// A state as a badge.
pub(crate) fn badge(state: State) -> Markup {
    let (picture, colour) = look(state);
    html! { span class={ "badge " (colour) } { (icon(picture)) (state.word()) } }
}

/// Its sign alone, before a sentence that begins with its word.
pub(crate) fn sign(state: State) -> Markup {
    let (picture, colour) = look(state);
    html! { span class={ "badge " (colour) } { (icon(picture)) } }
}
