//! Enqueue: new rows of `windlass_pending`.

use rusqlite::{Connection, Statement, ToSql};
use windlass_core::condition::Waits;
use windlass_core::error::StoreError;
use windlass_core::job::{Due, Enqueued, Identity, NewJob, State};
use windlass_core::time::{Timestamp, micros};

use crate::condition::cancel_unmet;
use crate::error::store_error;
use crate::job::joined::Before;
use crate::job::lane_rules::{enter_lane, has_rules};
use crate::job::statement::{RELEASE, SAVEPOINT, UNDO};
use crate::job::unique::{Rejected, insert_marked, is_marked};
use crate::store::context;

/// The same for an id that is new and a job that stands in no line and does not expire: nobody looks for another job with it.
pub(super) const INSERT_FRESH: &str = "insert into windlass_pending \
     (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// Writes one job; its binds are [`Binds`]'s fields in order.
pub const INSERT: &str = "insert into windlass_pending \
     (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta, line, expires_at) \
     select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14 ->> '$.line', \
       coalesce(?14 ->> '$.expires_at', ?9 + (?14 ->> '$.expires_in_us')) \
     where ?15 = 0 or not exists (select 1 from windlass_finished where id = ?1) \
     on conflict (id) do nothing";

/// The binds of [`INSERT`], for drivers of all kinds.
#[derive(Debug, Clone)]
pub struct Binds<'a> {
    /// 1: 16 bytes.
    pub id: [u8; 16],
    /// 2
    pub queue: &'a str,
    /// 3
    pub kind: &'a str,
    /// 4
    pub version: u16,
    /// 5
    pub state: i16,
    /// 6
    pub priority: i16,
    /// 7
    pub max_attempts: Option<u16>,
    /// 8: microseconds since 1970.
    pub run_at: i64,
    /// 9: likewise.
    pub created_at: i64,
    /// 10
    pub args: &'a str,
    /// 11
    pub root: Option<[u8; 16]>,
    /// 12
    pub parent: Option<[u8; 16]>,
    /// 13
    pub origin: Option<&'a str>,
    /// 14
    pub meta: Option<String>,
    /// 15: whether a finished job with the id may exist.
    pub is_given: bool,
}

impl<'a> Binds<'a> {
    /// The binds of a job written now.
    #[must_use]
    pub fn of(job: &'a NewJob, now: Timestamp) -> Self {
        let (run_at, state) = due(job.due, now);
        Self {
            id: *job.id.as_uuid().as_bytes(),
            queue: &job.queue,
            kind: &job.kind,
            version: job.version,
            state: job.meta.waits.as_ref().map_or(state.code(), |_| State::AWAITS),
            priority: job.priority,
            max_attempts: job.max_attempts,
            run_at: run_at.as_micros(),
            created_at: now.as_micros(),
            args: job.args.as_str(),
            root: job.root.map(|id| *id.as_uuid().as_bytes()),
            parent: job.parent.map(|id| *id.as_uuid().as_bytes()),
            origin: job.origin.as_deref(),
            meta: job.stored_meta(),
            is_given: job.identity == Identity::Given,
        }
    }

    pub(super) fn all(&self) -> [&dyn ToSql; 15] {
        [
            &self.id,
            &self.queue,
            &self.kind,
            &self.version,
            &self.state,
            &self.priority,
            &self.max_attempts,
            &self.run_at,
            &self.created_at,
            &self.args,
            &self.root,
            &self.parent,
            &self.origin,
            &self.meta,
            &self.is_given,
        ]
    }
}

/// Writes jobs inside whatever transaction the connection is in.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn enqueue(
    connection: &Connection,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Vec<Enqueued>, StoreError> {
    let prepare = |sql| connection.prepare_cached(sql).map_err(store_error);
    let (mut fresh, mut given) = (prepare(INSERT_FRESH)?, prepare(INSERT)?);
    let mut before = Before::of(jobs);
    let mut write = |job: &NewJob| -> Result<Enqueued, StoreError> {
        if has_rules(job) {
            enter_lane(connection, job, now)?;
        }
        let written = match is_marked(job) {
            true => insert_marked(connection, job, (&before, now)),
            false => insert((&mut fresh, &mut given), job, now),
        }?;
        before.note(job, written);
        Ok(written)
    };
    let answers = jobs.iter().map(&mut write).collect::<Result<_, _>>()?;
    // One that supersedes others may have ended what those of earlier calls wait for.
    let may_cancel =
        |job: &NewJob| has_rules(job) || job.meta.waits.as_ref().is_some_and(Waits::may_cancel);
    if jobs.iter().any(may_cancel) {
        cancel_unmet(&context(connection, "", now))?;
    }
    Ok(answers)
}

/// Like `enqueue`, on a caller's own connection: all or none, inside a transaction and outside of one.
///
/// # Errors
/// When SQLite refuses; nothing was written then.
pub fn enqueue_all(
    connection: &Connection,
    jobs: &[NewJob],
    now: Timestamp,
) -> Result<Vec<Enqueued>, StoreError> {
    // One statement needs nothing around it; a job with a unique key, with tags or with rules for its lane is a few.
    if jobs.len() < 2 && !jobs.iter().any(|job| is_marked(job) || has_rules(job)) {
        return enqueue(connection, jobs, now);
    }
    let execute = |sql| connection.execute_batch(sql).map_err(store_error);
    execute(SAVEPOINT)?;
    match enqueue(connection, jobs, now) {
        Ok(answers) => execute(RELEASE).map(|()| answers),
        Err(error) => {
            // The first error says what is wrong; a transaction that SQLite ended has no savepoint left.
            let _ = execute(UNDO);
            Rejected::of(jobs, &error).map_or(Ok(()), |one| one.note(connection, now))?;
            Err(error)
        }
    }
}

fn insert(
    (fresh, given): (&mut Statement<'_>, &mut Statement<'_>),
    job: &NewJob,
    now: Timestamp,
) -> Result<Enqueued, StoreError> {
    let b = Binds::of(job, now);
    let binds = b.all();
    let written = match is_plain(job, now) {
        true => fresh.execute(&binds[..14]),
        false => given.execute(&binds[..]),
    };
    let written = written.map_err(store_error)?;
    Ok(if written == 0 { Enqueued::Existing(job.id) } else { Enqueued::New(job.id) })
}

/// Whether a job can be written by [`INSERT_FRESH`].
pub(super) fn is_plain(job: &NewJob, now: Timestamp) -> bool {
    job.identity == Identity::Fresh
        && job.meta.line_of(&job.kind).is_none()
        && job.meta.expires_at(now).is_none()
}

/// When a job is due and in which state it waits for that.
fn due(due: Due, now: Timestamp) -> (Timestamp, State) {
    let run_at = match due {
        Due::Now => now,
        Due::In(delay) => Timestamp::from_micros(now.as_micros().saturating_add(micros(delay))),
        Due::At(moment) => moment,
    };
    (run_at, if run_at > now { State::Scheduled } else { State::Available })
}
