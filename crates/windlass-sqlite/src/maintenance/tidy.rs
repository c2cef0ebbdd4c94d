//! Tidy: prune what was kept long enough; park what nobody knows, bring it back when somebody
//! does.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::{HandlerKey, State};
use windlass_core::maintenance::Tidied;
use windlass_core::time::Timestamp;

use crate::audit;
use crate::batch;
use crate::condition::forget;
use crate::event::keep;
use crate::idempotency;
use crate::job::duplicates;
use crate::job::finish::add_job_count;
use crate::maintenance::walk;
use crate::operation::forget as operation;
use crate::row::one;
use crate::row::{Id, all, run};

/// Available jobs looked at, per queue, for kinds that nobody knows: the ones in front.
const HEADS: i64 = 2_000;

/// Finished jobs looked at in one round.
const WALK: i64 = 5_000;
const WALKED: &str = "select at from windlass_walk where name = 'prune'";
const WALK_ON: &str = "insert into windlass_walk (name, at) values ('prune', ?1) on conflict (name) do update set at = excluded.at";
const NEXT: &str =
    "select id, queue, state, prune_at from windlass_finished where id > ?1 order by id limit ?2";
/// So many free pages are not worth a look.
const FEW_PAGES: i64 = 1_000;
const PRUNE: &str = "delete from windlass_finished where id = ?1";
/// From queue to queue in the index, and not over all available jobs.
const QUEUES: &str = "with recursive \
       plain(queue) as ( \
         select min(queue) from windlass_pending where state = 2 and line is null \
         union all \
         select (select min(p.queue) from windlass_pending p where p.state = 2 and p.line is null and p.queue > plain.queue) \
         from plain where plain.queue is not null), \
       lined(queue) as ( \
         select min(queue) from windlass_pending where state = 2 and line is not null \
         union all \
         select (select min(p.queue) from windlass_pending p where p.state = 2 and p.line is not null and p.queue > lined.queue) \
         from lined where lined.queue is not null) \
     select queue from plain where queue is not null union select queue from lined where queue is not null";
const FRONT: &str = "select id, kind, version from ( \
       select id, kind, version from windlass_pending where queue = ?1 and state = 2 and line is null \
       order by priority, run_at limit ?2) \
     union all \
     select id, kind, version from ( \
       select id, kind, version from windlass_pending where queue = ?1 and state = 2 and line is not null \
       order by priority, line, (attempt = 0), created_at, id limit ?2)";
const PARK: &str = "update windlass_pending set state = 0, reason = ?2 where id = ?1 and state = 2";
/// Kinds that are paused are the sweep's.
const PARKED: &str = "select id from windlass_pending where state = 0 and kind = ?1 and version = ?2 \
     and not exists (select 1 from windlass_paused_kind k where k.kind = ?1)";
const FORGET_LIMITS: &str = "delete from windlass_kind_limit \
     where not exists (select 1 from windlass_worker w where w.id = windlass_kind_limit.worker) \
       and not exists (select 1 from windlass_lease l where l.worker = windlass_kind_limit.worker)";
const FORGET_EXPECTED: &str = "delete from windlass_expected_run \
     where not exists (select 1 from windlass_worker w where w.id = windlass_expected_run.worker) \
       and not exists (select 1 from windlass_lease l where l.worker = windlass_expected_run.worker)";
/// Permits that count no more, and what no breaker looks at.
const FORGET_PERMITS: &str = "delete from windlass_permit where not exists \
     (select 1 from windlass_passed p where p.gate = windlass_permit.gate and p.job = windlass_permit.job)";
const FORGET_FAILURES: &str = "delete from windlass_failure where at < ?1";
/// Those that are full, or of no limit.
const FORGET_BUCKETS: &str = "delete from windlass_bucket where not exists \
     (select 1 from windlass_limit_rule r \
      where r.scope = instr('qky', substr(gate, 1, 1)) - 1 \
        and r.name = substr(gate, 2, coalesce(nullif(instr(gate, char(31)), 0), length(gate) + 1) - 2) \
        and windlass_bucket.tokens + max(?1 - at, 0) * 1.0 * r.tokens / r.tokens_per < r.tokens_burst)";
/// How long failures are kept, in microseconds: longer than any breaker counts them.
const KEEP_FAILURES: i64 = 2 * 86_400_000_000;
/// Unique keys looked at in one round.
const KEYS: i64 = 5_000;
const KEYS_WALKED: &str = "select at from windlass_walk where name = 'unique keys'";
const WALK_KEYS_ON: &str = "insert into windlass_walk (name, at) values ('unique keys', ?1) on conflict (name) do update set at = excluded.at";
const NEXT_KEYS: &str = "select kind, key, held_until > ?3 from windlass_held_key \
     where (kind, key) > (?1, ?2) order by kind, key limit ?4";
const FORGET_KEY: &str = "delete from windlass_unique_key where kind = ?1 and key = ?2";
const UNPARK: &str =
    "update windlass_pending set state = 2, reason = null where id = ?1 and state = 0";

