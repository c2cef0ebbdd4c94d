//! The one writer: a thread that runs whatever waits in one transaction, commits once, and then
//! answers everybody.
//!
//! With `synchronous=FULL` a commit costs a flush of the disk; sharing it is what makes single
//! enqueues fast. A step that fails spoils the transaction it shares: then each has one of its own.
//! Savepoints would spare the others that, and cost every page its copy.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;
use windlass_core::error::StoreError;

use crate::connection::thread;
use crate::connection::turn::{self, Turn};
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

struct Call<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Step for Call<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = Some((self.work)(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, commit: Result<(), Failure>) {
        let answer = match (commit, self.result) {
            (Err(failure), _) => Err(failure.into_error()),
            (Ok(()), result) => result.unwrap_or_else(|| Err(closed())),
        };
        // A caller that stopped waiting has its change anyway: it is committed.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    /// Starts the writer's thread on this connection. It ends when the last handle is dropped.
    pub(crate) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (steps, waiting) = channel();
        thread::start(("windlass-sqlite", "writer"), connection, move |connection| {
            serve(connection, &waiting, Turn::default());
        })?;
        Ok(Self { steps })
    }

    /// Runs `work` inside the next transaction and returns once that is committed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { work, result: None, reply };
        self.steps.send(Box::new(call)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn serve(connection: &Connection, waiting: &Receiver<Box<dyn Step>>, mut turn: Turn) {
    while let Some(first) = next(connection, &mut turn, waiting) {
        // Taken as they are run: what comes in meanwhile still shares the commit.
        let steps = std::iter::once(first).chain(waiting.try_iter()).take(GROUP);
        let mut group = Vec::new();
        let ran = transact(connection, &mut turn, steps, &mut group);
        keep(connection, &mut turn);
        match ran {
            Ok(Ran::All) => answer_all(group, &Ok(())),
            Ok(Ran::Spoiled) => {
                group.into_iter().for_each(|step| alone(connection, &mut turn, step));
            }
            Err(failure) => answer_all(group, &Err(failure)),
        }
    }
}

/// While a turn lasts, takes the write lock again before anybody else can: for the steps that come next.
fn keep(connection: &Connection, turn: &mut Turn) {
    if turn.may_linger(Instant::now()) {
        let is_kept = execute(connection, "begin immediate").is_ok();
        turn.keeps(is_kept);
    }
}

/// The next step. A lock that was kept is let go when none comes soon.
fn next(
    connection: &Connection,
    turn: &mut Turn,
    waiting: &Receiver<Box<dyn Step>>,
) -> Option<Box<dyn Step>> {
    let began = Instant::now();
    let mut step = None;
    if turn.is_kept() {
        step = waiting.recv_timeout(turn::LINGER).ok();
        if step.is_none() {
            // It has done nothing. Should it not end here, the next transaction cannot begin, and says so.
            let _ = execute(connection, "rollback");
            turn.gives(Instant::now());
        }
    }
    let step = step.or_else(|| waiting.recv().ok());
    turn.was_idle(began.elapsed());
    step
}

/// Whether a transaction's steps all did their work.
#[derive(PartialEq, Eq)]
enum Ran {
    All,
    /// One failed, and everything was rolled back.
    Spoiled,
}

fn answer_all(group: Vec<Box<dyn Step>>, commit: &Result<(), Failure>) {
    for step in group {
        step.answer(commit.clone());
    }
}

/// Runs a step in a transaction of its own; when it fails its caller gets its own error.
fn alone(connection: &Connection, turn: &mut Turn, step: Box<dyn Step>) {
    let mut group = Vec::new();
    let ran = transact(connection, turn, std::iter::once(step), &mut group).map(drop);
    answer_all(group, &ran);
}

/// Runs steps in one transaction; `ran` gets those that are to be answered.
fn transact(
    connection: &Connection,
    turn: &mut Turn,
    steps: impl Iterator<Item = Box<dyn Step>>,
    ran: &mut Vec<Box<dyn Step>>,
) -> Result<Ran, Failure> {
    if let Err(error) = begin(connection, turn) {
        ran.extend(steps);
        return Err(Failure::of(&error));
    }
    let began = Instant::now();
    let done = run_all(connection, steps, ran).and_then(|ran| {
        execute(connection, if ran == Ran::All { "commit" } else { "rollback" }).map(|()| ran)
    });
    turn.worked(began.elapsed());
    turn.gives(Instant::now());
    done.map_err(|error| {
        if !connection.is_autocommit() {
            // The transaction may be gone already: a full disk rolls back by itself.
            let _ = execute(connection, "rollback");
        }
        Failure::of(&error)
    })
}

fn run_all(
    connection: &Connection,
    steps: impl Iterator<Item = Box<dyn Step>>,
    ran: &mut Vec<Box<dyn Step>>,
) -> rusqlite::Result<Ran> {
    for mut step in steps {
        let worked = step.run(connection);
        ran.push(step);
        if connection.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                Some("the transaction was rolled back".to_owned()),
            ));
        }
        if !worked {
            return Ok(Ran::Spoiled);
        }
    }
    Ok(Ran::All)
}

