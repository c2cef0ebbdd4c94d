//! Tidy: partitions for finished jobs, pruning, parking, and the sums of the job counts.

use std::sync::PoisonError;

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{DUPLICATES, KEEP_FINISHED, SWEEP_JOBS};
use windlass_core::maintenance::Tidied;
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::audit;
use crate::batch;
use crate::condition::forget;
use crate::connection::{Bind, Connection, Shared};
use crate::event::keep;
use crate::idempotency;
use crate::maintenance::walk::{self, AllWalks};
use crate::operation::forget as operation;
use crate::row::get;

/// A day in microseconds: ended jobs have a partition for each.
pub(crate) const DAY: i64 = 86_400_000_000;
/// Jobs looked at, per queue, for kinds that nobody knows: the ones in front.
const HEADS: i64 = 2_000;
/// How long a partition's making or dropping may wait for a lock before it is left for next time.
const PATIENCE: &str = "200ms";

const PARTITIONS: &str = "select substr(c.relname, 10)::int4 from pg_inherits i \
     join pg_class c on c.oid = i.inhrelid where i.inhparent = 'windlass.finished'::regclass \
     and c.relname ~ '^finished_[0-9]+$' order by 1";
const PRUNE: &str = include_str!("prune.sql");
const PARK: &str = include_str!("park.sql");
/// Kinds that are paused are the sweep's.
const UNPARK: &str = "update windlass.pending p set state = 2, reason = null \
     where p.state = 0 and p.ctid = any (array( \
       select j.ctid \
       from (select distinct split_part(h, '@', 1) as kind, split_part(h, '@', 2)::int2 as version \
             from windlass.worker w, unnest(w.handlers) as h) as known \
       join windlass.pending j on j.state = 0 and j.kind = known.kind and j.version = known.version \
       where not exists (select from windlass.paused_kind k where k.kind = known.kind) \
       for update of j skip locked)) returning 1";
const FORGET_LIMITS: &str = "delete from windlass.kind_limit k \
     where not exists (select from windlass.worker w where w.id = k.worker) \
       and not exists (select from windlass.lease l where l.worker = k.worker)";
const FORGET_EXPECTED: &str = "delete from windlass.expected_run e \
     where not exists (select from windlass.worker w where w.id = e.worker) \
       and not exists (select from windlass.lease l where l.worker = e.worker)";
const FORGET_PERMITS: &str = "select windlass.forget_permits($1::int8, $2::int8)";
/// How long failures are kept, in microseconds: longer than any breaker counts them.
const KEEP_FAILURES: i64 = 2 * DAY;
/// Requests of jobs that were finished while the request was being written. One that is committed is of a
/// job that runs, or of one that ended.
const FORGET_REQUESTS: &str = "delete from windlass.cancel_request c \
     where not exists (select from windlass.running_job r where r.id = c.job)";
const SUM_UP: &str = include_str!("sum_up.sql");
const SUM_UP_DUPLICATES: &str = include_str!("sum_up_duplicates.sql");
/// Unique keys looked at in one round.
const KEYS: i32 = 5_000;
/// Which of the tables have rows at all.
const BELONGINGS: &str = "select exists (select from windlass.tag), exists (select from windlass.condition), \
       exists (select from windlass.step), exists (select from windlass.progress), exists (select from windlass.log_line), \
       exists (select from windlass.signal), exists (select from windlass.batch)";
const FORGET_KEYS: &str =
    "select last_kind, last_key from windlass.forget_keys($1::text, $2::text, $3::int4, $4::int8)";

/// How far a walk over the unique keys has come: the kind and the key.
pub(crate) type KeyWalk = std::sync::Mutex<(String, String)>;

pub(crate) async fn tidy(
    connection: &Connection,
    shared: &Shared,
    (key_walk, walks): (&KeyWalk, &AllWalks),
    now: Now,
) -> Result<Tidied, StoreError> {
    let now = connection.now(now).await?.as_micros();
    keep_partitions(connection, shared, now).await?;
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let pruned =
        connection.query(PRUNE, &[(&now, Type::INT8), (&most, Type::INT8)]).await?.len() as u64;
    connection.query(SUM_UP, &[]).await?;
    connection.query(FORGET_LIMITS, &[]).await?;
    connection.query(FORGET_EXPECTED, &[]).await?;
    let failures_from = now.saturating_sub(KEEP_FAILURES);
    connection.query(FORGET_PERMITS, &[(&now, Type::INT8), (&failures_from, Type::INT8)]).await?;
    let kept = i64::try_from(DUPLICATES).unwrap_or(i64::MAX);
    connection.query(SUM_UP_DUPLICATES, &[(&kept, Type::INT8)]).await?;
    forget_keys(connection, key_walk, now).await?;
    forget_belongings(connection, walks, now).await?;
    operation::forget(connection, now).await?;
    connection.query(FORGET_REQUESTS, &[]).await?;
    idempotency::forget(connection, now).await?;
    audit::forget(connection, now).await?;
    let forgotten = keep::forget(connection, now).await?;
    let unparked = connection.query(UNPARK, &[]).await?.len() as u64;
    let parked = connection.query(PARK, &[(&HEADS, Type::INT8)]).await?.len() as u64;
    Ok(Tidied { pruned, forgotten, parked, unparked })
}

