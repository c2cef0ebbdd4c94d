//! Questions in SQL, on a connection of their own that cannot write.
//!
//! Which names a question reads is for SQLite to say, not for us to parse: the text is prepared first in an empty database that has
//! the views as tables and nothing else, so that any other name is unknown there. Then the file is asked, where an authorizer lets
//! it read the columns that the views themselves read.

mod guard;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Statement};
use windlass_core::error::{StoreError, Unusable};
use windlass_core::limits::ANSWER_BYTES;
use windlass_core::question::{Answer, Counting, Question, Rest, Unanswered, VIEWS, Value, View};

use crate::archive::moving;
use crate::connection::open::parse;
use crate::connection::{connect, migrate};
use crate::error::{closed, store_error};
use guard::{Denied, Guard};

const PREFIX: &str = "windlass_";
/// How long a lock is waited for; readers hardly ever do in WAL mode.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so many steps of SQLite's machine somebody looks at the clock.
const STEPS: i32 = 1_000;

const JOBS: &str = "select kind, state, count(*) as jobs from windlass_job group by kind, state order by kind, state";
const FAILURES: &str = "select kind, outcome, count(*) as attempts, count(distinct error) as different_errors, max(ended_at) as last_at \
     from windlass_attempt where outcome in ('error', 'timeout', 'panic', 'lost') group by kind, outcome order by kind, outcome";

/// A question of ours, as it is asked here.
#[must_use]
pub fn counting(what: Counting) -> String {
    let question = match what {
        Counting::Jobs => JOBS,
        Counting::Failures => FAILURES,
    };
    question.to_owned()
}

/// Asks the file at `sqlite:PATH`.
///
/// # Errors
/// See [`Unanswered`].
pub async fn ask(url: &str, question: &Question) -> Result<Answer, Unanswered> {
    let (path, _) = parse(url)?;
    let question = question.clone();
    away(move || answer(&path, &question)).await
}

/// The views of the file at `sqlite:PATH`.
///
/// # Errors
/// When it cannot be opened, or has another schema.
pub async fn views(url: &str) -> Result<Vec<View>, Unanswered> {
    let (path, _) = parse(url)?;
    away(move || Ok(all_views(&open(&path)?)?)).await
}

async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unanswered> + Send + 'static,
) -> Result<T, Unanswered> {
    tokio::task::spawn_blocking(work).await.map_err(|_| closed())?
}

/// A connection that can write nothing, in a snapshot.
fn open(path: &Path) -> Result<Connection, StoreError> {
    connect::check_library()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let cannot = |error| StoreError::Unavailable {
        reason: format!("{} cannot be opened: {error}", path.display()),
    };
    let connection = Connection::open_with_flags(path, flags).map_err(cannot)?;
    connection.busy_timeout(PATIENCE).map_err(store_error)?;
    connection.pragma_update(None, "query_only", true).map_err(store_error)?;
    connection.execute_batch("begin").map_err(store_error)?;
    migrate::check(&connection)?;
    moving::refuse(&connection)?;
    Ok(connection)
}

fn all_views(connection: &Connection) -> Result<Vec<View>, StoreError> {
    let view = |name: &str| {
        let name = format!("{PREFIX}{name}");
        let columns = crate::row::all(
            connection,
            "select name, lower(type) from pragma_table_info(?1)",
            [&name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(View { name, columns })
    };
    let views: Vec<View> = VIEWS.into_iter().map(view).collect::<Result<_, StoreError>>()?;
    match views.iter().find(|view| view.columns.is_empty()) {
        Some(View { name, .. }) => Err(StoreError::Unusable {
            reason: format!("there is no view {name}; run `windlass migrate`"),
            kind: Unusable::Schema,
        }),
        None => Ok(views),
    }
}

fn answer(path: &Path, question: &Question) -> Result<Answer, Unanswered> {
    let mut connection = open(path)?;
    let views = all_views(&connection)?;
    let names = views.iter().map(|view| view.name.clone()).collect();
    let inside = guard::read_by(&mut connection, &views).map_err(store_error)?;
    let mut bare = bare(&views).map_err(store_error)?;
    let outer = Guard::of(names, &bare).map_err(store_error)?;
    let denied = outer.watch(&mut bare).map_err(store_error)?;
    check(&bare, &question.sql).map_err(|error| unanswered(&error, &denied, question))?;
    let denied = outer.with(inside).watch(&mut connection).map_err(store_error)?;
    let limit = i32::try_from(ANSWER_BYTES).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limit).map_err(store_error)?;
    let ends = Instant::now() + question.within;
    connection
        .progress_handler(STEPS, Some(move || Instant::now() >= ends))
        .map_err(store_error)?;
    read(&connection, question).map_err(|error| unanswered(&error, &denied, question))
}

/// An empty database in which the views are tables.
fn bare(views: &[View]) -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    for View { name, columns } in views {
        let columns: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        connection.execute_batch(&format!("create table {name} ({})", columns.join(", ")))?;
    }
    Ok(connection)
}

