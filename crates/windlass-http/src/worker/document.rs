//! Workers and minimum builds as JSON: `worker.v1` and `required_build.v1`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::job::HandlerKey;
use windlass::worker::{MinimumBuild, RequiredBuild, WorkerRecord};
use windlass::{Timestamp, WorkerId};

use crate::answer::Document;
use crate::schema;

/// A worker process.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub struct WorkerBody<'a> {
    /// New at each start.
    #[schema(value_type = schema::WorkerId)]
    id: WorkerId,
    /// Host, process id and a few letters of the id, for people.
    label: &'a str,
    /// The host it runs on.
    host: &'a str,
    /// Its process id there.
    pid: u32,
    /// The program and version that it runs.
    build: &'a str,
    /// When it registered.
    #[schema(value_type = schema::Moment)]
    started_at: Timestamp,
    /// When it last renewed its lease.
    #[schema(value_type = schema::Moment)]
    seen_at: Timestamp,
    /// When its lease ends unless renewed; where that is past it died, or cannot reach the database.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
    /// When a claim has last brought it jobs, as of its last heartbeat; null before the first one.
    #[schema(value_type = Option<schema::Moment>)]
    claimed_at: Option<Timestamp>,
    /// The queues it serves.
    queues: &'a [String],
    /// The kinds and versions it knows, each as `kind@version`.
    #[schema(value_type = Vec<String>)]
    handlers: &'a [HandlerKey],
    /// How many jobs it runs at once.
    slots: u32,
    /// How many of a kind it runs at once, of the kinds that say so.
    kind_slots: &'a BTreeMap<String, u32>,
    /// The jobs it holds now.
    running: u64,
    /// Whether it was asked to take no new work.
    quiet: bool,
    /// Whether it was asked to stop.
    stopping: bool,
    /// The minimum build that it is below, and takes no new work for.
    held_back: Option<HeldBackBody<'a>>,
}

/// The minimum build that a worker is below.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldBack)]
struct HeldBackBody<'a> {
    /// The program and its oldest version that takes new work.
    #[schema(value_type = String)]
    minimum: &'a MinimumBuild,
    /// Why, and by whom.
    note: Option<&'a str>,
}

/// The oldest build of a program that takes new work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequiredBuild)]
pub struct RequiredBuildBody<'a> {
    /// The program's name.
    program: &'a str,
    /// Its oldest version that takes new work.
    minimum: &'a str,
    /// Why, and by whom.
    note: Option<&'a str>,
    /// When it was set.
    #[schema(value_type = schema::Moment)]
    set_at: Timestamp,
    /// The labels of the workers that it holds back.
    below: Vec<&'a str>,
}

/// A minimum build that was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequiredBuildRemoved)]
pub struct RequiredBuildRemovedBody<'a> {
    /// The program's name.
    program: &'a str,
}

/// A worker as `worker.v1`.
#[must_use]
pub fn document(worker: &WorkerRecord) -> Document<WorkerBody<'_>> {
    Document::new(
        "worker.v1",
        WorkerBody {
            id: worker.id,
            label: &worker.label,
            host: &worker.host,
            pid: worker.pid,
            build: &worker.build,
            started_at: worker.started_at,
            seen_at: worker.seen_at,
            expires_at: worker.expires_at,
            claimed_at: worker.claimed_at,
            queues: &worker.queues,
            handlers: &worker.handlers,
            slots: worker.slots,
            kind_slots: &worker.kind_slots,
            running: worker.running,
            quiet: worker.quiet,
            stopping: worker.stopping,
            held_back: worker
                .held_back
                .as_ref()
                .map(|minimum| HeldBackBody { minimum, note: minimum.note.as_deref() }),
        },
    )
}

/// A minimum build as `required_build.v1`, with the workers that it holds back.
#[must_use]
pub fn required_build<'a>(
    required: &'a RequiredBuild,
    workers: &'a [WorkerRecord],
) -> Document<RequiredBuildBody<'a>> {
    let RequiredBuild { minimum, set_at } = required;
    let below = workers.iter().filter(|worker| minimum.holds_back(&worker.build));
    Document::new(
        "required_build.v1",
        RequiredBuildBody {
            program: &minimum.program,
            minimum: minimum.version.as_str(),
            note: minimum.note.as_deref(),
            set_at: *set_at,
            below: below.map(|worker| worker.label.as_str()).collect(),
        },
    )
}

/// A minimum build that was removed, as `required_build_removed.v1`.
#[must_use]
pub const fn required_build_removed(program: &str) -> Document<RequiredBuildRemovedBody<'_>> {
    Document::new("required_build_removed.v1", RequiredBuildRemovedBody { program })
}