/// Removes what belongs to jobs that are gone. Of tables without rows nothing more is asked.
async fn forget_belongings(
    connection: &Connection,
    walks: &AllWalks,
    now: i64,
) -> Result<(), StoreError> {
    let row = connection.query_one(BELONGINGS, &[]).await?;
    if get(&row, 0)? {
        walk::forget(connection, (&walks.tags, walk::TAGS), now).await?;
    }
    if get(&row, 1)? {
        walk::forget(connection, (&walks.conditions, forget::CONDITIONS), now).await?;
    }
    for (nth, (walks, part)) in walks.inside.iter().zip(walk::INSIDE).enumerate() {
        if get(&row, 2 + nth)? {
            walk::forget(connection, (walks, part), now).await?;
        }
    }
    if get(&row, 5)? {
        forget::signals(connection, now).await?;
    }
    if get(&row, 6)? {
        batch::forget(connection, now).await?;
    }
    Ok(())
}

/// Removes unique keys that nobody holds any more, those of the walk's next part.
async fn forget_keys(connection: &Connection, walk: &KeyWalk, now: i64) -> Result<(), StoreError> {
    let (kind, key) = walk.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let binds: [Bind<'_>; 4] =
        [(&kind, Type::TEXT), (&key, Type::TEXT), (&KEYS, Type::INT4), (&now, Type::INT8)];
    let row = connection.query_one(FORGET_KEYS, &binds).await?;
    let last = |at| get::<Option<String>>(&row, at).map(Option::unwrap_or_default);
    *walk.lock().unwrap_or_else(PoisonError::into_inner) = (last(0)?, last(1)?);
    Ok(())
}

/// Makes the partitions that jobs ending from now on go to, and drops those whose day is over.
async fn keep_partitions(
    connection: &Connection,
    shared: &Shared,
    now: i64,
) -> Result<(), StoreError> {
    let partitions: Vec<i32> = connection
        .query(PARTITIONS, &[])
        .await?
        .iter()
        .map(|row| get(row, 0))
        .collect::<Result<_, _>>()?;
    let today = i32::try_from(now / DAY).unwrap_or(i32::MAX);
    let first = i32::try_from((now + micros(KEEP_FINISHED)) / DAY).unwrap_or(i32::MAX);
    let schema = &shared.config.schema;
    for partition in
        (first..first.saturating_add(2)).filter(|partition| !partitions.contains(partition))
    {
        passing(connection.batch(&make_partition(schema, partition)).await, "make", partition)?;
    }
    for partition in partitions.iter().copied().filter(|partition| *partition < today) {
        passing(connection.batch(&drop_partition(schema, partition)).await, "drop", partition)?;
    }
    Ok(())
}

/// A partition that could not be made or dropped now is made or dropped next time: until then the
/// default partition serves.
fn passing(result: Result<(), StoreError>, what: &str, partition: i32) -> Result<(), StoreError> {
    match result {
        Err(error @ (StoreError::Unknown { .. } | StoreError::DiskFull { .. })) => Err(error),
        Err(error) => {
            tracing::debug!(%error, partition, "could not {what} a partition now");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The partition of a day whose jobs are not on the default partition.
pub(crate) fn create_partition(schema: &str, day: i64) -> String {
    let (from, to) = (day * DAY, (day + 1) * DAY);
    format!(
        "create table if not exists {schema}.finished_{day} partition of {schema}.finished for values from ({from}) to ({to})"
    )
}

fn make_partition(schema: &str, partition: i32) -> String {
    let (from, to) = (i64::from(partition) * DAY, (i64::from(partition) + 1) * DAY);
    let create = create_partition(schema, partition.into());
    // Rows of that day on the default partition would have to be moved; they are pruned from there.
    format!(
        "do $$ begin set local lock_timeout = '{PATIENCE}'; \
           if not exists (select from {schema}.finished_default where prune_at >= {from} and prune_at < {to}) then \
             {create}; \
           end if; end $$"
    )
}

/// Drops a partition and counts its jobs as pruned, by the job counts: nobody reads the partition for it.
fn drop_partition(schema: &str, partition: i32) -> String {
    format!(
        "set local lock_timeout = '{PATIENCE}'; drop table {schema}.finished_{partition}; \
         with gone as (delete from {schema}.job_count where prune_day = {partition} returning queue, state, jobs) \
         insert into {schema}.job_count (queue, state, prune_day, jobs) \
         select queue, 8, null, sum(jobs) from gone where state < 8 group by queue"
    )
}
