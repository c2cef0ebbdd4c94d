//! What pages show of `subscription.v1` and of what explains one.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;
use windlass::Timestamp;
use windlass::subscription::Mode;

use crate::event::Summary;
use crate::filter::{link, term};
use crate::parts::{icon, text};
use crate::pause::{self, Pausable, Paused, Says};

/// A subscription.
#[derive(Debug, Deserialize)]
pub(super) struct Subscription {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) version: Option<u16>,
    pub(super) max_attempts: Option<u16>,
    pub(super) signal: Option<String>,
    pub(super) event: Option<String>,
    pub(super) source: Option<String>,
    pub(super) lane: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) credit: Option<u32>,
    pub(super) pace: Option<String>,
    pub(super) filter: Box<RawValue>,
    pub(super) wants: String,
    pub(super) state: String,
    pub(super) after: u64,
    pub(super) until: Option<u64>,
    pub(super) position: u64,
    pub(super) behind: u64,
    pub(super) paused_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    /// Where one is shown alone.
    #[serde(default)]
    pub(super) waiting: Vec<Window>,
    #[serde(default)]
    pub(super) gaps: Vec<Gap>,
}

/// Events that it was not fed, and never will be.
#[derive(Debug, Deserialize)]
pub(super) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) reason: String,
    pub(super) at: Timestamp,
}

/// Events that wait to become a job together.
#[derive(Debug, Deserialize)]
pub(super) struct Window {
    pub(super) key: String,
    pub(super) opened_at: Timestamp,
    pub(super) due_at: Timestamp,
    pub(super) positions: Vec<u64>,
}

/// What a subscription gets: `subscription_explanation.v1`.
#[derive(Debug, Deserialize)]
pub(super) struct Explanation {
    pub(super) events: u64,
    pub(super) matched: u64,
    pub(super) matches: Vec<Looked>,
    pub(super) nearly_matched: u64,
    pub(super) near_misses: Vec<Looked>,
}

/// An event, and what the subscription makes of it.
#[derive(Debug, Deserialize)]
pub(super) struct Looked {
    #[serde(flatten)]
    pub(super) event: Summary,
    pub(super) answer: String,
    pub(super) why: String,
    pub(super) job: Option<String>,
}

impl Subscription {
    pub(super) const fn is_replay(&self) -> bool {
        self.until.is_some()
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How it is paused and resumed.
    pub(super) fn switch<'a>(&'a self, path: &'a str) -> Pausable<'a> {
        let means =
            "It is fed no events. They stay in the log, and it gets them once it is resumed.";
        let (name, is_paused, says) = (&self.name, self.is_paused(), Says::Nothing);
        Pausable { path, name, is_paused, means, says }
    }

    pub(super) fn pause(&self) -> Option<Paused<'_>> {
        self.paused_at.map(|at| Paused::since(at, None))
    }

    /// What comes of its events.
    pub(super) fn target(&self) -> Markup {
        html! {
            @if let Some(kind) = &self.kind {
                "job " a href=(link("jobs", &[("filter", &term("kind", kind))])) { (text(kind)) }
            } @else if let Some(event) = &self.event {
                "event " a href=(link("events", &[("filter", &term("type", event))])) { (text(event)) }
            } @else if let Some(key) = &self.signal { "signal by " code { (text(key)) } }
        }
    }

    /// Its state, as a badge.
    pub(super) fn badge(&self) -> Markup {
        let (colour, picture, word) = match self.state.as_str() {
            "paused" => return pause::badge(),
            "replaying" => ("running", "ring", "replaying"),
            "catching_up" => ("running", "ring", "catching up"),
            "live" => ("done", "check", "live"),
            other => ("plain", "dot", other),
        };
        html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
    }
}
