//! sqlx on PostgreSQL: a connection, a transaction, or a pool. The same for each version of sqlx, whose types
//! are strangers to each other.

macro_rules! adapter {
    ($sqlx:ident, $text:expr) => {
        use windlass_core::condition::{Signal, Signalled};
        use windlass_core::error::StoreError;
        use windlass_core::event::{NewEvent, Published};
        use windlass_core::job::{Enqueued, Fence, Identity, NewJob};
        use windlass_core::json::Json;
        use windlass_postgres::statement::{self, Statement, Value};
        use windlass_postgres::{publish, signal, unique};
        use $sqlx::{PgConnection, PgPool, Postgres, Row, Transaction};

        use crate::adapter::answers;
        use crate::transaction::sealed::Sealed;
        use crate::transaction::{EnqueueOn, FinishOn};

        impl Sealed for &mut PgConnection {}
        impl Sealed for &mut Transaction<'_, Postgres> {}
        impl Sealed for &PgPool {}

        fn backend(error: $sqlx::Error) -> StoreError {
            StoreError::Backend(Box::new(error))
        }

        async fn rows(
            connection: &mut PgConnection,
            statement: &Statement,
        ) -> Result<Vec<$sqlx::postgres::PgRow>, StoreError> {
            // No value is ever part of the text: it is a constant except for the schema's name.
            let mut query = $sqlx::query($text(statement.sql.as_ref()));
            for value in &statement.binds {
                query = match value {
                    Value::Text(text) => query.bind(text),
                    Value::Small(number) => query.bind(number),
                    Value::Big(number) => query.bind(number),
                    Value::Texts(texts) => query.bind(texts),
                    Value::Smalls(numbers) => query.bind(numbers),
                    Value::Bigs(numbers) => query.bind(numbers),
                };
            }
            query.fetch_all(connection).await.map_err(backend)
        }

        /// Whether a statement about one job did what it was to do.
        async fn run(
            connection: &mut PgConnection,
            statement: &Statement,
        ) -> Result<bool, StoreError> {
            let rows = rows(connection, statement).await?;
            let [row] = &rows[..] else { return Ok(false) };
            Ok(row.try_get::<i64, _>(0).map_err(backend)? > 0)
        }

        async fn tell(
            connection: &mut PgConnection,
            signal: &Signal,
            schema: &str,
        ) -> Result<Signalled, StoreError> {
            let rows = rows(connection, &signal::statement(signal, schema)).await?;
            let row = rows.first().map_or(Ok(""), |row| row.try_get(0)).map_err(backend)?;
            signal::answer(row)
        }

        async fn announce(
            connection: &mut PgConnection,
            events: &[NewEvent],
            schema: &str,
        ) -> Result<Vec<Published>, StoreError> {
            if events.is_empty() {
                return Ok(Vec::new());
            }
            let rows = rows(connection, &publish::statement(events, schema)).await?;
            let texts = rows.iter().map(|row| row.try_get(0).map_err(backend));
            publish::answers(events, texts.collect::<Result<Vec<&str>, _>>()?)
        }

        async fn write(
            connection: &mut PgConnection,
            jobs: &[NewJob],
            schema: &str,
        ) -> Result<Vec<Enqueued>, StoreError> {
            if unique::look_at_others(jobs) {
                let rows = rows(connection, &unique::statement(jobs, schema)).await?;
                let texts = rows.iter().map(|row| row.try_get(0).map_err(backend));
                let texts = texts.collect::<Result<Vec<&str>, _>>()?;
                return unique::answers(jobs, texts);
            }
            let [job] = jobs else { return write_all(connection, jobs, schema).await };
            // sqlx keeps statements prepared.
            let is_new = if job.identity == Identity::Fresh {
                run(connection, &statement::enqueue_fresh(job, schema)).await?
            } else {
                run(connection, &statement::enqueue(job, schema)).await?
            };
            Ok(vec![if is_new { Enqueued::New(job.id) } else { Enqueued::Existing(job.id) }])
        }

        async fn write_all(
            connection: &mut PgConnection,
            jobs: &[NewJob],
            schema: &str,
        ) -> Result<Vec<Enqueued>, StoreError> {
            if jobs.is_empty() {
                return Ok(Vec::new());
            }
            let rows = rows(connection, &statement::enqueue_all(jobs, schema)).await?;
            let ids = rows.iter().map(|row| row.try_get::<String, _>(0).map_err(backend));
            Ok(answers(jobs, ids.collect::<Result<_, _>>()?))
        }

        impl EnqueueOn for &mut PgConnection {
            async fn write(
                &mut self,
                jobs: &[NewJob],
                schema: &str,
            ) -> Result<Vec<Enqueued>, StoreError> {
                write(self, jobs, schema).await
            }

            async fn signal(
                &mut self,
                signal: &Signal,
                schema: &str,
            ) -> Result<Signalled, StoreError> {
                tell(self, signal, schema).await
            }

            async fn publish(
                &mut self,
                events: &[NewEvent],
                schema: &str,
            ) -> Result<Vec<Published>, StoreError> {
                announce(self, events, schema).await
            }
        }

        impl EnqueueOn for &mut Transaction<'_, Postgres> {
            async fn write(
                &mut self,
                jobs: &[NewJob],
                schema: &str,
            ) -> Result<Vec<Enqueued>, StoreError> {
                write(self, jobs, schema).await
            }

            async fn signal(
                &mut self,
                signal: &Signal,
                schema: &str,
            ) -> Result<Signalled, StoreError> {
                tell(self, signal, schema).await
            }

            async fn publish(
                &mut self,
                events: &[NewEvent],
                schema: &str,
            ) -> Result<Vec<Published>, StoreError> {
                announce(self, events, schema).await
            }
        }

        /// One statement on a connection of the pool, committed when it returns.
        impl EnqueueOn for &PgPool {
            async fn write(
                &mut self,
                jobs: &[NewJob],
                schema: &str,
            ) -> Result<Vec<Enqueued>, StoreError> {
                let mut connection = self.acquire().await.map_err(backend)?;
                write(&mut connection, jobs, schema).await
            }

            async fn signal(
                &mut self,
                signal: &Signal,
                schema: &str,
            ) -> Result<Signalled, StoreError> {
                let mut connection = self.acquire().await.map_err(backend)?;
                tell(&mut connection, signal, schema).await
            }

            async fn publish(
                &mut self,
                events: &[NewEvent],
                schema: &str,
            ) -> Result<Vec<Published>, StoreError> {
                let mut connection = self.acquire().await.map_err(backend)?;
                announce(&mut connection, events, schema).await
            }
        }

        impl FinishOn for &mut Transaction<'_, Postgres> {
            async fn finish(
                self,
                fence: Fence,
                output: Option<Json>,
                schema: &str,
            ) -> Result<bool, StoreError> {
                run(self, &statement::finish(&fence, output.as_ref(), schema)).await
            }
        }
    };
}

#[cfg(feature = "sqlx-0_9-postgres")]
mod v0_9 {
    adapter!(sqlx, sqlx::AssertSqlSafe);
}

#[cfg(feature = "sqlx-0_8-postgres")]
mod v0_8 {
    adapter!(sqlx_0_8, std::convert::identity);
}
