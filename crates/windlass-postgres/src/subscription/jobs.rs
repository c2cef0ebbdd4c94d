//! Jobs: what is known of those that came of events.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;

use crate::connection::Connection;
use crate::row::get;

/// Those that wait and those that run, of each up to a number. What runs is looked through once for all. A range in its order, since a plan
/// that is made while the table is empty takes any index for an equality.
const UNFINISHED: &str = "with running as materialized ( \
         select substr(uuid_send(r.id), 13, 4) as number, count(*) as jobs from windlass.running_job r \
         where get_byte(uuid_send(r.id), 6) between 128 and 143 group by 1) \
     select (select count(*) from ( \
         select from windlass.pending p \
         where get_byte(uuid_send(p.id), 6) between 128 and 143 \
           and substr(uuid_send(p.id), 13, 4) between int4send(s.number::int4) and int4send(s.number::int4) \
         order by substr(uuid_send(p.id), 13, 4) limit s.most) as waiting) + coalesce(r.jobs, 0) \
     from unnest($1::int8[], $2::int8[]) with ordinality as s(number, most, nth) \
     left join running r on r.number = int4send(s.number::int4) order by s.nth";

pub(super) async fn unfinished(
    connection: &Connection,
    counted: &[(u32, u32)],
) -> Result<Vec<u64>, StoreError> {
    let (numbers, most): (Vec<i64>, Vec<i64>) =
        counted.iter().map(|(number, most)| (i64::from(*number), i64::from(*most))).unzip();
    let binds = [(&numbers as _, Type::INT8_ARRAY), (&most as _, Type::INT8_ARRAY)];
    let rows = connection.query(UNFINISHED, &binds).await?;
    rows.iter().map(|row| Ok(get::<i64>(row, 0)?.unsigned_abs())).collect()
}

/// Of each whether it waits, runs or has ended. One look for each: for an "exists" beside another a plan may read the whole table.
const HAVE: &str = "with running as materialized (select id from windlass.running_job) \
     select (select true from windlass.pending p where p.id = j.id limit 1) is true \
         or (select true from windlass.finished f where f.id = j.id limit 1) is true \
         or exists (select from running r where r.id = j.id) \
     from unnest($1::uuid[]) with ordinality as j(id, nth) order by j.nth";

pub(super) async fn have(connection: &Connection, jobs: &[JobId]) -> Result<Vec<bool>, StoreError> {
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.as_uuid()).collect();
    let rows = connection.query(HAVE, &[(&ids, Type::UUID_ARRAY)]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}
