//! What is paused and resumed: queues, kinds, schedules, subscriptions and sources. One sign, one line and one pair of buttons for
//! all of them, in the same place of a row and of a head.

use maud::{Markup, html};
use serde_json::{Map, Value};
use windlass::Timestamp;

use crate::fault::Fault;
use crate::form::{Button, Field, Fields, Refused, lasting, said};
use crate::parts::{icon, moment, text};
use crate::view::View;

/// How long a pause lasts, as it is chosen.
const LASTS: [(&str, u64); 5] = [
    ("until it is resumed", 0),
    ("an hour", 3_600_000),
    ("4 hours", 14_400_000),
    ("a day", 86_400_000),
    ("a week", 604_800_000),
];
/// Characters of a note.
const NOTE: u16 = 1024;

/// What can be said with a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Nothing.
    Nothing,
    /// Why, and by whom.
    Note,
    /// That, and when it ends by itself.
    NoteAndTime,
}

/// Something that can be paused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pausable<'a> {
    /// Its path below the store, below which it is paused and resumed.
    pub(crate) path: &'a str,
    pub(crate) name: &'a str,
    pub(crate) is_paused: bool,
    /// What its pause means.
    pub(crate) means: &'a str,
    pub(crate) says: Says,
}

/// A pause that there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paused<'a> {
    pub(crate) at: Timestamp,
    pub(crate) until: Option<Timestamp>,
    pub(crate) note: Option<&'a str>,
}

/// The sign of what is paused.
pub(crate) fn badge() -> Markup {
    html! { span.badge.warning { (icon("pause")) "paused" } }
}

impl<'a> Paused<'a> {
    /// Since then, until somebody resumes it.
    pub(crate) fn since(at: Timestamp, note: Option<&'a str>) -> Self {
        Self { at, until: None, note }
    }

    /// Since when, until when and why, in a line.
    pub(crate) fn line(&self, view: &View) -> Markup {
        html! {
            "paused since " (moment(self.at, view.now))
            @if let Some(until) = self.until { ", until " (moment(until, view.now)) }
            @if let Some(note) = self.note { ": " (text(note)) }
        }
    }

    /// The same below a name in a row.
    pub(crate) fn why(&self, view: &View) -> Markup {
        html! { p.why { (self.line(view)) } }
    }
}

impl Pausable<'_> {
    /// Its button in a row.
    pub(crate) fn in_row(&self, view: &View, refused: Option<&Refused>) -> Markup {
        self.button(view, ("quiet", "quiet"), refused)
    }

    /// Its button in the head of its page.
    pub(crate) fn in_head(&self, view: &View) -> Markup {
        self.button(view, ("", "primary"), None)
    }

    /// Resuming is one press; pausing says first what it means, and asks why.
    fn button(
        &self,
        view: &View,
        (pause, resume): (&str, &str),
        refused: Option<&Refused>,
    ) -> Markup {
        if self.is_paused {
            let to = format!("{}/resume", self.path);
            return Button::to(&to, ("Resume", "play", resume)).about(self.name).show(view);
        }
        let to = format!("{}/pause", self.path);
        let refused = refused.filter(|refused| refused.to == to);
        let fields = self.fields(refused);
        let fault = refused.map(|refused| &refused.fault);
        Button::to(&to, ("Pause", "pause", pause)).about(self.name).ask_again(
            view,
            (self.means, &fields),
            fault,
        )
    }

    fn fields(&self, refused: Option<&Refused>) -> Markup {
        let note = Field {
            name: "note",
            label: "Note",
            hint: "why, and by whom",
            of: self.name,
            most: Some(NOTE),
            value: refused.map_or("", |refused| refused.value("note")),
        };
        html! {
            @if self.says == Says::NoteAndTime { (lasting(&format!("{}-for", self.name), &LASTS, refused)) }
            @if self.says != Says::Nothing { (note.show()) }
        }
    }
}

/// The body of a pause, as its form says it.
pub(crate) fn body(fields: &Fields) -> Result<Option<Value>, Fault> {
    let mut body = Map::new();
    if let Some(ms) = fields.lasts()? {
        body.insert("for_ms".to_owned(), ms.into());
    }
    if let Some(note) = said(fields.value("note")) {
        body.insert("note".to_owned(), note.into());
    }
    Ok((!body.is_empty()).then(|| body.into()))
}
