//! tokio-postgres: a `Client` or a `Transaction`; pools that deref to them work as well.

use ::tokio_postgres::types::{ToSql, Type};
use ::tokio_postgres::{Client, GenericClient, Row, Transaction};
use windlass_core::condition::{Signal, Signalled};
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::job::{Enqueued, Fence, Identity, NewJob};
use windlass_core::json::Json;
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_postgres::check_schema;
use windlass_postgres::statement::{self, Statement, Value};
use windlass_postgres::{publish, signal, unique};

use super::answers;
use crate::transaction::sealed::Sealed;
use crate::transaction::{EnqueueOn, FinishOn};

impl Sealed for (&Transaction<'_>, &PreparedEnqueue) {}
impl Sealed for &Client {}
impl Sealed for &Transaction<'_> {}

/// The statements that enqueue a job and publish an event, prepared once on a connection: a busy caller saves the server half of
/// its work. Enqueue and publish with `client.within((&tx, &prepared))`. Not for connections behind a transaction pooler.
#[derive(Debug, Clone)]
pub struct PreparedEnqueue {
    statement: ::tokio_postgres::Statement,
    publish: ::tokio_postgres::Statement,
    schema: String,
}

impl PreparedEnqueue {
    /// Prepares it on this connection.
    ///
    /// # Errors
    /// When the schema is not there.
    pub async fn new(client: &Client) -> Result<Self, StoreError> {
        Self::in_schema(client, DEFAULT_SCHEMA).await
    }

    /// The same where the store's URL says `schema=…`.
    ///
    /// # Errors
    /// As [`PreparedEnqueue::new`], and when this cannot be a schema's name.
    pub async fn in_schema(client: &Client, schema: &str) -> Result<Self, StoreError> {
        check_schema(schema)?;
        let statement = Self::prepare(client, &statement::enqueue_prepared(schema)).await?;
        let publish = publish::prepared(&NewEvent::bare("any"), schema);
        let publish = Self::prepare(client, &publish).await?;
        Ok(Self { statement, publish, schema: schema.to_owned() })
    }

    async fn prepare(
        client: &Client,
        statement: &Statement,
    ) -> Result<::tokio_postgres::Statement, StoreError> {
        let types: Vec<Type> = statement.binds.iter().map(kind).collect();
        client.prepare_typed(&statement.sql, &types).await.map_err(backend)
    }

    fn check(&self, schema: &str) -> Result<(), StoreError> {
        if schema == self.schema {
            return Ok(());
        }
        let what = format!(
            "the statement was prepared for schema {} and the client's is {schema}: PreparedEnqueue::in_schema",
            self.schema
        );
        Err(StoreError::Conflict { what })
    }
}

fn backend(error: ::tokio_postgres::Error) -> StoreError {
    // The server's own words: the driver's error says only "db error", and has them below.
    match error.as_db_error() {
        Some(refusal) => StoreError::Backend(Box::new(refusal.clone())),
        None => StoreError::Backend(Box::new(error)),
    }
}

fn kind(value: &Value) -> Type {
    match value {
        Value::Text(_) => Type::TEXT,
        Value::Small(_) => Type::INT2,
        Value::Big(_) => Type::INT8,
        Value::Texts(_) => Type::TEXT_ARRAY,
        Value::Smalls(_) => Type::INT2_ARRAY,
        Value::Bigs(_) => Type::INT8_ARRAY,
    }
}

fn bind(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Text(text) => text,
        Value::Small(number) => number,
        Value::Big(number) => number,
        Value::Texts(texts) => texts,
        Value::Smalls(numbers) => numbers,
        Value::Bigs(numbers) => numbers,
    }
}

/// Runs a statement without a name: one round trip, and a pooler may stand between.
async fn rows(client: &impl GenericClient, statement: &Statement) -> Result<Vec<Row>, StoreError> {
    let binds: Vec<(&(dyn ToSql + Sync), Type)> =
        statement.binds.iter().map(|value| (bind(value), kind(value))).collect();
    client.query_typed(&statement.sql, &binds).await.map_err(backend)
}

/// Whether a statement about one job did what it was to do.
async fn run(client: &impl GenericClient, statement: &Statement) -> Result<bool, StoreError> {
    let rows = rows(client, statement).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    Ok(row.try_get::<_, i64>(0).map_err(backend)? > 0)
}

