//! Claim: one statement takes available rows out of `pending` and writes one lease for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::job::{Batch, ClaimRequest, Claimed};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::watch::channel;
use crate::connection::{Bind, Connection};
use crate::job::claim_cursor::{self, ClaimCursors, Storing};
use crate::job::turn::{GIVE, PATIENCE, TAKE, Turns};
use crate::row::{claimed, get};

const CLAIM: &str = include_str!("claim.sql");
/// The column with a job's turn, null for one that stood in no line.
const TURN: usize = 18;

/// What a store keeps of a worker of this process.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) label: Arc<str>,
    pub(crate) queues: Vec<String>,
    /// Whether the database has been told that this worker sleeps.
    pub(crate) asleep: AtomicBool,
    /// Whether anybody could wake it by a notification.
    pub(crate) wakeable: bool,
}

/// What a claim of one worker goes by.
pub(crate) struct ClaimContext<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) local: &'a Local,
    pub(crate) cursors: &'a ClaimCursors,
    pub(crate) turns: &'a Turns,
}

/// Claims, in turn with other processes where there is a backlog.
pub(crate) async fn claim(
    context: ClaimContext<'_>,
    request: &ClaimRequest,
    now: Now,
) -> Result<Batch, StoreError> {
    let ClaimContext { connection, local, cursors, turns } = context;
    let now = now.micros();
    let (lease, worker) = (request.lease.as_uuid(), request.worker.as_uuid());
    let queues: Vec<&str> = request.shares.iter().map(|share| share.queue.as_str()).collect();
    let jobs: Vec<i32> = request.shares.iter().map(|share| to_i32(share.jobs)).collect();
    // Cursors and turns go by this machine's time; a caller that brings its own has none.
    let own_clock = now.is_some();
    let began = if own_clock { ClaimCursors::default().of(&queues) } else { cursors.of(&queues) };
    let (priorities, moments) = claim_cursor::columns(&began);
    let (most, bytes) = (to_i32(request.jobs), i64::try_from(request.bytes).unwrap_or(i64::MAX));
    let handlers: Vec<&str> = request.handlers.iter().map(|key| key.as_str()).collect();
    let label: &str = &local.label;
    let was_asleep = local.asleep.load(Ordering::Relaxed);
    let channel = (local.wakeable && !was_asleep).then(|| channel(request.worker));
    let binds: [Bind<'_>; 14] = [
        (&now, Type::INT8),
        (&lease, Type::UUID),
        (&worker, Type::UUID),
        (&queues, Type::TEXT_ARRAY),
        (&jobs, Type::INT4_ARRAY),
        (&priorities, Type::INT2_ARRAY),
        (&moments, Type::INT8_ARRAY),
        (&most, Type::INT4),
        (&bytes, Type::INT8),
        (&handlers, Type::TEXT_ARRAY),
        (&label, Type::TEXT),
        (&channel, Type::TEXT),
        (&local.queues, Type::TEXT_ARRAY),
        (&was_asleep, Type::BOOL),
    ];
    let first = queues.first().copied().filter(|_| !own_clock);
    let due = first.filter(|queue| turns.are_due(queue, request.jobs));
    let (rows, took) = match due {
        Some(queue) if connection.owns_session() => in_turn(&context, queue, &binds).await?,
        _ => {
            let started = Instant::now();
            (connection.query(CLAIM, &binds).await?, started.elapsed())
        }
    };
    if let Some(queue) = first {
        turns.learn(queue, rows.len() >= request.jobs);
    }
    local.asleep.store(
        if rows.is_empty() { was_asleep || channel.is_some() } else { false },
        Ordering::Relaxed,
    );
    let claimed_at = rows.first().map(|row| get(row, 17)).transpose()?.map(Timestamp::from_micros);
    let jobs = in_order(&rows, &queues)?;
    if !own_clock {
        cursors.learn((&queues, &began), &jobs, took);
        let slow = cursors.to_store(Storing::NowAndThen);
        // A cursor only saves time: a claim that has got jobs does not fail for it.
        if let Err(error) = claim_cursor::store(connection, slow).await {
            tracing::debug!(%error, "could not store a claim cursor");
        }
    }
    Ok(Batch { lease: request.lease, claimed_at, jobs })
}

/// The jobs of a claim: queue by queue as they were asked for, and as each queue has them.
fn in_order(rows: &[Row], queues: &[&str]) -> Result<Vec<Arc<Claimed>>, StoreError> {
    let batch = i16::try_from(rows.len()).unwrap_or(i16::MAX);
    let mut jobs = Vec::with_capacity(rows.len());
    for (row, position) in rows.iter().zip(1i16..) {
        let turn: Option<i32> = get(row, TURN)?;
        jobs.push((turn, Arc::new(claimed(row, 0, (position, batch))?)));
    }
    let nth = |job: &Claimed| queues.iter().position(|queue| *queue == job.queue);
    // Those that stood in line come as they had their turns.
    jobs.sort_by_cached_key(|(turn, job)| match turn {
        Some(turn) => (nth(job), job.priority, false, i64::from(*turn), job.id),
        None => (nth(job), job.priority, true, job.run_at.as_micros(), job.id),
    });
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// The rows of a claim that waits for its turn, and how long it took from then on.
async fn in_turn(
    context: &ClaimContext<'_>,
    queue: &str,
    binds: &[Bind<'_>],
) -> Result<(Vec<Row>, Duration), StoreError> {
    let ClaimContext { connection, turns, .. } = context;
    let patience = format!("{}ms", PATIENCE.as_millis());
    let take: [Bind<'_>; 2] = [(&queue, Type::TEXT), (&patience, Type::TEXT)];
    let claim = connection.query_between((TAKE, &take), (CLAIM, binds), GIVE).await?;
    let waited: Option<i64> = claim.before.and_then(|row| get(&row, 0).ok().flatten());
    turns.waited(queue, waited.is_some());
    let waited = waited.map_or(PATIENCE, |us| Duration::from_micros(us.unsigned_abs()));
    Ok((claim.rows, claim.took.saturating_sub(waited)))
}

fn to_i32(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
