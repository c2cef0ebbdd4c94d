//! Parts: what somebody has counted and nobody has folded.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::STATS_WAITING;
use windlass_core::stats::{Kept, PartSeen, PartsSeen, StatsPart};
use windlass_core::store::Now;

use super::depth;
use crate::connection::{Bind, Connection};
use crate::row::get;

const PUT: &str = "insert into windlass.stats_part (id, at, body) \
     select $1::uuid, coalesce($2::int8, windlass.now_us()), $3::text \
     where (select count(*) from (select from windlass.stats_part limit $4::int8) as waiting) < $4::int8 \
     on conflict (id) do nothing";
const ROUND: &str = "select round from windlass.stats_round";
const PARTS: &str = "select id, body from windlass.stats_part order by id limit $1::int8";
const IS_OLD: &str = "select exists (select from windlass.stats_row r, unnest($1::int4[], $2::int8[]) as kept(resolution, earliest) \
       where r.resolution = kept.resolution and r.start_at < kept.earliest) \
     or exists (select from windlass.stats_queue q, unnest($1::int4[], $2::int8[]) as kept(resolution, earliest) \
       where q.resolution = kept.resolution and q.start_at < kept.earliest)";

pub(super) async fn put(
    connection: &Connection,
    part: &StatsPart,
    now: Now,
) -> Result<(), StoreError> {
    let (now, most) = (now.micros(), i64::try_from(STATS_WAITING).unwrap_or(i64::MAX));
    let binds: [Bind<'_>; 4] =
        [(&part.id, Type::UUID), (&now, Type::INT8), (&part.body, Type::TEXT), (&most, Type::INT8)];
    connection.query(PUT, &binds).await.map(drop)
}

/// The round is read first: what others write while the rest is read is refused by it.
pub(super) async fn parts(
    connection: &Connection,
    (most, kept): (usize, Kept),
    now: Now,
) -> Result<PartsSeen, StoreError> {
    let at = connection.now(now).await?;
    let round: i64 = get(&connection.query_one(ROUND, &[]).await?, 0)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let parts = connection.query(PARTS, &[(&most, Type::INT8)]).await?;
    let part = |row: &_| Ok(PartSeen { id: get(row, 0)?, body: get(row, 1)? });
    let parts = parts.iter().map(part).collect::<Result<_, StoreError>>()?;
    let before = kept.before(at);
    let resolutions: Vec<i32> = before.iter().map(|(one, _)| one.seconds()).collect();
    let earliest: Vec<i64> = before.iter().map(|(_, moment)| moment.as_micros()).collect();
    let binds: [Bind<'_>; 2] = [(&resolutions, Type::INT4_ARRAY), (&earliest, Type::INT8_ARRAY)];
    let prunes = get(&connection.query_one(IS_OLD, &binds).await?, 0)?;
    let depths = depth::depths(connection, at).await?;
    Ok(PartsSeen { at, round: round.unsigned_abs(), parts, prunes, depths })
}
