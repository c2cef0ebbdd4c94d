//! What pages show of `source.v1` and `quarantined.v1`.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;
use windlass::Timestamp;
use windlass_http::words::time::number;

use crate::parts::{icon, moment, text};
use crate::pause::{self, Pausable, Paused, Says};
use crate::view::View;

/// A source.
#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) about: Box<RawValue>,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) changed_at: Timestamp,
    pub(super) cursor: Option<String>,
    pub(super) number: Option<u64>,
    pub(super) generation: u32,
    pub(super) holder: Option<String>,
    pub(super) held_until: Option<Timestamp>,
    pub(super) head: Option<u64>,
    pub(super) imported: u64,
    pub(super) repeated: u64,
    pub(super) quarantined: u64,
    pub(super) dropped: u64,
    pub(super) open_gaps: u64,
    pub(super) imported_at: Option<Timestamp>,
    pub(super) polled_at: Option<Timestamp>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) overdue_since: Option<Timestamp>,
    pub(super) error: Option<String>,
    pub(super) error_at: Option<Timestamp>,
    pub(super) failures: u32,
    /// Where one is shown alone.
    #[serde(default)]
    pub(super) gaps: Vec<Gap>,
}

/// What a feed did not give.
#[derive(Debug, Deserialize)]
pub(super) struct Gap {
    pub(super) event: String,
    pub(super) why: String,
    pub(super) from: Option<u64>,
    pub(super) to: Option<u64>,
    pub(super) answer: String,
    pub(super) at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
}

/// A page of records that were put aside.
#[derive(Debug, Deserialize)]
pub(super) struct Quarantine {
    pub(super) items: Vec<Record>,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
}

/// A record that was put aside.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) number: Option<u64>,
    pub(super) reason: String,
    pub(super) body: String,
    pub(super) is_cut: bool,
    pub(super) at: Timestamp,
}

impl Source {
    pub(super) fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// How it is paused and resumed; one that has stopped at a gap is resumed too.
    pub(super) fn switch<'a>(&'a self, path: &'a str) -> Pausable<'a> {
        let means = "Its feed is not read.";
        let (name, is_paused, says) = (&self.name, !self.is_running(), Says::Note);
        Pausable { path, name, is_paused, means, says }
    }

    pub(super) fn pause(&self) -> Option<Paused<'_>> {
        let paused = (self.state == "paused").then_some(self.changed_at);
        paused.map(|at| Paused::since(at, self.reason.as_deref()))
    }

    /// Since when its feed should have been asked, and who is to ask it.
    pub(super) fn overdue(&self, view: &View) -> Option<Markup> {
        let since = self.overdue_since?;
        let is_held = self.held_until.is_some_and(|until| until > view.now);
        let holder = self.holder.as_deref().filter(|_| is_held);
        Some(html! {
            "overdue since " (moment(since, view.now)) ": "
            @if let Some(holder) = holder { (text(holder)) " holds it and does not ask its feed" } @else { "no worker reads it" }
        })
    }

    /// Whether it is read, as a badge.
    pub(super) fn badge(&self) -> Markup {
        let (colour, picture, word) = match self.state.as_str() {
            "running" if self.failures > 0 => ("failed", "cross", "failing"),
            "running" if self.overdue_since.is_some() => ("failed", "cross", "overdue"),
            "running" => ("done", "check", "running"),
            "paused" => return pause::badge(),
            "stopped" => ("failed", "cross", "stopped"),
            other => ("plain", "dot", other),
        };
        html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
    }

    /// How far it was read: the cursor of its feed, or else the number of a record.
    pub(super) fn place(&self) -> Markup {
        html! {
            @match (&self.cursor, self.number) {
                (Some(cursor), _) => code { (text(cursor)) },
                (None, Some(nth)) => { "number " (number(nth)) },
                (None, None) => span.none { "nothing yet" },
            }
        }
    }

    /// Records of the feed that were not read yet, where both have numbers.
    pub(super) fn behind(&self) -> Option<u64> {
        Some(self.head?.saturating_sub(self.number?))
    }
}
