//! The rules of a lane: what a job that is written does to others of its lane, or they to it.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Identity, Lane, NewJob};
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::job::unique::KNOWN;
use crate::row::{Id, one};

/// Does what a job's rules say: its id, kind, the moment and its meta. It fails with [`REFUSED`] where another job is in the
/// lane that refuses it.
pub const ENTER_LANE: &str =
    "insert into windlass_lane_entry (id, kind, created_at, meta) values (?1, ?2, ?3, ?4)";
/// What the error of [`ENTER_LANE`] says where the job is refused.
pub const REFUSED: &str = "windlass: refused in the lane by another job";
/// The job because of which a job with this id and meta is refused.
pub const REFUSER: &str = "select id from windlass_pending \
     where line = 'l' || (?2 ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> ?1 \
       and kind in (select value from json_each(?2, '$.lane.refused_by')) limit 1";

/// Whether others of the lane are looked at when this job is written.
#[must_use]
pub fn has_rules(job: &NewJob) -> bool {
    job.meta.lane.as_ref().is_some_and(Lane::has_rules)
}

/// Lets a job into its lane, or refuses it.
pub(super) fn enter_lane(
    connection: &Connection,
    job: &NewJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = || Id::from(job.id);
    if job.identity == Identity::Given && one::<i64>(connection, KNOWN, [id()])?.is_some() {
        return Ok(());
    }
    let meta = job.stored_meta();
    let mut enter = connection.prepare_cached(ENTER_LANE).map_err(store_error)?;
    match enter.execute(params![id(), job.kind, now.as_micros(), meta]) {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().contains(REFUSED) => {
            let refuser: Option<Id> = one(connection, REFUSER, params![id(), meta])?;
            Err(job.refused_in_lane(refuser.map_or(job.id, Id::job)))
        }
        Err(error) => Err(store_error(error)),
    }
}

/// The job in the error that refused another.
pub(super) fn refuser(error: &StoreError) -> Option<(&str, &str, JobId)> {
    match error {
        StoreError::LaneRefused { kind, lane, job, .. } => Some((kind, lane, *job)),
        _ => None,
    }
}
