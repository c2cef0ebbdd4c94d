//! What pages show of `batch.v1` and `workflow.v1`.

use maud::{Markup, html};
use serde::Deserialize;
use windlass::{State, Timestamp};
use windlass_http::words::time::number;

use crate::filter::{encoded, link};
use crate::parts::{icon, short, text};

/// A batch, or a workflow without its steps.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) key: Option<String>,
    pub(super) undoes: Option<String>,
    pub(super) is_workflow: bool,
    pub(super) state: String,
    pub(super) created_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) jobs: Counts,
}

/// How many jobs are where.
#[derive(Debug, Deserialize)]
pub(super) struct Counts {
    pub(super) open: u64,
    pub(super) completed: u64,
    pub(super) cancelled: u64,
    pub(super) dead: u64,
}

/// A page of them.
#[derive(Debug, Deserialize)]
pub(super) struct Batches {
    pub(super) items: Vec<Batch>,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
}

/// A page of a batch's jobs.
#[derive(Debug, Deserialize)]
pub(super) struct Members {
    pub(super) items: Vec<Member>,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
}

/// A job of a batch; of one that is gone there is left how it ended.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) job: String,
    pub(super) step: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) state: Option<State>,
}

/// A workflow with its steps.
#[derive(Debug, Deserialize)]
pub(super) struct Workflow {
    #[serde(flatten)]
    pub(super) batch: Batch,
    pub(super) steps: Vec<Step>,
    pub(super) critical_path: Vec<String>,
    pub(super) undo: Option<Vec<Step>>,
}

/// A step.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) step: String,
    pub(super) job: String,
    pub(super) state: State,
    pub(super) after: Vec<String>,
    pub(super) depth: usize,
    pub(super) blocked_by: Vec<String>,
    pub(super) waits_for: Vec<Condition>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) reason: Option<String>,
}

/// What a step waits for beside other steps.
#[derive(Debug, Deserialize)]
pub(super) struct Condition {
    pub(super) name: String,
    pub(super) awaits: String,
    pub(super) state: String,
    pub(super) awaited: Option<String>,
    pub(super) awaited_state: Option<State>,
    pub(super) key: Option<String>,
    pub(super) at: Option<Timestamp>,
}

impl Batch {
    /// The part of paths that says which of both it is.
    pub(super) const fn folder(&self) -> &'static str {
        if self.is_workflow { "workflows" } else { "batches" }
    }

    pub(super) fn href(&self) -> String {
        format!("{}/{}", self.folder(), encoded(&self.id))
    }

    /// Its name, or else its key, or else what tells it from others.
    pub(super) fn title(&self) -> &str {
        self.name.as_deref().or(self.key.as_deref()).unwrap_or_else(|| short(&self.id))
    }

    pub(super) fn badge(&self) -> Markup {
        let (colour, picture) = match self.state.as_str() {
            "running" => ("running", "ring"),
            "blocked" => ("warning", "warning"),
            "completed" => ("done", "check"),
            "failed" => ("failed", "cross"),
            _ => ("plain", "dot"),
        };
        html! { span class={ "badge " (colour) } { (icon(picture)) (text(&self.state)) } }
    }

    /// Whether jobs of it may still change.
    pub(super) fn is_live(&self) -> bool {
        self.jobs.open > 0 || self.state == "open"
    }

    /// How many of its jobs are where, each a link to them.
    pub(super) fn counts(&self) -> Markup {
        let jobs = &self.jobs;
        let of = |states: &str| {
            link("jobs", &[("filter", &format!("state:{states} batch:{}", self.id))])
        };
        let open = "waiting,scheduled,available,running,retryable";
        let counts = [
            ("open", open, jobs.open),
            ("completed", "completed", jobs.completed),
            ("dead", "dead", jobs.dead),
            ("cancelled", "cancelled", jobs.cancelled),
        ];
        html! {
            @for (word, states, count) in counts {
                td.number data-name=(word) { @if count == 0 { span.none { "0" } } @else { a href=(of(states)) { (number(count)) } } }
            }
        }
    }
}

impl Counts {
    pub(super) const fn all(&self) -> u64 {
        self.open + self.completed + self.cancelled + self.dead
    }

    /// The same as parts of a bar.
    pub(super) fn share(&self) -> Markup {
        let all = self.all().max(1);
        let part = |before: u64, jobs: u64| (before * 1_000 / all, jobs * 1_000 / all);
        let parts = [
            ("done", part(0, self.completed)),
            ("failed", part(self.completed, self.dead)),
            ("plain", part(self.completed + self.dead, self.cancelled)),
        ];
        let title =
            format!("{} of {} have ended", number(self.all() - self.open), number(self.all()));
        html! {
            svg.share viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" {
                title { (title) }
                @for (colour, (from, width)) in parts { rect class=(colour) x=(from) y="0" width=(width) height="8" {} }
            }
        }
    }
}
