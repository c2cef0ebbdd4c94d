//! The one writer: a thread that runs whatever waits in one transaction, commits once, and then
//! answers everybody.
//!
//! With `synchronous=FULL` a commit costs a flush of the disk; sharing it is what makes single
//! enqueues fast. A step that fails is rolled back alone.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;
use windlass_core::error::StoreError;

use crate::error::{closed, store_error};

/// Steps that share one commit.
const GROUP: usize = 512;
/// How long the write lock is waited for before callers are told.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands steps to the writer's thread.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    steps: Sender<Box<dyn Step>>,
}

/// One caller's part of a transaction.
trait Step: Send {
    /// Looks, before there is a transaction, whether there is anything to write.
    fn is_needed(&mut self, connection: &Connection) -> bool;
    /// Runs it; `false` when it failed and must be rolled back.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller, after the commit or instead of it.
    fn answer(self: Box<Self>, commit: Result<(), Failure>);
}

/// Why a commit did not happen, in a form every caller can have.
#[derive(Clone)]
enum Failure {
    Busy(String),
    Full(String),
    Other(String),
}

impl Failure {
    fn of(error: &rusqlite::Error) -> Self {
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(reason),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(reason),
            _ => Self::Other(reason),
        }
    }

    fn into_error(self) -> StoreError {
        match self {
            Self::Full(reason) => StoreError::DiskFull { reason },
            Self::Busy(reason) => StoreError::Unavailable {
                reason: format!(
                    "another process has held the write lock for {PATIENCE:?}: {reason}"
                ),
            },
            Self::Other(reason) => StoreError::Unavailable { reason },
        }
    }
}

struct Call<T, P, F> {
    peek: P,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, P, F> Step for Call<T, P, F>
where
    T: Send,
    P: Fn(&Connection) -> Result<Option<T>, StoreError> + Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn is_needed(&mut self, connection: &Connection) -> bool {
        self.result = (self.peek)(connection).transpose();
        self.result.is_none()
    }

    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, commit: Result<(), Failure>) {
        let answer = match (commit, self.result) {
            (Err(failure), _) => Err(failure.into_error()),
            (Ok(()), result) => result.unwrap_or_else(|| Err(closed())),
        };
        // A caller that stopped waiting has its change all the same: it is committed.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    /// Starts the writer's thread on this connection. It ends when the last handle is dropped.
    pub(crate) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (steps, waiting) = channel();
        std::thread::Builder::new()
            .name("windlass-sqlite".to_owned())
            .spawn(move || serve(&connection, &waiting))
            .map_err(|error| StoreError::Unavailable {
                reason: format!("the writer's thread could not be started: {error}"),
            })?;
        Ok(Self { steps })
    }

    /// Runs `work` inside the next transaction and returns once that is committed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_unless(|_| Ok(None), work).await
    }

    /// The same, unless `peek` has the answer already: then nothing is written, and where nobody
    /// else writes either, the write lock is not taken.
    pub(crate) async fn write_unless<T: Send + 'static>(
        &self,
        peek: impl Fn(&Connection) -> Result<Option<T>, StoreError> + Send + 'static,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { peek, work: Some(work), result: None, reply };
        self.steps.send(Box::new(call)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn serve(connection: &Connection, waiting: &Receiver<Box<dyn Step>>) {
    while let Ok(first) = waiting.recv() {
        let mut group = Vec::new();
        for mut step in std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)) {
            if step.is_needed(connection) { group.push(step) } else { step.answer(Ok(())) }
        }
        if group.is_empty() {
            continue;
        }
        let committed = transact(connection, &mut group);
        for step in group {
            step.answer(committed.clone());
        }
    }
}

fn transact(connection: &Connection, group: &mut [Box<dyn Step>]) -> Result<(), Failure> {
    begin(connection).map_err(|error| Failure::of(&error))?;
    let ran = run_all(connection, group).and_then(|()| execute(connection, "commit"));
    ran.map_err(|error| {
        if !connection.is_autocommit() {
            // The transaction may be gone already: a full disk rolls back by itself.
            let _ = execute(connection, "rollback");
        }
        Failure::of(&error)
    })
}

fn run_all(connection: &Connection, group: &mut [Box<dyn Step>]) -> rusqlite::Result<()> {
    let alone = group.len() == 1;
    for step in group {
        if !alone {
            execute(connection, "savepoint step")?;
        }
        let worked = step.run(connection);
        if connection.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                Some("the transaction was rolled back".to_owned()),
            ));
        }
        match (worked, alone) {
            (true, true) => {}
            (false, true) => {
                // A read transaction's worth of nothing is committed: the step's own error is
                // what its caller gets.
                execute(connection, "rollback")?;
                return execute(connection, "begin");
            }
            (true, false) => execute(connection, "release step")?,
            (false, false) => {
                execute(connection, "rollback to step")?;
                execute(connection, "release step")?;
            }
        }
    }
    Ok(())
}

/// Takes the write lock. SQLite's own waiting backs off to 100 ms and is unfair; short random
/// waits keep the longest wait of many processes short.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match execute(connection, "begin immediate") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_micros(fastrand::u64(100..2_000)));
            }
            other => return other,
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Runs a closure in a transaction of its own, outside the writer's thread; for migrations.
pub(crate) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    begin(connection).map_err(store_error)?;
    match work(connection) {
        Ok(value) => {
            execute(connection, "commit").map_err(store_error)?;
            Ok(value)
        }
        Err(error) => {
            execute(connection, "rollback").map_err(store_error)?;
            Err(error)
        }
    }
}
