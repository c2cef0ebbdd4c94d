//! What filters are written with: the names of their terms, and values that are known.
//!
//! Values come from the API as who asks may see them: a limited caller has those of their own newest jobs alone.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use windlass::State;

use super::Of;
use crate::ask::Asker;
use crate::job::Subject;

/// So many of the newest jobs or events are looked at.
const NEWEST: &str = "200";
const MOMENTS: [&str; 5] = ["1h", "6h", "24h", "7d", "30d"];

/// The name of a term.
#[derive(Debug)]
pub(super) struct Name {
    name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) has_path: bool,
}

const fn name(name: &'static str, meaning: &'static str) -> Name {
    Name { name, meaning, has_path: false }
}

const fn path(name: &'static str, meaning: &'static str) -> Name {
    Name { name, meaning, has_path: true }
}

const OF_JOBS: [Name; 12] = [
    name("state", "in one of these states"),
    name("queue", "of this queue; * is any run of characters"),
    name("kind", "of this kind; * is any run of characters"),
    name("tag", "with this tag"),
    name("subject", "about this, such as customer=42"),
    name("error", "its last error has this text in it"),
    path("args", "has this value in its args, such as args.user.id:42"),
    name("worker", "run by a worker with this label"),
    name("batch", "in this batch"),
    name("fingerprint", "failed alike"),
    name("since", "its last step is not older, such as 24h"),
    name("until", "its last step is older"),
];
const OF_EVENTS: [Name; 6] = [
    name("type", "of this type; * is any run of characters"),
    name("source", "of this source; * is any run of characters"),
    name("subject", "happened to this, or is about it"),
    path("data", "has this value in its data, such as data.total:1000"),
    name("since", "not older, such as 24h"),
    name("until", "older"),
];

pub(super) const fn names(of: Of) -> &'static [Name] {
    match of {
        Of::Jobs => &OF_JOBS,
        Of::Events => &OF_EVENTS,
    }
}

impl Name {
    pub(super) fn fits(&self, typed: &str) -> bool {
        self.name.starts_with(&typed.to_lowercase())
    }

    /// Whether its one value is a moment: such a term is never negated.
    pub(super) fn is_moment(&self) -> bool {
        matches!(self.name, "since" | "until")
    }

    /// As it stands in a filter, with the sign behind it.
    pub(super) fn written(&self) -> String {
        format!("{}{}", self.name, if self.has_path { '.' } else { ':' })
    }
}

#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
struct Queue {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Worker {
    label: String,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
struct Types {
    types: Vec<Type>,
}

#[derive(Debug, Deserialize)]
struct Type {
    r#type: String,
}

#[derive(Debug, Deserialize)]
struct Job {
    kind: String,
    queue: String,
    tags: Vec<String>,
    subjects: Vec<Subject>,
    worker: Option<String>,
    batch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Event {
    r#type: String,
    source: String,
    subject: Option<String>,
}

/// Values that are known of a name, in the order in which they are offered.
pub(super) async fn values(asker: &Asker, of: Of, name: &str) -> Vec<String> {
    match (of, name) {
        (Of::Jobs, "state") => State::ALL.map(|state| state.word().to_owned()).to_vec(),
        (_, "since" | "until") => MOMENTS.map(str::to_owned).to_vec(),
        (Of::Jobs, "queue" | "kind" | "tag" | "subject" | "worker" | "batch") => {
            of_jobs(asker, name).await
        }
        (Of::Events, "type" | "source" | "subject") => of_events(asker, name).await,
        _ => Vec::new(),
    }
}

async fn of_jobs(asker: &Asker, name: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    match name {
        "queue" => {
            let all = asked::<Items<Queue>>(asker, "/v1/queues").await.items;
            known.extend(all.into_iter().map(|queue| queue.name));
        }
        "kind" => {
            let all = asked::<Items<Kind>>(asker, "/v1/kinds").await.items;
            known.extend(all.into_iter().map(|kind| kind.kind));
        }
        "worker" => {
            let all = asked::<Items<Worker>>(asker, "/v1/workers").await.items;
            known.extend(all.into_iter().map(|worker| worker.label));
        }
        _ => {}
    }
    let newest = asked::<Items<Job>>(asker, &format!("/v1/jobs?limit={NEWEST}&fields=head")).await;
    for job in newest.items {
        match name {
            "queue" => known.extend([job.queue]),
            "kind" => known.extend([job.kind]),
            "tag" => known.extend(job.tags),
            "subject" => known.extend(job.subjects.iter().map(Subject::text)),
            "worker" => known.extend(job.worker),
            _ => known.extend(job.batch),
        }
    }
    known.into_iter().collect()
}

async fn of_events(asker: &Asker, name: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    if name == "type" {
        let all = asked::<Types>(asker, "/v1/event-types").await.types;
        known.extend(all.into_iter().map(|one| one.r#type));
    }
    let newest = asked::<Items<Event>>(asker, &format!("/v1/events?limit={NEWEST}")).await;
    for event in newest.items {
        match name {
            "type" => known.extend([event.r#type]),
            "source" => known.extend([event.source]),
            _ => known.extend(event.subject),
        }
    }
    known.into_iter().collect()
}

/// A document; nothing where it is not for who asks, or is not there: a filter is written without it as well.
async fn asked<T: DeserializeOwned + Default>(asker: &Asker, path: &str) -> T {
    asker.get(path).await.unwrap_or_default()
}