impl EnqueueOn for (&Transaction<'_>, &PreparedEnqueue) {
    async fn write(&mut self, jobs: &[NewJob], schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        let (transaction, prepared) = *self;
        prepared.check(schema)?;
        let [job] = jobs else { return write(transaction, jobs, &prepared.schema).await };
        if job.identity == Identity::Given || unique::look_at_others(std::slice::from_ref(job)) {
            return write(transaction, jobs, &prepared.schema).await;
        }
        let statement = statement::enqueue_fresh(job, &prepared.schema);
        let binds: Vec<&(dyn ToSql + Sync)> = statement.binds.iter().map(bind).collect();
        transaction.query(&prepared.statement, &binds).await.map_err(backend)?;
        Ok(vec![Enqueued::New(job.id)])
    }

    async fn signal(&mut self, signal: &Signal, schema: &str) -> Result<Signalled, StoreError> {
        tell(self.0, signal, schema).await
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        let (transaction, prepared) = *self;
        prepared.check(schema)?;
        match events {
            [event] if event.given.is_none() => {
                let statement = publish::prepared(event, schema);
                let binds: Vec<&(dyn ToSql + Sync)> = statement.binds.iter().map(bind).collect();
                transaction.query(&prepared.publish, &binds).await.map_err(backend)?;
                Ok(vec![Published::New(event.id)])
            }
            _ => announce(transaction, events, schema).await,
        }
    }
}

async fn tell(
    client: &impl GenericClient,
    signal: &Signal,
    schema: &str,
) -> Result<Signalled, StoreError> {
    let rows = rows(client, &signal::statement(signal, schema)).await?;
    let row = rows.first().map_or(Ok(""), |row| row.try_get(0)).map_err(backend)?;
    signal::answer(row)
}

async fn announce(
    client: &impl GenericClient,
    events: &[NewEvent],
    schema: &str,
) -> Result<Vec<Published>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let rows = rows(client, &publish::statement(events, schema)).await?;
    let texts = rows.iter().map(|row| row.try_get(0).map_err(backend));
    publish::answers(events, texts.collect::<Result<Vec<&str>, _>>()?)
}

async fn write(
    client: &impl GenericClient,
    jobs: &[NewJob],
    schema: &str,
) -> Result<Vec<Enqueued>, StoreError> {
    if unique::look_at_others(jobs) {
        let rows = rows(client, &unique::statement(jobs, schema)).await?;
        let texts = rows.iter().map(|row| row.try_get(0).map_err(backend));
        return unique::answers(jobs, texts.collect::<Result<Vec<&str>, _>>()?);
    }
    match jobs {
        [] => Ok(Vec::new()),
        [job] => {
            let is_new = run(client, &statement::enqueue(job, schema)).await?;
            Ok(vec![if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) }])
        }
        _ => {
            let rows = rows(client, &statement::enqueue_all(jobs, schema)).await?;
            let ids = rows.iter().map(|row| row.try_get(0).map_err(backend));
            Ok(answers(jobs, ids.collect::<Result<_, _>>()?))
        }
    }
}

impl EnqueueOn for &Client {
    async fn write(&mut self, jobs: &[NewJob], schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        write(*self, jobs, schema).await
    }

    async fn signal(&mut self, signal: &Signal, schema: &str) -> Result<Signalled, StoreError> {
        tell(*self, signal, schema).await
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        announce(*self, events, schema).await
    }
}

impl EnqueueOn for &Transaction<'_> {
    async fn write(&mut self, jobs: &[NewJob], schema: &str) -> Result<Vec<Enqueued>, StoreError> {
        write(*self, jobs, schema).await
    }

    async fn signal(&mut self, signal: &Signal, schema: &str) -> Result<Signalled, StoreError> {
        tell(*self, signal, schema).await
    }

    async fn publish(
        &mut self,
        events: &[NewEvent],
        schema: &str,
    ) -> Result<Vec<Published>, StoreError> {
        announce(*self, events, schema).await
    }
}

impl FinishOn for &Transaction<'_> {
    async fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
        schema: &str,
    ) -> Result<bool, StoreError> {
        run(self, &statement::finish(&fence, output.as_ref(), schema)).await
    }
}
