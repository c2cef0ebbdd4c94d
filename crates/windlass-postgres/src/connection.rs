//! A connection: one connection for one kind of traffic, made when first needed and made again when it
//! broke. Statements are sent whole, one transaction each, so that callers can share a connection; what one statement
//! takes in the session, another that was sent with it gives back.

pub(crate) mod config;
pub(crate) mod connect;
pub(crate) mod facts;
pub(crate) mod follow;
pub(crate) mod io;
pub(crate) mod migrate;
pub(crate) mod open;
pub(crate) mod patience;
pub(crate) mod runs;
pub(crate) mod test_schema;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod transaction;
pub(crate) mod watch;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, SimpleQueryMessage, SimpleQueryRow, Statement};
use windlass_core::error::StoreError;
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use crate::connection::config::{Config, Path};
use crate::connection::connect::connect;
use crate::connection::io::Io;
use crate::error::{is_lock_timeout, is_lost_statement, is_worth_repeating, store_error};
use crate::row::get;

/// Tries of a statement that the server rolled back because of another's.
const REPEATS: usize = 5;

pub(crate) const CLOCK: &str = "select coalesce($1::int8, windlass.now_us())";

/// A value with the type the statement expects of it.
pub(crate) type Bind<'a> = (&'a (dyn ToSql + Sync), Type);

/// What all connections of a store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) io: Io,
    /// Whether this is a standby, on which a statement that has to give way to the replay is not tried again: that would be to
    /// no use, and the primary can be asked.
    is_standby: bool,
    /// Whether statements are sent without a name, because a pooler may change the session.
    nameless: AtomicBool,
    texts: Mutex<HashMap<&'static str, Arc<str>>>,
}

impl Shared {
    pub(crate) fn new(config: Config, io: Io) -> Self {
        let nameless = AtomicBool::new(config.path == Path::TransactionPooler);
        Self { config, io, is_standby: false, nameless, texts: Mutex::default() }
    }

    pub(crate) fn of_standby(config: Config, io: Io) -> Self {
        Self { is_standby: true, ..Self::new(config, io) }
    }

    /// Whether it only reads, and what has to be written is the primary's.
    pub(crate) fn is_standby(&self) -> bool {
        self.is_standby
    }

    /// A statement in the chosen schema.
    pub(crate) fn text(&self, sql: &'static str) -> Arc<str> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || in_schema(sql, &self.config.schema).into();
        Arc::clone(texts.entry(sql).or_insert_with(make))
    }

    /// Whether sessions are ours, so that LISTEN and session locks work.
    pub(crate) fn owns_sessions(&self) -> bool {
        !self.nameless.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Sessions turned out not to be ours: a pooler stands between.
    pub(crate) fn disown_sessions(&self) {
        if self.owns_sessions() {
            tracing::warn!(
                "a pooler changes sessions between transactions: going on without prepared statements and without notifications; say pooler=transaction in the URL to begin so"
            );
            self.nameless.store(true, Ordering::Relaxed);
        }
    }
}

/// A text written for [`DEFAULT_SCHEMA`], for another one.
pub(crate) fn in_schema<'a>(sql: &'a str, schema: &str) -> Cow<'a, str> {
    if schema == DEFAULT_SCHEMA {
        Cow::Borrowed(sql)
    } else {
        Cow::Owned(sql.replace("windlass.", &format!("{schema}.")))
    }
}

#[derive(Debug)]
struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

/// What came of a statement and of the one before it.
#[derive(Debug)]
pub(crate) struct Between {
    /// The first row of the one before it, where that was run and answered one.
    pub(crate) before: Option<Row>,
    pub(crate) rows: Vec<Row>,
    /// Both together.
    pub(crate) took: Duration,
}

