//! tokio-postgres: a `Client` or a `Transaction`; pools that deref to them work as well.

use ::tokio_postgres::types::{ToSql, Type};
use ::tokio_postgres::{Client, GenericClient, Transaction};
use windlass_core::context::Fence;
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, NewJob};
use windlass_core::json::Json;
use windlass_postgres::statement::{self, Statement, Value};

use crate::target::{EnqueueOn, FinishOn};

/// Runs a statement without a name: one round trip, and a pooler may stand between.
async fn run(client: &impl GenericClient, statement: &Statement) -> Result<bool, StoreError> {
    let binds: Vec<(&(dyn ToSql + Sync), Type)> = statement
        .binds
        .iter()
        .map(|value| match value {
            Value::Text(text) => (text as &(dyn ToSql + Sync), Type::TEXT),
            Value::Small(number) => (number as _, Type::INT2),
            Value::Big(number) => (number as _, Type::INT8),
        })
        .collect();
    let rows = client
        .query_typed(statement.sql, &binds)
        .await
        .map_err(|error| StoreError::Backend(Box::new(error)))?;
    Ok(rows.first().is_some_and(|row| row.get::<_, i64>(0) > 0))
}

async fn write(client: &impl GenericClient, job: NewJob) -> Result<Enqueued, StoreError> {
    let is_new = run(client, &statement::enqueue(&job)).await?;
    Ok(if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) })
}

impl EnqueueOn for &Client {
    async fn write(self, job: NewJob) -> Result<Enqueued, StoreError> {
        write(self, job).await
    }
}

impl EnqueueOn for &Transaction<'_> {
    async fn write(self, job: NewJob) -> Result<Enqueued, StoreError> {
        write(self, job).await
    }
}

impl FinishOn for &Transaction<'_> {
    async fn finish(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError> {
        run(self, &statement::finish(&fence, output.as_ref())).await
    }
}
