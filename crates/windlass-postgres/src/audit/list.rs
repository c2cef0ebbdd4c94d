//! Entries as they are kept.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::audit::{Act, EntriesWanted, Entry, EntryDigest, Via};
use windlass_core::error::StoreError;
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

const ACTS: &str = "select number, at, actor, via, origin, action, target, asked, before, after, previous, digest \
     from windlass.audit \
     where ($1::int8 is null or number < $1) and ($2::text is null or actor = $2) and ($3::text is null or target = $3) \
     order by number desc limit $4::int8";
const AFTER: &str = "select number, at, actor, via, origin, action, target, asked, before, after, previous, digest \
     from windlass.audit where number > $1::int8 order by number limit $2::int8";
const START: &str = "select number, digest from windlass.audit_start";

pub(super) async fn acts(
    connection: &Connection,
    wanted: &EntriesWanted,
) -> Result<Vec<Entry>, StoreError> {
    let before = wanted.before.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 4] = [
        (&before, Type::INT8),
        (&wanted.actor, Type::TEXT),
        (&wanted.target, Type::TEXT),
        (&limit, Type::INT8),
    ];
    connection.query(ACTS, &binds).await?.iter().map(entry).collect()
}

pub(super) async fn acts_after(
    connection: &Connection,
    number: u64,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection.query(AFTER, &[(&number, Type::INT8), (&limit, Type::INT8)]).await?;
    rows.iter().map(entry).collect()
}

pub(super) async fn start(connection: &Connection) -> Result<(u64, EntryDigest), StoreError> {
    let rows = connection.query(START, &[]).await?;
    let Some(row) = rows.first() else { return Ok((0, EntryDigest::NONE)) };
    Ok((get::<i64>(row, 0)?.unsigned_abs(), digest(row, 1)?))
}

/// A digest that somebody has damaged is none: it is found as a break of the chain.
pub(super) fn digest(row: &Row, column: usize) -> Result<EntryDigest, StoreError> {
    let bytes: Vec<u8> = get(row, column)?;
    Ok(EntryDigest::new(bytes.try_into().unwrap_or_default()))
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    let json = |column| get::<Option<String>>(row, column).map(|text| text.map(Json::stored));
    let act = Act {
        actor: get(row, 2)?,
        via: Via::of(&get::<String>(row, 3)?).unwrap_or(Via::Api),
        origin: get(row, 4)?,
        action: get(row, 5)?,
        target: get(row, 6)?,
        asked: json(7)?,
        before: json(8)?,
        after: json(9)?,
    };
    Ok(Entry {
        number: get::<i64>(row, 0)?.unsigned_abs(),
        at: Timestamp::from_micros(get(row, 1)?),
        act,
        previous: digest(row, 10)?,
        digest: digest(row, 11)?,
    })
}
