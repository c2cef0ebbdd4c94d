//! What the leader does for all.

pub(crate) mod sweep;
pub(crate) mod tidy;

use crate::store::at;
use crate::store::context;
use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::limits::LEADER_TTL;
use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
use windlass_core::store::{Now, Reply};
use windlass_core::time::Timestamp;

use crate::store::SqliteStore;
use crate::worker::leave::remove;

impl MaintenanceStore for SqliteStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            let now = at(now);
            let outlook = self.readers.read(move |c| sweep::look(c, worker)).await?;
            let dead: Vec<WorkerId> = outlook
                .workers
                .iter()
                .filter(|(other, until)| *until <= now || self.alive.is_dead(*other))
                .map(|(other, _)| *other)
                .filter(|other| *other != worker)
                .collect();
            let is_alive = |other: &&WorkerId| **other != worker && !dead.contains(other);
            let others = outlook.workers.iter().map(|(other, _)| other).filter(is_alive).count();
            let mut swept = Swept {
                attention: outlook.attention,
                workers: others as u64 + 1,
                ..Swept::default()
            };
            let due = outlook.next_due.is_some_and(|due| due <= now);
            let leads = leads(&outlook, worker, now);
            if leads == Some(false)
                && !dead.iter().any(|dead| Some(*dead) == outlook.leader.map(|l| l.0))
            {
                return Ok(swept);
            }
            if leads == Some(true) && !due && dead.is_empty() && !outlook.has_orphans {
                // Nothing to do: an idle leader takes no write lock.
                swept.leads = true;
            } else {
                let given = (dead.clone(), swept);
                swept = self.writer.write(move |c| round(c, worker, given.clone(), now)).await?;
                dead.iter().for_each(|worker| self.alive.sweep_up(*worker));
                if swept.promoted > 0 || swept.rescued > 0 {
                    self.wakeups.work_anywhere();
                }
            }
            let upcoming = self.readers.read(move |c| sweep::look(c, worker)).await?.next_due;
            swept.next_due = upcoming.map(|due| due.since(now));
            Ok(swept)
        })
    }

    fn tidy(&self, now: Now) -> Reply<'_, Tidied> {
        Box::pin(async move {
            let tidied = self.writer.write(move |c| tidy::tidy(c, at(now))).await?;
            if tidied.unparked > 0 {
                self.wakeups.work_anywhere();
            }
            Ok(tidied)
        })
    }
}

/// What a look says about leadership: ours with time to spare, another's, or open.
fn leads(outlook: &sweep::Outlook, worker: WorkerId, now: Timestamp) -> Option<bool> {
    let (leader, until) = outlook.leader?;
    if until <= now {
        return None;
    }
    if leader != worker {
        return Some(false);
    }
    (until.since(now) > LEADER_TTL / 2).then_some(true)
}

/// One round under the write lock.
fn round(
    connection: &Connection,
    worker: WorkerId,
    (dead, mut swept): (Vec<WorkerId>, Swept),
    now: Timestamp,
) -> Result<Swept, StoreError> {
    swept.leads = sweep::lead(connection, worker, &dead, now)?;
    if !swept.leads {
        return Ok(swept);
    }
    swept.promoted = sweep::promote(connection, now)?;
    for worker in dead {
        remove(connection, worker)?;
        swept.dead_workers += 1;
    }
    sweep::rescue(&context(connection, "", now), &mut swept)?;
    Ok(swept)
}
