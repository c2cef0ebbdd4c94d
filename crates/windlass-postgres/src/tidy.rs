//! Tidy: shelves for finished jobs, pruning, parking, and the sums of the tally.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{KEEP_FINISHED, SWEEP_JOBS};
use windlass_core::store::{Now, Tidied};
use windlass_core::time::{Timestamp, micros};

use crate::lane::{Lane, Shared};
use crate::row::get;

const DAY: i64 = 86_400_000_000;
/// Jobs looked at, per queue, for kinds that nobody knows: the ones in front.
const HEADS: i64 = 2_000;
/// How long a shelf's making or dropping may wait for a lock before it is left for next time.
const PATIENCE: &str = "200ms";

const NOW: &str = "select coalesce($1::int8, windlass.now_us())";
const SHELVES: &str = "select substr(c.relname, 10)::int4 from pg_inherits i \
     join pg_class c on c.oid = i.inhrelid where i.inhparent = 'windlass.finished'::regclass \
     and c.relname ~ '^finished_[0-9]+$' order by 1";
const PRUNE: &str = include_str!("sql/prune.sql");
const PARK: &str = include_str!("sql/park.sql");
const UNPARK: &str = "update windlass.pending p set state = 2, reason = null where p.state = 0 and exists \
     (select from windlass.worker w where p.kind || '@' || p.version = any (w.handlers)) returning 1";
const SUM_UP: &str = include_str!("sql/sum_up.sql");

pub(crate) async fn tidy(lane: &Lane, shared: &Shared, now: Now) -> Result<Tidied, StoreError> {
    let bound = now.map(Timestamp::as_micros);
    let row = lane.query_one(NOW, &[(&bound, Type::INT8)]).await?;
    let now: i64 = get(&row, 0)?;
    keep_shelves(lane, shared, now).await?;
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let pruned = lane.query(PRUNE, &[(&now, Type::INT8), (&most, Type::INT8)]).await?.len() as u64;
    lane.query(SUM_UP, &[]).await?;
    let unparked = lane.query(UNPARK, &[]).await?.len() as u64;
    let parked = lane.query(PARK, &[(&HEADS, Type::INT8)]).await?.len() as u64;
    Ok(Tidied { pruned, parked, unparked })
}

/// Makes the shelves that jobs ending from now on go to, and drops those whose day is over.
async fn keep_shelves(lane: &Lane, shared: &Shared, now: i64) -> Result<(), StoreError> {
    let shelves: Vec<i32> =
        lane.query(SHELVES, &[]).await?.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let today = i32::try_from(now / DAY).unwrap_or(i32::MAX);
    let first = i32::try_from((now + micros(KEEP_FINISHED)) / DAY).unwrap_or(i32::MAX);
    let schema = &shared.config.schema;
    for shelf in (first..first.saturating_add(2)).filter(|shelf| !shelves.contains(shelf)) {
        passing(lane.batch(&make_shelf(schema, shelf)).await, "make", shelf)?;
    }
    for shelf in shelves.iter().copied().filter(|shelf| *shelf < today) {
        passing(lane.batch(&drop_shelf(schema, shelf)).await, "drop", shelf)?;
    }
    Ok(())
}

/// A shelf that could not be made or dropped now is made or dropped next time: until then the
/// default shelf serves.
fn passing(result: Result<(), StoreError>, what: &str, shelf: i32) -> Result<(), StoreError> {
    match result {
        Err(error @ (StoreError::Unknown { .. } | StoreError::DiskFull { .. })) => Err(error),
        Err(error) => {
            tracing::debug!(%error, shelf, "could not {what} a shelf now");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn make_shelf(schema: &str, shelf: i32) -> String {
    let (from, to) = (i64::from(shelf) * DAY, (i64::from(shelf) + 1) * DAY);
    // Rows of that day on the default shelf would have to be moved; they are pruned from there.
    format!(
        "do $$ begin set local lock_timeout = '{PATIENCE}'; \
           if not exists (select from {schema}.finished_default where prune_at >= {from} and prune_at < {to}) then \
             create table if not exists {schema}.finished_{shelf} partition of {schema}.finished for values from ({from}) to ({to}); \
           end if; end $$"
    )
}

/// Drops a shelf and counts its jobs as pruned, by the tally: nobody reads the shelf for it.
fn drop_shelf(schema: &str, shelf: i32) -> String {
    format!(
        "set local lock_timeout = '{PATIENCE}'; drop table {schema}.finished_{shelf}; \
         with gone as (delete from {schema}.tally where shelf = {shelf} returning queue, state, jobs) \
         insert into {schema}.tally (queue, state, shelf, jobs) \
         select queue, 8, null, sum(jobs) from gone where state < 8 group by queue"
    )
}
