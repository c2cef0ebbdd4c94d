//! Add: the entry of an act behind the last one; and entries whose time of keeping is over.

use tokio_postgres::types::Type;
use windlass_core::audit::{Act, Entry, EntryDigest};
use windlass_core::error::StoreError;
use windlass_core::limits::{KEEP_ACTS, SWEEP_JOBS};
use windlass_core::store::Now;
use windlass_core::time::micros;

use super::list::{digest, start};
use crate::connection::{Bind, Connection};
use crate::row::get;

const LAST: &str = "select number, digest from windlass.audit order by number desc limit 1";
/// Nothing where somebody else has added an entry meanwhile.
const ADD: &str = "insert into windlass.audit \
     (number, at, actor, via, origin, action, target, asked, before, after, previous, digest) \
     values ($1::int8, $2::int8, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text, \
       $11::bytea, $12::bytea) on conflict (number) do nothing returning number";
const FORGET: &str = "with head as (select number, digest, at from windlass.audit order by number limit $2::int8), \
     last as (select number, digest from head where at <= $1::int8 order by number desc limit 1), \
     gone as (delete from windlass.audit a using last where a.number <= last.number) \
     insert into windlass.audit_start (number, digest) select number, digest from last \
     on conflict (one) do update set number = excluded.number, digest = excluded.digest";

/// Each round that is lost is one that somebody else has won.
pub(super) async fn add(connection: &Connection, act: &Act, now: Now) -> Result<Entry, StoreError> {
    let at = connection.now(now).await?;
    loop {
        let entry = Entry::behind(last(connection).await?, act.clone(), at);
        if insert(connection, &entry).await? {
            return Ok(entry);
        }
    }
}

async fn last(connection: &Connection) -> Result<(u64, EntryDigest), StoreError> {
    let rows = connection.query(LAST, &[]).await?;
    match rows.first() {
        Some(row) => Ok((get::<i64>(row, 0)?.unsigned_abs(), digest(row, 1)?)),
        None => start(connection).await,
    }
}

async fn insert(connection: &Connection, entry: &Entry) -> Result<bool, StoreError> {
    let Act { actor, via, origin, action, target, asked, before, after } = &entry.act;
    let (number, at) = (i64::try_from(entry.number).unwrap_or(i64::MAX), entry.at.as_micros());
    let [asked, before, after] =
        [asked, before, after].map(|json| json.as_ref().map(|json| json.as_str()));
    let (previous, digest) =
        (entry.previous.as_bytes().as_slice(), entry.digest.as_bytes().as_slice());
    let binds: [Bind<'_>; 12] = [
        (&number, Type::INT8),
        (&at, Type::INT8),
        (actor, Type::TEXT),
        (&via.word(), Type::TEXT),
        (origin, Type::TEXT),
        (action, Type::TEXT),
        (target, Type::TEXT),
        (&asked, Type::TEXT),
        (&before, Type::TEXT),
        (&after, Type::TEXT),
        (&previous, Type::BYTEA),
        (&digest, Type::BYTEA),
    ];
    Ok(!connection.query(ADD, &binds).await?.is_empty())
}

/// Removes the oldest entries whose time of keeping is over, so many at a time. The chain begins behind them.
pub(crate) async fn forget(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let until = now.saturating_sub(micros(KEEP_ACTS));
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    connection.query(FORGET, &[(&until, Type::INT8), (&most, Type::INT8)]).await?;
    Ok(())
}
