//! sqlx on PostgreSQL: a connection, or a transaction.

use sqlx::{PgConnection, Postgres, Row, Transaction};
use windlass_core::context::Fence;
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, NewJob};
use windlass_core::json::Json;
use windlass_postgres::statement::{self, Statement, Value};

use crate::target::{EnqueueOn, FinishOn};

async fn run(connection: &mut PgConnection, statement: Statement) -> Result<bool, StoreError> {
    let backend = |error: sqlx::Error| StoreError::Backend(Box::new(error));
    let mut query = sqlx::query(statement.sql);
    for value in statement.binds {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Small(number) => query.bind(number),
            Value::Big(number) => query.bind(number),
        };
    }
    let row = query.fetch_one(connection).await.map_err(backend)?;
    Ok(row.try_get::<i64, _>(0).map_err(backend)? > 0)
}

impl EnqueueOn for &mut PgConnection {
    async fn write(self, job: NewJob) -> Result<Enqueued, StoreError> {
        let is_new = run(self, statement::enqueue(&job)).await?;
        Ok(if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) })
    }
}

impl EnqueueOn for &mut Transaction<'_, Postgres> {
    async fn write(self, job: NewJob) -> Result<Enqueued, StoreError> {
        (&mut **self).write(job).await
    }
}

impl FinishOn for &mut Transaction<'_, Postgres> {
    async fn finish(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError> {
        run(self, statement::finish(&fence, output.as_ref())).await
    }
}
