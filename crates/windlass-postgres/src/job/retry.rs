//! Retry: a person runs a job again, now. Failures and losses begin at zero, the history stays.

use std::collections::HashSet;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Retried, State};
use windlass_core::store::Now;

use crate::connection::patience::{Gate, patiently, setting};
use crate::connection::transaction::Transaction;
use crate::connection::{Bind, Connection};
use crate::maintenance::expire::{Expiring, expire, expire_in};
use crate::row::get;

const RETRY: &str = include_str!("retry.sql");
const STANDING: &str = "select state from windlass.pending where id = $1::uuid \
     union all select 4::int2 from windlass.lease l, unnest(l.jobs) j where j.id = $1::uuid limit 1";

const UNDONE: &str = "select windlass.stays_undone($1::uuid)";
const HOLDER: &str = "select k.job from windlass.finished f \
     join windlass.unique_key k on k.kind = f.kind and k.key = f.meta::jsonb->'unique'->>'key' \
     where f.id = $1::uuid and k.job <> f.id limit 1";

pub(crate) async fn retry(
    (connection, waiting): (&Connection, &Gate),
    jobs: &[JobId],
    now: Now,
) -> Result<Vec<Retried>, StoreError> {
    let ids: Vec<Uuid> = jobs.iter().map(|id| id.as_uuid()).collect();
    // What has expired and was found by no sweep ends first, and then lives again like any that has ended.
    expire(connection, Expiring::These(&ids), now).await?;
    let now = now.micros();
    let binds: [Bind<'_>; 2] = [(&now, Type::INT8), (&ids, Type::UUID_ARRAY)];
    let what = "one of the jobs or its unique key";
    let rows = patiently((connection, waiting), RETRY, &binds, what).await?;
    let retried: HashSet<Uuid> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.push(if retried.contains(&id) {
            Retried::Now
        } else {
            standing(connection, id).await?
        });
    }
    Ok(answers)
}

/// The same for jobs that this transaction has locked; those that it made available.
pub(crate) async fn retry_in(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
    now: i64,
) -> Result<Vec<Uuid>, StoreError> {
    expire_in(transaction, jobs, now).await?;
    let setting = setting();
    let binds: [Bind<'_>; 3] =
        [(&now, Type::INT8), (&jobs, Type::UUID_ARRAY), (&setting, Type::TEXT)];
    transaction.run(RETRY, &binds).await?.iter().map(|row| get(row, 0)).collect()
}

async fn standing(connection: &Connection, id: Uuid) -> Result<Retried, StoreError> {
    let rows = connection.query(STANDING, &[(&id, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return holder(connection, id).await };
    Ok(State::from_code(get(row, 0)?).map_or(Retried::Missing, Retried::Unneeded))
}

/// A job that has ended and was not revived: a workflow is undone, or another job holds its unique key.
async fn holder(connection: &Connection, id: Uuid) -> Result<Retried, StoreError> {
    let row = connection.query_one(UNDONE, &[(&id, Type::UUID)]).await?;
    if let Some(workflow) = get::<Option<Uuid>>(&row, 0)? {
        return Ok(Retried::Undone(BatchId::from_uuid(workflow)));
    }
    let rows = connection.query(HOLDER, &[(&id, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(Retried::Missing) };
    Ok(Retried::Held(JobId::from_uuid(get(row, 0)?)))
}
