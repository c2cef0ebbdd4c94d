//! Unique keys: who holds one, and what happens to a job that comes meanwhile; and tags. One statement does it, so that
//! every driver does the same and a caller that stops half-way has done all of it or nothing.

use rusqlite::{Connection, params};
use uuid::Uuid;
use windlass_core::condition::Waits;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Enqueued, Identity, Lane, NewJob, Unique};
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::job::enqueue::Binds;
use crate::job::joined::{Before, is_joined, write_joined};
use crate::job::lane_rules::refuser;
use crate::row::{Id, all, one, run};

/// Writes one job that has a unique key or tags; its binds are those of [`INSERT`](crate::INSERT). It fails with
/// [`KEY_HELD`] where the job is to be rejected.
pub const INSERT_MARKED: &str = "insert into windlass_new_job \
     (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta, is_given) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
/// What the error of [`INSERT_MARKED`] says where its job is rejected.
pub const KEY_HELD: &str = "windlass: the unique key is held by another job";
/// What it says where its job is to wait for one that does not exist.
pub const NOTHING_TO_AWAIT: &str = "windlass: a job that it waits for does not exist";
/// Whether a job with this id exists.
pub const KNOWN: &str = "select 1 from windlass_pending where id = ?1 \
     union all select 1 from windlass_finished where id = ?1";
/// The job that holds the key ?2 of the kind ?1, and what happened to the last job that came meanwhile.
pub const HOLDER: &str = "select job, (select answer from windlass_duplicate d \
         where d.rowid = (select max(rowid) from windlass_duplicate) and d.job = k.job) \
     from windlass_unique_key k where kind = ?1 and key = ?2";
/// Notes a job that was rejected: moment, kind, key, the job that holds it, origin, the code of the answer.
pub const NOTE_REJECTED: &str = "insert into windlass_duplicate (at, kind, key, answer, job, origin) values (?1, ?2, ?3, ?6, ?4, ?5)";

/// What a row of [`HOLDER`] says about a job that was just written with [`INSERT_MARKED`].
#[must_use]
pub fn answer(job: &NewJob, holder: JobId, said: Option<i64>) -> Enqueued {
    match said {
        _ if holder == job.id => Enqueued::New(job.id),
        Some(3) => Enqueued::Replaced(holder),
        _ => Enqueued::Kept(holder),
    }
}

/// The refusal of a job whose key this one holds.
#[must_use]
pub fn duplicate(job: &NewJob, holder: JobId) -> StoreError {
    let key = job.meta.unique.as_ref().map(|unique| unique.key().to_owned()).unwrap_or_default();
    StoreError::Duplicate { kind: job.kind.clone(), key, job: holder }
}

/// The id in a row of [`HOLDER`].
#[must_use]
pub fn holder(bytes: &[u8]) -> Option<JobId> {
    Uuid::from_slice(bytes).ok().map(JobId::from_uuid)
}

/// Whether a job is written by [`INSERT_MARKED`]: for one of them others are looked at.
#[must_use]
pub fn is_marked(job: &NewJob) -> bool {
    let meta = &job.meta;
    meta.unique.is_some() || meta.is_tagged() || meta.waits.is_some() || meta.member.is_some()
}

/// Writes one job that has a unique key or tags.
pub(super) fn insert_marked(
    connection: &Connection,
    job: &NewJob,
    (before, now): (&Before, Timestamp),
) -> Result<Enqueued, StoreError> {
    let key = job.meta.unique.as_ref().map(Unique::key);
    let is_known =
        || one::<i64>(connection, KNOWN, [Id::from(job.id)]).map(|known| known.is_some());
    if job.identity == Identity::Given && is_known()? {
        return Ok(Enqueued::Existing(job.id));
    }
    let holder = || {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Id>(0)?.job(), row.get(1)?));
        let found = all(connection, HOLDER, params![job.kind, key], row)?;
        found.into_iter().next().ok_or_else(|| StoreError::no_job(job.id))
    };
    let b = Binds::of(job, now);
    let written = match is_joined(job) {
        true => write_joined(connection, job, (before, &b)),
        false => connection
            .prepare_cached(INSERT_MARKED)
            .and_then(|mut statement| statement.execute(&b.all()[..]))
            .map(drop),
    };
    match written {
        Ok(_) if key.is_none() => Ok(Enqueued::New(job.id)),
        Ok(_) => holder().map(|(holder, said)| answer(job, holder, said)),
        Err(error) if error.to_string().contains(KEY_HELD) => Err(duplicate(job, holder()?.0)),
        Err(error) if error.to_string().contains(NOTHING_TO_AWAIT) => {
            let mut awaited = job.meta.waits.iter().flat_map(Waits::jobs);
            let is_missing =
                |id: &JobId| matches!(one::<i64>(connection, KNOWN, [Id::from(*id)]), Ok(None));
            let awaited = awaited.find(is_missing).unwrap_or(job.id);
            Err(StoreError::NothingToAwait { job: job.id, awaited })
        }
        Err(error) => match refused_batch(job, &error.to_string()) {
            Some(refused) => batch_error(connection, refused),
            None => Err(store_error(error)),
        },
    }
}

