//! What pages show of `schedule.v1` and `preview.v1`.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;
use windlass::Timestamp;

use crate::job::Subject;
use crate::parts::icon;
use crate::pause::{self, Pausable, Paused, Says};

/// A schedule.
#[derive(Debug, Deserialize)]
pub(super) struct Schedule {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) definition: Definition,
    pub(super) args: Box<RawValue>,
    pub(super) owner: String,
    pub(super) changed_by: String,
    pub(super) changed_at: Timestamp,
    pub(super) declared: Option<Declaration>,
    pub(super) differs_from_declaration: bool,
    pub(super) contested_at: Option<Timestamp>,
    pub(super) paused_at: Option<Timestamp>,
    pub(super) note: Option<String>,
    pub(super) removed_at: Option<Timestamp>,
    pub(super) error: Option<String>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) queued_due_at: Option<Timestamp>,
    pub(super) last_due_at: Option<Timestamp>,
    pub(super) last_job: Option<String>,
    pub(super) last_job_has_ended: Option<bool>,
    pub(super) fired: u64,
    pub(super) skipped: u64,
    pub(super) missed_due_times: u64,
}

/// When something is due, and the job that is enqueued then. Its args stand beside it: a raw value cannot be read from what is
/// flattened.
#[derive(Debug, Deserialize)]
pub(super) struct Definition {
    pub(super) rule: String,
    pub(super) zone: String,
    pub(super) missed: String,
    pub(super) overlap: String,
    pub(super) kind: String,
    pub(super) version: u16,
    pub(super) queue: String,
    pub(super) priority: i16,
    pub(super) max_attempts: Option<u16>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) expires_ms: Option<u64>,
    pub(super) tags: Vec<String>,
    pub(super) subjects: Vec<Subject>,
}

/// What a program or a file declared.
#[derive(Debug, Deserialize)]
pub(super) struct Declaration {
    pub(super) owner: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) definition: Option<Declared>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Declared {
    #[serde(flatten)]
    pub(super) definition: Definition,
    pub(super) args: Box<RawValue>,
}

/// When it is due next.
#[derive(Debug, Deserialize)]
pub(super) struct Preview {
    pub(super) due: Vec<Due>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    local: String,
}

impl Due {
    /// As the clocks of the zone show it, without parts of a second and without the zone, which stands above.
    pub(super) fn local(&self) -> String {
        let local = self.local.split('[').next().unwrap_or_default();
        let (day, rest) = local.split_once('T').unwrap_or((local, ""));
        let clock: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
        let offset = rest.get(rest.find(['+', '-']).unwrap_or(rest.len())..).unwrap_or_default();
        format!("{day} {clock} {offset}")
    }
}

/// The last job: what is shown of it.
#[derive(Debug, Deserialize)]
pub(super) struct LastJob {
    pub(super) state: windlass::State,
}

impl Schedule {
    /// Whether it will run, as a badge.
    pub(super) fn badge(&self) -> Markup {
        let (colour, picture, word) = match () {
            () if self.removed_at.is_some() => ("plain", "slash", "removed"),
            () if self.error.is_some() => ("failed", "cross", "cannot fire"),
            () if self.is_paused() => return pause::badge(),
            () => ("done", "check", "on"),
        };
        html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// How it is paused and resumed.
    pub(super) fn switch<'a>(&'a self, path: &'a str) -> Pausable<'a> {
        let means = "It enqueues nothing. Due times that pass meanwhile have no run.";
        let (name, is_paused, says) = (&self.name, self.is_paused(), Says::Note);
        Pausable { path, name, is_paused, means, says }
    }

    pub(super) fn pause(&self) -> Option<Paused<'_>> {
        self.paused_at.map(|at| Paused::since(at, self.note.as_deref()))
    }

    pub(super) const fn is_removed(&self) -> bool {
        self.removed_at.is_some()
    }

    /// What somebody should look at.
    pub(super) fn warnings(&self) -> Markup {
        let warning = |words: &str| html! { " " span.badge.warning { (icon("warning")) (words) } };
        html! {
            @if self.differs_from_declaration { (warning("differs from its declaration")) }
            @if self.contested_at.is_some() { (warning("declared in two ways")) }
            @if self.queued_due_at.is_some() { " " span.badge.plain { (icon("hourglass")) "a run waits" } }
        }
    }
}

/// What a word of a definition means.
pub(super) fn in_words(word: &str) -> &str {
    match word {
        "none" => "they are counted and have no run",
        "one" => "one run for all of them",
        "all" => "a run for each of them",
        "skip" => "the run is left out",
        "queue" => "one run waits until the last job has ended",
        "allow" => "both run at once",
        "code" => "a program",
        "config" => "a windlass.toml",
        "person" => "a person",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_short_and_keep_their_offset() {
        let local =
            |text: &str| Due { at: Timestamp::from_micros(0), local: text.to_owned() }.local();
        assert_eq!(local("2026-11-29T02:30:00+01:00[Europe/Berlin]"), "2026-11-29 02:30:00 +01:00");
        assert_eq!(local("2026-11-28T22:25:39.719321-05:00[UTC]"), "2026-11-28 22:25:39 -05:00");
    }
}
