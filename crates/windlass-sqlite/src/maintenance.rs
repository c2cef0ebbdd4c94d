//! What the leader does for all.

pub(crate) mod age;
pub(crate) mod expire;
pub(crate) mod move_aside;
pub(crate) mod sweep;
pub(crate) mod tidy;
pub(crate) mod walk;

use std::time::Duration;

use crate::store::at;
use crate::store::context;
use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::limits::{LEADER_TTL, SWEEP_JOBS};
use windlass_core::maintenance::{MaintenanceStore, Swept, Tidied};
use windlass_core::store::{Now, Reply};
use windlass_core::time::Timestamp;

use crate::alert::tell;
use crate::condition::pass;
use crate::row::{Id, one};
use crate::store::SqliteStore;
use crate::worker::alive::Alive;
use crate::worker::leave::remove;

impl MaintenanceStore for SqliteStore {
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept> {
        Box::pin(async move {
            let now = at(now);
            let outlook = self.readers.read(move |c| sweep::look(c, worker, now)).await?;
            let seen = outlook.workers.iter().filter(|(other, _)| *other != worker);
            let dead: Vec<Dead> = seen
                .filter_map(|(other, until)| Dead::at(now, *other, *until, &self.alive))
                .collect();
            let is_dead = |other: WorkerId| dead.iter().any(|dead| dead.worker == other);
            let is_alive = |other: &&WorkerId| **other != worker && !is_dead(**other);
            let others = outlook.workers.iter().map(|(other, _)| other).filter(is_alive).count();
            let mut swept = Swept {
                attention: outlook.attention,
                workers: others as u64 + 1,
                ..Swept::default()
            };
            let mut is_full = false;
            let due = outlook.next_due.is_some_and(|due| due <= now);
            let leads = leads(&outlook, worker, now);
            if leads == Some(false) && outlook.leader.is_none_or(|(leader, _)| !is_dead(leader)) {
                return Ok(swept);
            }
            let ages =
                outlook.has_agings && self.readers.read(move |c| age::is_due(c, now)).await?;
            let is_calm = dead.is_empty() && !outlook.has_orphans && !outlook.has_pauses && !ages;
            if leads == Some(true) && !due && is_calm {
                // Nothing to do: an idle leader takes no write lock.
                swept.leads = true;
            } else {
                let removed;
                let seen = swept.clone();
                let judge = move |c: &Connection| round(c, worker, (&dead, seen.clone()), now);
                (swept, removed) = self.writer.write(judge).await?;
                is_full =
                    swept.moved_aside.max(swept.aged).max(swept.conditions) >= SWEEP_JOBS as u64;
                removed.iter().for_each(|worker| self.alive.sweep_up(*worker));
                let [due, freed] =
                    [swept.promoted + swept.rescued, swept.expired + swept.conditions];
                if due + freed + swept.moved_aside > 0 {
                    self.wakeups.work_anywhere();
                }
            }
            let upcoming = self.readers.read(move |c| sweep::look(c, worker, now)).await?;
            let next_due = upcoming.next_due.map(|due| due.since(now));
            swept.feeds = upcoming.feeds && swept.leads;
            swept.alerts = upcoming.alerts && swept.leads;
            swept.operates = upcoming.operates.filter(|_| swept.leads);
            swept.next_due = if is_full { Some(Duration::ZERO) } else { next_due };
            let next_fire = if upcoming.has_queued_run { Some(now) } else { upcoming.next_fire };
            swept.next_fire = next_fire.filter(|_| swept.leads).map(|due| due.since(now));
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

/// A worker that was found dead without the write lock.
#[derive(Debug, Clone, Copy)]
struct Dead {
    worker: WorkerId,
    evidence: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// Its process is gone.
    Process,
    /// Its lease is over. It may renew that while a sweep waits for the write lock.
    Lease,
}

impl Dead {
    fn at(now: Timestamp, worker: WorkerId, until: Timestamp, alive: &Alive) -> Option<Self> {
        let is_over = (until <= now).then_some(Evidence::Lease);
        let evidence = alive.is_dead(worker).then_some(Evidence::Process).or(is_over)?;
        Some(Self { worker, evidence })
    }

    /// Whether it is dead still, under the write lock.
    fn is_still(self, connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
        const IS_OVER: &str = "select expires_at <= ?2 from windlass_worker where id = ?1";
        if self.evidence == Evidence::Process {
            return Ok(true);
        }
        let binds = params![Id::from(self.worker), now.as_micros()];
        Ok(one(connection, IS_OVER, binds)?.unwrap_or(false))
    }
}

/// One round under the write lock, and the workers that it removed.
fn round(
    connection: &Connection,
    worker: WorkerId,
    (dead, mut swept): (&[Dead], Swept),
    now: Timestamp,
) -> Result<(Swept, Vec<WorkerId>), StoreError> {
    let mut removed = Vec::new();
    for one in dead {
        if one.is_still(connection, now)? {
            removed.push(one.worker);
        }
    }
    swept.leads = sweep::lead(connection, worker, &removed, now)?;
    if !swept.leads {
        return Ok((swept, Vec::new()));
    }
    swept.promoted = sweep::promote(connection, now)?;
    swept.expired = expire::expire(&context(connection, "", now))?;
    for worker in &removed {
        tell::lost(connection, *worker, now)?;
        remove(connection, *worker)?;
        swept.dead_workers += 1;
    }
    sweep::rescue(&context(connection, "", now), &mut swept)?;
    swept.conditions = pass::pass(&context(connection, "", now))?;
    swept.aged = age::age(connection, now)?;
    let aside = move_aside::move_aside(connection, now)?;
    swept.moved_aside = aside.moved + aside.came_back;
    Ok((swept, removed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::migrate::migrate;

    const REGISTERED: &str = "insert into windlass_worker \
         (id, label, host, pid, build, queues, handlers, slots, started_at, seen_at, expires_at) \
         values (?1, '', '', 0, '', '[]', '[]', 1, 0, 0, ?2)";

    /// I-L2: a lease that was over when a sweep looked, and was renewed while it waited for the write lock,
    /// holds. A process that is gone renews nothing.
    #[test]
    fn a_lease_that_was_renewed_meanwhile_holds() {
        let connection = Connection::open_in_memory().expect("opened");
        migrate(&connection).expect("migrated");
        let (now, later) = (Timestamp::from_micros(1_000), 2_000);
        let [over, renewed, gone] = [WorkerId::new(), WorkerId::new(), WorkerId::new()];
        for (worker, until) in [(over, 1_000), (renewed, later), (gone, later)] {
            connection.execute(REGISTERED, params![Id::from(worker), until]).expect("registered");
        }
        let lease = [over, renewed].map(|worker| Dead { worker, evidence: Evidence::Lease });
        let dead = [lease[0], lease[1], Dead { worker: gone, evidence: Evidence::Process }];
        let swept = round(&connection, WorkerId::new(), (&dead, Swept::default()), now);
        let (swept, removed) = swept.expect("swept");
        assert_eq!((removed, swept.dead_workers), (vec![over, gone], 2));
        let left: Option<Id> =
            one(&connection, "select id from windlass_worker", []).expect("read");
        assert_eq!(left.map(Id::worker), Some(renewed));
    }
}
