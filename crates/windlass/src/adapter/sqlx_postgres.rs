//! sqlx on PostgreSQL: a connection, or a transaction.

use sqlx::{PgConnection, Postgres, Row, Transaction};
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, Fence, Identity, NewJob};
use windlass_core::json::Json;
use windlass_postgres::statement::{self, Statement, Value};

use crate::target::{EnqueueOn, FinishOn};

async fn run(connection: &mut PgConnection, statement: Statement) -> Result<bool, StoreError> {
    let backend = |error: sqlx::Error| StoreError::Backend(Box::new(error));
    // No value is ever part of the text: it is a constant except for the schema's name.
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement.sql.into_owned()));
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
    async fn write(self, job: NewJob, schema: &str) -> Result<Enqueued, StoreError> {
        let statement = match job.identity {
            Identity::Fresh => statement::enqueue_fresh(&job, schema),
            Identity::Given => statement::enqueue(&job, schema),
        };
        let is_new = run(self, statement).await?;
        Ok(if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) })
    }
}

impl EnqueueOn for &mut Transaction<'_, Postgres> {
    async fn write(self, job: NewJob, schema: &str) -> Result<Enqueued, StoreError> {
        (&mut **self).write(job, schema).await
    }
}

impl FinishOn for &mut Transaction<'_, Postgres> {
    async fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        schema: &str,
    ) -> Result<bool, StoreError> {
        run(self, statement::finish(&fence, output.as_ref(), schema)).await
    }
}