/// One connection and its prepared statements.
#[derive(Debug)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
    session: AsyncMutex<Option<Arc<Session>>>,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, session: AsyncMutex::new(None) }
    }

    /// Runs one statement; it is committed when this returns.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.ask(sql, binds).await?.map_err(store_error)
    }

    /// The same for a statement that has a patience; nothing where a lock did not come within it.
    pub(crate) async fn query_unless_locked(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Option<Vec<Row>>, StoreError> {
        match self.ask(sql, binds).await? {
            Err(error) if is_lock_timeout(&error) => Ok(None),
            answer => answer.map(Some).map_err(store_error),
        }
    }

    async fn ask(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Result<Vec<Row>, tokio_postgres::Error>, StoreError> {
        let mut tries = 0;
        loop {
            let session = self.session().await?;
            match self.send(&session, sql, binds).await {
                Err(error) if is_lost_statement(&error) && tries < REPEATS => {
                    self.shared.disown_sessions();
                }
                Err(error)
                    if is_worth_repeating(&error) && tries < REPEATS && !self.shared.is_standby => {
                }
                answer => return Ok(answer),
            }
            tries += 1;
        }
    }

    /// Runs a statement between two others of the same session, such as one that takes a lock and one that gives it
    /// back. All three are sent at once, each a transaction of its own, and run whatever happens to the caller. Where
    /// the others cannot be run the statement is run without them.
    pub(crate) async fn query_between(
        &self,
        before: (&'static str, &[Bind<'_>]),
        (sql, binds): (&'static str, &[Bind<'_>]),
        after: &'static str,
    ) -> Result<Between, StoreError> {
        let began = Instant::now();
        let alone = |rows| Between { before: None, rows, took: began.elapsed() };
        let session = self.session().await?;
        // Prepared first: what has to be prepared would be sent later than what follows it.
        let (first, statement, last) =
            match self.prepare_all(&session, before, (sql, binds), after).await {
                Ok(prepared) => prepared,
                Err(error) => {
                    if is_lost_statement(&error) {
                        self.shared.disown_sessions();
                    }
                    return self.query(sql, binds).await.map(alone);
                }
            };
        let (first_values, values) = (values(before.1), values(binds));
        // In this order, and sent by their first poll.
        let (first, rows, last) = tokio::join!(
            biased;
            session.client.query(&first, &first_values),
            session.client.query(&statement, &values),
            session.client.query(&last, &[]),
        );
        let took = began.elapsed();
        if let Err(error) = last {
            tracing::debug!(%error, "what was taken in a session ends with it");
            self.drop_session(&session).await;
        }
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) if is_lost_statement(&error) => {
                self.shared.disown_sessions();
                return self.query(sql, binds).await.map(alone);
            }
            Err(error) if is_worth_repeating(&error) => self.query(sql, binds).await?,
            Err(error) => return Err(store_error(error)),
        };
        Ok(Between { before: first.ok().and_then(|rows| rows.into_iter().next()), rows, took })
    }

    async fn prepare_all(
        &self,
        session: &Session,
        before: (&'static str, &[Bind<'_>]),
        between: (&'static str, &[Bind<'_>]),
        after: &'static str,
    ) -> Result<(Statement, Statement, Statement), tokio_postgres::Error> {
        Ok((
            self.prepared(session, before.0, before.1).await?,
            self.prepared(session, between.0, between.1).await?,
            self.prepared(session, after, &[]).await?,
        ))
    }

    /// Lets a session end once nobody uses it any more; the next statement makes another.
    async fn drop_session(&self, session: &Arc<Session>) {
        let mut slot = self.session.lock().await;
        slot.take_if(|current| Arc::ptr_eq(current, session));
    }

    /// The first row of [`Connection::query`].
    pub(crate) async fn query_one(
        &self,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Row, StoreError> {
        self.query(sql, binds)
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| StoreError::NotFound { what: "the answer's row".to_owned() })
    }

    /// The moment a statement is to go by: the caller's, or the database's.
    pub(crate) async fn now(&self, now: Now) -> Result<Timestamp, StoreError> {
        let row = self.query_one(CLOCK, &[(&now.micros(), Type::INT8)]).await?;
        get(&row, 0).map(Timestamp::from_micros)
    }

    /// Whether session locks taken here are this process's own.
    pub(crate) fn owns_session(&self) -> bool {
        self.shared.owns_sessions()
    }

    /// Runs a text of several statements without binds.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.session().await?.client.batch_execute(sql).await.map_err(store_error)
    }

    /// The answer to a question without binds, or nothing where the server needs longer than
    /// this. The server ends the statement: one that was only given up here would go on, and
    /// whatever follows on this connection would wait for it.
    pub(crate) async fn query_within(
        &self,
        sql: &'static str,
        limit: Duration,
    ) -> Result<Option<Vec<SimpleQueryRow>>, StoreError> {
        let session = self.session().await?;
        let (limit, text) = (limit.as_millis(), self.shared.text(sql));
        let whole = format!("set local statement_timeout = {limit}; {text}");
        let answer = match session.client.simple_query(&whole).await {
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => return Ok(None),
            answer => answer.map_err(store_error)?,
        };
        let rows = answer.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(Some(rows.collect()))
    }

    async fn send(
        &self,
        session: &Session,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if !self.shared.owns_sessions() {
            return session.client.query_typed(&self.shared.text(sql), binds).await;
        }
        let statement = self.prepared(session, sql, binds).await?;
        session.client.query(&statement, &values(binds)).await
    }

    async fn prepared(
        &self,
        session: &Session,
        sql: &'static str,
        binds: &[Bind<'_>],
    ) -> Result<Statement, tokio_postgres::Error> {
        let known =
            session.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let types: Vec<Type> = binds.iter().map(|(_, kind)| kind.clone()).collect();
        let statement = session.client.prepare_typed(&self.shared.text(sql), &types).await?;
        let mut statements = session.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.insert(sql, statement.clone());
        Ok(statement)
    }

    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut slot = self.session.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let client = connect(&self.shared.config, &self.shared.io, None).await?;
        let session = Arc::new(Session { client, statements: Mutex::default() });
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }
}

fn values<'a>(binds: &[Bind<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    binds.iter().map(|(value, _)| *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_put_in() {
        assert_eq!(in_schema("select from windlass.job", "jobs"), "select from jobs.job");
        assert_eq!(in_schema("select from windlass.job", "windlass"), "select from windlass.job");
    }
}
