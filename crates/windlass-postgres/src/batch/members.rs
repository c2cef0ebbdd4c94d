//! Members: the jobs of a batch.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::batch::MemberRecord;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;

use crate::connection::{Bind, Connection};
use crate::row::get;

const MEMBERS: &str = "select job, step, ended from windlass.member \
     where batch = $1::uuid and ($2::uuid is null or job > $2::uuid) order by job limit $3::int8";

pub(super) async fn members(
    connection: &Connection,
    (batch, after): (BatchId, Option<JobId>),
    limit: usize,
) -> Result<Vec<MemberRecord>, StoreError> {
    let (batch, after) = (batch.as_uuid(), after.map(|job| job.as_uuid()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 3] = [(&batch, Type::UUID), (&after, Type::UUID), (&limit, Type::INT8)];
    let read = |row: &Row| {
        Ok(MemberRecord {
            job: JobId::from_uuid(get::<Uuid>(row, 0)?),
            step: get(row, 1)?,
            ended: get::<Option<i16>>(row, 2)?.and_then(State::from_code),
        })
    };
    connection.query(MEMBERS, &binds).await?.iter().map(read).collect()
}