pub(crate) fn tidy(connection: &Connection, now: Timestamp) -> Result<Tidied, StoreError> {
    let known = known(connection)?;
    give_back_pages(connection)?;
    run(connection, FORGET_LIMITS, [])?;
    run(connection, FORGET_EXPECTED, [])?;
    run(connection, FORGET_PERMITS, [])?;
    run(connection, FORGET_FAILURES, [now.as_micros().saturating_sub(KEEP_FAILURES)])?;
    run(connection, FORGET_BUCKETS, [now.as_micros()])?;
    forget_keys(connection, now)?;
    walk::forget(connection, &walk::TAGS, now)?;
    forget::conditions(connection, now)?;
    batch::forget(connection, now)?;
    for over in &walk::INSIDE {
        walk::forget(connection, over, now)?;
    }
    operation::forget(connection, now)?;
    duplicates::sum_up(connection)?;
    idempotency::forget(connection, now)?;
    audit::forget(connection, now)?;
    Ok(Tidied {
        pruned: prune(connection, now)?,
        forgotten: keep::forget(connection, now)?,
        unparked: unpark(connection, &known)?,
        parked: park(connection, &known)?,
    })
}

/// Gives free pages back to the file system while they are more than a quarter of the file, so that
/// file and log together stay below twice what is in them.
fn give_back_pages(connection: &Connection) -> Result<(), StoreError> {
    const PAGES: &str = "select (select freelist_count from pragma_freelist_count), (select page_count from pragma_page_count)";
    let counted =
        all(connection, PAGES, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    if counted.iter().any(|(free, pages)| *free > FEW_PAGES && free * 4 > *pages) {
        all(connection, "pragma incremental_vacuum(2000)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Removes old jobs among the next ones of a walk by id: an index by age would cost every
/// completion more than the walk costs once in a while.
fn prune(connection: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let from: Option<Vec<u8>> = one(connection, WALKED, [])?;
    let seen = all(connection, NEXT, params![from.unwrap_or_default(), WALK], |row| {
        let old = row.get::<_, Option<i64>>(3)?.is_some_and(|at| at <= now.as_micros());
        Ok((row.get::<_, Id>(0)?, row.get::<_, String>(1)?, row.get::<_, i16>(2)?, old))
    })?;
    let is_at_end = (seen.len() as i64) < WALK;
    let last = seen.last().filter(|_| !is_at_end).map(|(id, ..)| id.0.as_bytes().to_vec());
    run(connection, WALK_ON, [last.unwrap_or_default()])?;
    let mut counted: BTreeMap<(String, i16), i64> = BTreeMap::new();
    for (id, queue, state, _) in seen.into_iter().filter(|(.., old)| *old) {
        run(connection, PRUNE, [id])?;
        *counted.entry((queue, state)).or_default() += 1;
    }
    let mut pruned = 0;
    for ((queue, state), jobs) in counted {
        add_job_count(connection, &queue, state, -jobs)?;
        add_job_count(connection, &queue, State::PRUNED, jobs)?;
        pruned += jobs.unsigned_abs();
    }
    Ok(pruned)
}

/// Removes unique keys that nobody holds any more, among the next ones of a walk.
fn forget_keys(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let at: Option<Vec<u8>> = one(connection, KEYS_WALKED, [])?;
    let at = String::from_utf8(at.unwrap_or_default()).unwrap_or_default();
    // No kind and no key has a NUL.
    let (kind, key) = at.split_once('\0').unwrap_or_default();
    let seen = all(connection, NEXT_KEYS, params![kind, key, now.as_micros(), KEYS], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
    })?;
    if seen.is_empty() && at.is_empty() {
        return Ok(());
    }
    let is_at_end = (seen.len() as i64) < KEYS;
    let last = seen.last().filter(|_| !is_at_end);
    let last = last.map(|(kind, key, _)| format!("{kind}\0{key}")).unwrap_or_default();
    run(connection, WALK_KEYS_ON, [last.into_bytes()])?;
    for (kind, key, _) in seen.iter().filter(|(.., is_held)| !is_held) {
        run(connection, FORGET_KEY, params![kind, key])?;
    }
    Ok(())
}

/// The kinds and versions that some registered worker knows.
pub(crate) fn known(connection: &Connection) -> Result<HashSet<HandlerKey>, StoreError> {
    let lists =
        all(connection, "select handlers from windlass_worker", [], |row| row.get::<_, String>(0))?;
    Ok(lists
        .iter()
        .flat_map(|list| serde_json::from_str::<Vec<HandlerKey>>(list).unwrap_or_default())
        .collect())
}

fn park(connection: &Connection, known: &HashSet<HandlerKey>) -> Result<u64, StoreError> {
    let mut parked = 0;
    for queue in all(connection, QUEUES, [], |row| row.get::<_, String>(0))? {
        for (id, key) in candidates(connection, FRONT, params![queue, HEADS])? {
            if !known.contains(&key) {
                let reason = format!("no live worker knows {}", key.as_str());
                parked += run(connection, PARK, params![id, reason])? as u64;
            }
        }
    }
    Ok(parked)
}

/// Brings back parked jobs whose kind and version somebody knows now.
pub(crate) fn unpark(
    connection: &Connection,
    known: &HashSet<HandlerKey>,
) -> Result<u64, StoreError> {
    let mut unparked = 0;
    for key in known {
        let (kind, version) = key.as_str().rsplit_once('@').unwrap_or_default();
        let version: u16 = version.parse().unwrap_or_default();
        for id in all(connection, PARKED, params![kind, version], |row| row.get::<_, Id>(0))? {
            unparked += run(connection, UNPARK, [id])? as u64;
        }
    }
    Ok(unparked)
}

fn candidates(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<(Id, HandlerKey)>, StoreError> {
    all(connection, sql, params, |row| {
        let kind: String = row.get(1)?;
        Ok((row.get(0)?, HandlerKey::new(&kind, row.get(2)?)))
    })
}
