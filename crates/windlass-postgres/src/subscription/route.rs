//! Route: what comes of a part of the log is written together with how far it was fed.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::subscription::{Routed, Slice};

use crate::connection::{Bind, Connection};
use crate::row::get;

const ROUTE: &str = "select windlass.route_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::int8::int4, $4::int8, $5::int8::int4, \
     $6::int8, $7::int8::int4, $8::int8[]::int4[], $9::uuid[], $10::text[], $11::text[], $12::int2[], $13::int2[], $14::uuid[], \
     $15::uuid[], $16::text[])";

pub(super) async fn route(
    connection: &Connection,
    slice: &Slice,
    now: Now,
) -> Result<Routed, StoreError> {
    let position = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
    let (now, number) = (now.micros(), slice.number.map(i64::from));
    let (seen, from, to) =
        (position(slice.revision), position(slice.from.position), position(slice.to.position));
    let (from_part, to_part) = (i64::from(slice.from.part), i64::from(slice.to.part));
    let full: Vec<i64> = slice.full.iter().copied().map(i64::from).collect();
    let jobs = &slice.jobs;
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id.as_uuid()).collect();
    let queues: Vec<&str> = jobs.iter().map(|job| job.queue.as_str()).collect();
    let kinds: Vec<&str> = jobs.iter().map(|job| job.kind.as_str()).collect();
    let versions: Vec<i16> = jobs.iter().map(|job| job.version.cast_signed()).collect();
    let limits: Vec<Option<i16>> =
        jobs.iter().map(|job| job.max_attempts.map(u16::cast_signed)).collect();
    let roots: Vec<Option<Uuid>> = jobs.iter().map(|job| job.root.map(|id| id.as_uuid())).collect();
    let parents: Vec<Option<Uuid>> =
        jobs.iter().map(|job| job.parent.map(|id| id.as_uuid())).collect();
    let metas: Vec<Option<String>> = jobs.iter().map(|job| job.stored_meta()).collect();
    let binds: [Bind<'_>; 16] = [
        (&now, Type::INT8),
        (&seen, Type::INT8),
        (&number, Type::INT8),
        (&from, Type::INT8),
        (&from_part, Type::INT8),
        (&to, Type::INT8),
        (&to_part, Type::INT8),
        (&full, Type::INT8_ARRAY),
        (&ids, Type::UUID_ARRAY),
        (&queues, Type::TEXT_ARRAY),
        (&kinds, Type::TEXT_ARRAY),
        (&versions, Type::INT2_ARRAY),
        (&limits, Type::INT2_ARRAY),
        (&roots, Type::UUID_ARRAY),
        (&parents, Type::UUID_ARRAY),
        (&metas, Type::TEXT_ARRAY),
    ];
    let rows = connection.query(ROUTE, &binds).await?;
    Ok(match rows.first().map_or(Ok(2), |row| get::<i16>(row, 0))? {
        0 => Routed::Done,
        1 => Routed::Live,
        _ => Routed::Stale,
    })
}