/// Why a job cannot be in its batch.
#[derive(Debug, Clone)]
pub enum RefusedBatch {
    /// There is another with the key of the one that begins.
    Key(String),
    /// What else says all.
    Error(fn(JobId, BatchId) -> StoreError, JobId, BatchId),
}

/// What the error of [`INSERT_MARKED`] says of a job's batch, or of one that it waits for.
#[must_use]
pub fn refused_batch(job: &NewJob, error: &str) -> Option<RefusedBatch> {
    let member = job.meta.member.as_ref();
    let own = member.map(|member| member.batch);
    if error.contains("windlass: there is a batch with this key") {
        return member?.begins.as_ref()?.key.clone().map(RefusedBatch::Key);
    }
    if error.contains("windlass: the batch has begun before") {
        let exists = |_, batch| StoreError::BatchExists { key: String::new(), batch };
        return Some(RefusedBatch::Error(exists, job.id, own?));
    }
    let no_batch = |job, batch| StoreError::NoBatch { job, batch };
    if error.contains("windlass: a batch that it waits for does not exist") {
        let awaited = job.meta.waits.as_ref()?.batches().next()?;
        return Some(RefusedBatch::Error(no_batch, job.id, awaited));
    }
    if error.contains("windlass: the batch does not exist") {
        return Some(RefusedBatch::Error(no_batch, job.id, own?));
    }
    let ended = |job, batch| StoreError::BatchEnded { job, batch };
    error
        .contains("windlass: the batch has ended")
        .then_some(RefusedBatch::Error(ended, job.id, own?))
}

/// The batch with the key ?1, as 32 digits.
pub const BATCH_WITH_KEY: &str = "select id from windlass_batch where key = ?1";

/// The refusal of a batch whose key another one has, which [`BATCH_WITH_KEY`] found.
#[must_use]
pub fn batch_exists(key: String, digits: &str) -> StoreError {
    let batch = BatchId::from_uuid(Uuid::try_parse(digits).unwrap_or_default());
    StoreError::BatchExists { key, batch }
}

fn batch_error<T>(connection: &Connection, refused: RefusedBatch) -> Result<T, StoreError> {
    Err(match refused {
        RefusedBatch::Error(error, job, batch) => error(job, batch),
        RefusedBatch::Key(key) => {
            let holder: Option<String> = one(connection, BATCH_WITH_KEY, [&key])?;
            batch_exists(key, &holder.unwrap_or_default())
        }
    })
}

/// A job that was rejected, as it is noted once nothing of its call is left.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// The job that holds the key.
    pub holder: JobId,
    /// Who enqueued it.
    pub origin: Option<String>,
    /// The code of the answer.
    pub answer: i16,
}

impl Rejected {
    /// The job for which a call with these was refused, where that is why.
    #[must_use]
    pub fn of(jobs: &[NewJob], error: &StoreError) -> Option<Self> {
        let (kind, key, holder, answer) = match error {
            StoreError::Duplicate { kind, key, job } => (kind.as_str(), key.as_str(), *job, 4),
            _ => refuser(error).map(|(kind, lane, job)| (kind, lane, job, 6))?,
        };
        let is_it = |one: &&NewJob| {
            let unique = one.meta.unique.as_ref().map(Unique::key);
            let lane = one.meta.lane.as_ref().map(Lane::key);
            one.kind == kind && (unique == Some(key) || lane == Some(key))
        };
        let origin = jobs.iter().find(is_it).and_then(|one| one.origin.clone());
        Some(Self { kind: kind.to_owned(), key: key.to_owned(), holder, origin, answer })
    }

    pub(crate) fn note(&self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        let binds = params![
            now.as_micros(),
            self.kind,
            self.key,
            Id::from(self.holder),
            self.origin,
            self.answer
        ];
        run(connection, NOTE_REJECTED, binds).map(drop)
    }
}
