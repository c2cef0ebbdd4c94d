//! How a store is as JSON: `status.v1`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;
use windlass::queue::{PausedKind, Unserved};
use windlass::{State, Timestamp};

use super::Overview;
use crate::answer::Document;
use crate::queue::QueueBody;
use crate::schema;

/// How a store is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoreStatus)]
pub struct StatusBody<'a> {
    /// The address of the database, without its password; null over HTTP, where it is not told.
    store: Option<&'a str>,
    /// Product and version of the database.
    server: &'a str,
    /// The moment of this, by the database's clock.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// Whether all jobs were counted; false where numbers are estimated, or counting ended early.
    exact: bool,
    /// States of which there may be more jobs than their numbers say.
    #[schema(value_type = Vec<schema::State>)]
    or_more: BTreeSet<State>,
    /// The numbers of jobs by state.
    #[schema(value_type = BTreeMap<String, u64>)]
    jobs: BTreeMap<State, u64>,
    /// Jobs that ended and were removed after their time of keeping.
    pruned: u64,
    /// Since when the oldest available job is due.
    #[schema(value_type = Option<schema::Moment>)]
    oldest_due_at: Option<Timestamp>,
    workers: WorkersBody,
    /// Queues that have jobs, workers or a pause.
    queues: Vec<Document<QueueBody<'a>>>,
    /// Jobs that are due and that no live worker could run.
    unserved: Vec<UnservedBody<'a>>,
    /// Kinds that are paused.
    #[schema(value_type = Vec<schema::health::PausedKind>)]
    paused_kinds: &'a [PausedKind],
    lines: LinesBody,
    sources: SourcesBody<'a>,
}

/// How many workers there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkerNumbers)]
pub struct WorkersBody {
    /// Those whose lease lasts.
    pub alive: usize,
    /// Of those, how many were asked to take no new work.
    pub quiet: usize,
    /// Of those, how many are below the minimum build of their program.
    pub held_back: usize,
    /// Those whose lease is over: they died, or cannot reach the database.
    pub lease_over: usize,
    /// How many jobs those that are alive run at once.
    pub slots: u64,
    /// How many jobs they hold.
    pub running: u64,
}

/// How many lanes and limits there are that keep jobs back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineNumbers)]
pub struct LinesBody {
    /// Lanes with waiting jobs.
    pub lanes_waiting: usize,
    /// Whether there are more.
    pub lanes_waiting_or_more: bool,
    /// Lanes that stand still behind a dead job.
    pub lanes_blocked: usize,
    /// Whether there are more.
    pub lanes_blocked_or_more: bool,
    /// Limits that are set.
    pub limits: usize,
    /// Of those, how many have as many running as they may.
    pub limits_full: usize,
    /// Breakers that are open.
    pub breakers_open: usize,
}

/// How many sources there are, and those that are not read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceNumbers)]
pub struct SourcesBody<'a> {
    /// How many there are.
    pub all: usize,
    /// Those that met a gap at which they are to stop.
    pub stopped: Vec<&'a str>,
    /// Those whose feed fails.
    pub failing: Vec<&'a str>,
    /// Those that are paused.
    pub paused: Vec<&'a str>,
}

/// Jobs that are due and that no live worker could run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unserved)]
pub struct UnservedBody<'a> {
    queue: &'a str,
    kind: &'a str,
    /// The version of their args.
    version: u16,
    /// How many there are, of those that were looked at.
    jobs: u64,
    /// Whether there may be more.
    or_more: bool,
    /// When the oldest of them was due.
    #[schema(value_type = schema::Moment)]
    oldest_due_at: Timestamp,
    /// Whether some live worker serves the queue, so that only the kind is unknown.
    queue_served: bool,
}

/// How a store is, as `status.v1`, with its address where that may be told.
#[must_use]
pub fn status<'a>(overview: &'a Overview, address: Option<&'a str>) -> Document<StatusBody<'a>> {
    let counts = &overview.counts;
    Document::new(
        "status.v1",
        StatusBody {
            store: address,
            server: &overview.facts.server,
            at: overview.facts.now,
            exact: counts.exact,
            or_more: counts.states_or_more(),
            jobs: State::ALL.into_iter().map(|state| (state, counts.of(state))).collect(),
            pruned: counts.pruned,
            oldest_due_at: overview.oldest().map(|(moment, _)| moment),
            workers: overview.worker_numbers(),
            queues: overview.queues.iter().map(|queue| overview.queue(queue)).collect(),
            unserved: overview.unserved.iter().map(unserved).collect(),
            paused_kinds: &overview.paused_kinds,
            lines: overview.lines(),
            sources: overview.source_numbers(),
        },
    )
}

fn unserved(group: &Unserved) -> UnservedBody<'_> {
    UnservedBody {
        queue: &group.queue,
        kind: &group.kind,
        version: group.version,
        jobs: group.jobs,
        or_more: group.or_more,
        oldest_due_at: group.oldest_due_at,
        queue_served: group.queue_served,
    }
}