/// Takes the write lock, where it is not kept. SQLite's own waiting backs off to 100 ms and is unfair; short random
/// waits keep the longest wait of many processes short.
fn begin(connection: &Connection, turn: &mut Turn) -> rusqlite::Result<()> {
    if turn.use_kept() {
        return Ok(());
    }
    let courtesy = turn.courtesy(Instant::now());
    if !courtesy.is_zero() {
        std::thread::sleep(courtesy);
    }
    let started = Instant::now();
    let mut tries = 0;
    loop {
        match execute(connection, "begin immediate") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < PATIENCE =>
            {
                tries += 1;
                std::thread::sleep(turn.wait(Instant::now()));
            }
            Err(error) => return Err(error),
            Ok(()) => {
                turn.takes(Instant::now(), tries);
                return Ok(());
            }
        }
    }
}

/// Begins a transaction that writes, on a connection that nobody shares.
pub(crate) fn begin_alone(connection: &Connection) -> Result<(), StoreError> {
    begin(connection, &mut Turn::default()).map_err(store_error)
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Runs a closure in a transaction of its own, outside the writer's thread; for migrations.
pub(crate) fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    begin(connection, &mut Turn::default()).map_err(store_error)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(connection: &Connection) -> Vec<i64> {
        crate::row::all(connection, "select n from own order by n", [], |row| row.get(0))
            .expect("read")
    }

    /// A step that writes a number and then does as told.
    fn step(
        number: i64,
        fails: bool,
    ) -> (Box<dyn Step>, oneshot::Receiver<Result<(), StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &Connection| {
            crate::row::run(connection, "insert into own (n) values (?1)", [number])?;
            if fails { Err(closed()) } else { Ok(()) }
        };
        (Box::new(Call { work, result: None, reply }), answer)
    }

    /// Of steps that wait together one fails: the others are committed, each once.
    #[test]
    fn a_step_that_fails_takes_no_other_with_it() {
        let connection = Connection::open_in_memory().expect("opened");
        connection.execute_batch("create table own (n integer)").expect("made");
        let (sender, waiting) = channel();
        let mut answers = Vec::new();
        for number in 1..=3 {
            let (step, answer) = step(number, number == 2);
            sender.send(step).expect("sent");
            answers.push(answer);
        }
        drop(sender);
        serve(&connection, &waiting, Turn::default());
        let worked: Vec<bool> =
            answers.iter_mut().map(|answer| answer.try_recv().expect("answered").is_ok()).collect();
        assert_eq!(worked, [true, false, true]);
        assert_eq!(numbers(&connection), [1, 3]);
    }

    /// What comes in while a step runs shares its commit, and its fate: spoiled by the newcomer,
    /// the first step is run again and written once.
    #[test]
    fn a_step_that_comes_late_shares_the_commit() {
        let connection = Connection::open_in_memory().expect("opened");
        connection.execute_batch("create table own (n integer)").expect("made");
        let (sender, waiting) = channel::<Box<dyn Step>>();
        let runs = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let (late, mut late_answer) = step(2, true);
        let (late, later) = (std::sync::Mutex::new(Some(late)), sender.clone());
        let counted = std::sync::Arc::clone(&runs);
        let work = move |connection: &Connection| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if let Some(late) = late.lock().expect("held").take() {
                later.send(late).expect("sent");
            }
            crate::row::run(connection, "insert into own (n) values (1)", [])
        };
        let (reply, mut answer) = oneshot::channel();
        sender.send(Box::new(Call { work, result: None, reply })).expect("sent");
        drop(sender);
        serve(&connection, &waiting, Turn::default());
        assert_eq!(answer.try_recv().expect("answered").expect("written"), 1);
        assert!(late_answer.try_recv().expect("answered").is_err());
        assert_eq!(runs.load(std::sync::atomic::Ordering::Relaxed), 2);
        assert_eq!(numbers(&connection), [1]);
    }

    /// A file with the table, written by one connection and wanted by another.
    fn shared() -> (tempfile::TempDir, Connection, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || {
            let connection = Connection::open(folder.path().join("own.db")).expect("opened");
            connection.busy_timeout(Duration::ZERO).expect("set");
            connection
        };
        let (own, other) = (open(), open());
        own.execute_batch("pragma journal_mode = wal; create table own (n integer)").expect("made");
        (folder, own, other)
    }

    fn is_free(other: &Connection) -> bool {
        other.execute_batch("begin immediate; rollback").is_ok()
    }

    /// While its turn lasts a writer keeps the lock between two transactions, and lets it go when nothing comes.
    #[test]
    fn a_kept_lock_serves_the_next_step() {
        let (_folder, connection, other) = shared();
        let mut turn = Turn::contested(Instant::now());
        let (sender, waiting) = channel::<Box<dyn Step>>();
        for number in [1, 2] {
            let (step, mut answer) = step(number, false);
            sender.send(step).expect("sent");
            let first = next(&connection, &mut turn, &waiting).expect("it was sent");
            let mut group = Vec::new();
            let ran = transact(&connection, &mut turn, std::iter::once(first), &mut group);
            turn = Turn::contested(Instant::now());
            keep(&connection, &mut turn);
            assert!(!is_free(&other), "it is kept");
            answer_all(group, &ran.map(drop));
            assert!(answer.try_recv().expect("answered").is_ok());
            assert_eq!(numbers(&other).len(), usize::try_from(number).expect("small"), "committed");
        }
        drop(sender);
        assert!(next(&connection, &mut turn, &waiting).is_none(), "nobody can send any more");
        assert!(is_free(&other) && !turn.is_kept());
        assert_eq!(numbers(&other), [1, 2]);
    }

    /// A lock that was kept after a transaction that failed serves the steps that are run alone.
    #[test]
    fn steps_run_alone_under_a_kept_lock() {
        let (_folder, connection, other) = shared();
        let (sender, waiting) = channel();
        let mut answers = Vec::new();
        for number in 1..=3 {
            let (step, answer) = step(number, number == 2);
            sender.send(step).expect("sent");
            answers.push(answer);
        }
        drop(sender);
        serve(&connection, &waiting, Turn::contested(Instant::now()));
        let worked: Vec<bool> =
            answers.iter_mut().map(|answer| answer.try_recv().expect("answered").is_ok()).collect();
        assert_eq!(worked, [true, false, true]);
        assert_eq!(numbers(&other), [1, 3]);
        assert!(is_free(&other));
    }

    /// Where somebody else was quicker there is no turn to keep.
    #[test]
    fn a_lock_that_another_has_is_not_kept() {
        let (_folder, connection, other) = shared();
        other.execute_batch("begin immediate").expect("taken");
        let mut turn = Turn::contested(Instant::now());
        keep(&connection, &mut turn);
        assert!(!turn.is_kept() && !turn.may_linger(Instant::now()));
    }
}