/// Whether it is one question, without parameters.
fn check(bare: &Connection, sql: &str) -> rusqlite::Result<()> {
    let statement = bare.prepare(sql)?;
    if statement.column_count() == 0 || statement.is_explain() != 0 || !statement.readonly() {
        return Err(Error::InvalidQuery);
    }
    match statement.parameter_count() {
        0 => Ok(()),
        given => Err(Error::InvalidParameterCount(0, given)),
    }
}

fn read(connection: &Connection, question: &Question) -> rusqlite::Result<Answer> {
    let mut statement = connection.prepare(&question.sql)?;
    let columns = names(&statement);
    let (mut answer, mut bytes) = (Answer { columns, rows: Vec::new(), rest: Rest::Nothing }, 0);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if answer.rows.len() >= question.rows {
            answer.rest = Rest::Rows;
            break;
        }
        let values = (0..answer.columns.len()).map(|nth| row.get_ref(nth).map(value));
        let values: Vec<Value> = values.collect::<rusqlite::Result<_>>()?;
        bytes += values.iter().map(Value::size).sum::<usize>();
        if bytes > ANSWER_BYTES {
            answer.rest = Rest::Bytes;
            break;
        }
        answer.rows.push(values);
    }
    Ok(answer)
}

fn names(statement: &Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Whole(number),
        // JSON has no infinity.
        ValueRef::Real(number) if !number.is_finite() => Value::Text(number.to_string()),
        ValueRef::Real(number) => Value::Number(format!("{number:?}")),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn unanswered(error: &Error, denied: &Denied, question: &Question) -> Unanswered {
    let refused = |what: &str| Unanswered::Refused(what.to_owned());
    match error {
        Error::MultipleStatement => refused("there is more than one statement: ask one question"),
        Error::InvalidQuery => refused("that is not a question: begin with select, values or with"),
        Error::InvalidParameterCount(..) => {
            refused("the question has parameters, which nobody gives: write the values")
        }
        error => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Unanswered::TooLong(question.within),
            Some(ErrorCode::AuthorizationForStatementDenied) => denied.take(),
            Some(ErrorCode::Unknown | ErrorCode::TooBig | ErrorCode::OutOfMemory)
            | Some(ErrorCode::TypeMismatch) => of_words(&words(error)),
            _ => match denied.found() {
                true => denied.take(),
                false => of_error(error),
            },
        },
    }
}

/// What SQLite says about a text that it cannot prepare or run.
fn of_words(words: &str) -> Unanswered {
    match words.strip_prefix("no such table: ") {
        Some(name) => Unanswered::NotAView(name.strip_prefix("main.").unwrap_or(name).to_owned()),
        None => Unanswered::Refused(words.to_owned()),
    }
}

fn of_error(error: &Error) -> Unanswered {
    match error {
        Error::SqliteFailure(code, _) if code.code != ErrorCode::Unknown => {
            Unanswered::Store(StoreError::Unavailable { reason: words(error) })
        }
        error => of_words(&words(error)),
    }
}

/// SQLite's own words, without the question.
fn words(error: &Error) -> String {
    match error {
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::SqliteFailure(_, Some(words)) => words.clone(),
        error => error.to_string(),
    }
}
