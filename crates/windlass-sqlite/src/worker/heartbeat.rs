//! Heartbeat: renews a lease and brings news.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::time::{Timestamp, micros};
use windlass_core::worker::{Beat, Renewal};

use crate::lease::{jobs_of, leases};
use crate::row::{Id, all, one};
use crate::worker::build;

const RENEW: &str = "update windlass_worker set seen_at = ?2, expires_at = ?3, attention = 0, \
     claimed_at = coalesce(max(coalesce(claimed_at, ?4), ?4), claimed_at) where id = ?1 \
     returning quiet, stopping, exists (select 1 from windlass_minimum_build)";
const CANCEL: &str =
    "select cancel from windlass_pending where id = ?1 and lease = ?2 and cancel is not null";

pub(crate) fn heartbeat(
    connection: &Connection,
    worker: WorkerId,
    renewal: Renewal,
    now: Timestamp,
) -> Result<Beat, StoreError> {
    let until = now.as_micros().saturating_add(micros(renewal.lease));
    let claimed = renewal.claimed.map(|ago| now.as_micros().saturating_sub(micros(ago)));
    let renewed = all(
        connection,
        RENEW,
        params![Id::from(worker), now.as_micros(), until, claimed],
        |row| Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?)),
    )?;
    let Some((quiet, stopping, is_any_required)) = renewed.first().copied() else {
        return Ok(Beat::Gone);
    };
    let leases = leases(connection, worker)?;
    let cancels = cancels(connection, &leases)?;
    let required = if is_any_required { build::minimums(connection)? } else { Vec::new() };
    Ok(Beat::Alive { leases, cancels, quiet, stopping, required })
}

/// The cancel requests of running jobs, with the reasons. Every job held is looked at: an index
/// would be asked at every claim and every end, and this is one beat in ten seconds.
fn cancels(
    connection: &Connection,
    leases: &[LeaseId],
) -> Result<Vec<(JobId, String)>, StoreError> {
    let mut cancels = Vec::new();
    for lease in leases {
        for job in jobs_of(connection, *lease)? {
            let reason = one(connection, CANCEL, params![Id::from(job), Id::from(*lease)])?;
            cancels.extend(reason.map(|reason| (job, reason)));
        }
    }
    Ok(cancels)
}
