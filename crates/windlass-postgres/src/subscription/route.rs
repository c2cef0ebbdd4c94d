//! Route: what comes of a part of the log is written together with how far it was fed.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;
use windlass_core::subscription::{Routed, Slice};

use super::routed::RoutedJobs;
use super::window::Gathered;
use crate::connection::{Bind, Connection};
use crate::row::get;

const ROUTE: &str = "select windlass.route_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::int8::int4, $4::int8, \
     $5::int8::int4, $6::int8, $7::int8::int4, $8::int8[]::int4[], false, $9::uuid[], $10::text[], $11::text[], $12::int2[], \
     $13::int2[], $14::uuid[], $15::uuid[], $16::text[])";

/// With events that wait for others, in the same transaction.
const GATHER: &str = "select r.routed, case when r.routed < 2 then windlass.gather( \
       $17::int8[]::int4[], $18::text[], $19::int8[], $20::int8[], $21::int8[], $22::int8[], $23::text[])::text end \
     from (select windlass.route_at(coalesce($1::int8, windlass.now_us()), $2::int8, $3::int8::int4, $4::int8, \
       $5::int8::int4, $6::int8, $7::int8::int4, $8::int8[]::int4[], true, $9::uuid[], $10::text[], $11::text[], $12::int2[], \
       $13::int2[], $14::uuid[], $15::uuid[], $16::text[]) as routed offset 0) as r";

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
    let jobs = RoutedJobs::of(&slice.jobs);
    let mut binds: Vec<Bind<'_>> = vec![
        (&now, Type::INT8),
        (&seen, Type::INT8),
        (&number, Type::INT8),
        (&from, Type::INT8),
        (&from_part, Type::INT8),
        (&to, Type::INT8),
        (&to_part, Type::INT8),
        (&full, Type::INT8_ARRAY),
    ];
    binds.extend(jobs.binds());
    let gathered = (!slice.gathered.is_empty()).then(|| Gathered::of(&slice.gathered));
    let rows = match &gathered {
        None => connection.query(ROUTE, &binds).await?,
        Some(gathered) => {
            binds.extend(gathered.binds());
            connection.query(GATHER, &binds).await?
        }
    };
    Ok(match rows.first().map_or(Ok(2), |row| get::<i16>(row, 0))? {
        0 => Routed::Done,
        1 => Routed::Live,
        _ => Routed::Stale,
    })
}
