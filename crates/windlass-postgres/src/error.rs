//! PostgreSQL's errors as the engine's.

use tokio_postgres::error::{DbError, SqlState};
use windlass_core::error::{StoreError, Unusable};

/// What a failed statement means to the engine. A connection that broke under way leaves open
/// whether the statement happened.
pub(crate) fn store_error(error: tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        // The server's own words: the driver's error says only "db error", and has them below.
        Some(refusal) => {
            of_refusal(refusal).unwrap_or_else(|| StoreError::Backend(Box::new(refusal.clone())))
        }
        None if is_broken(&error) => StoreError::Unknown { reason: describe(&error) },
        None => StoreError::Backend(Box::new(error)),
    }
}

/// The same passing error for another caller of a shared statement.
pub(crate) fn for_another(error: &StoreError) -> StoreError {
    let reason = error.to_string();
    match error {
        StoreError::Unknown { reason } => StoreError::Unknown { reason: reason.clone() },
        StoreError::DiskFull { reason } => StoreError::DiskFull { reason: reason.clone() },
        _ => StoreError::Unavailable { reason },
    }
}

/// What a failed connect means: nothing can have happened yet.
pub(crate) fn connect_error(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) if *refusal.code() == SqlState::TOO_MANY_CONNECTIONS => {
            StoreError::Unavailable {
                reason: format!(
                    "{}; a worker needs {} connections",
                    refusal.message(),
                    crate::connection::config::CONNECTIONS
                ),
            }
        }
        Some(refusal) if is_refused_login(refusal.code()) => {
            StoreError::Unusable { reason: refusal.message().to_owned(), kind: Unusable::Rights }
        }
        _ => StoreError::Unavailable { reason: describe(error) },
    }
}

fn is_refused_login(code: &SqlState) -> bool {
    [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::UNDEFINED_DATABASE,
    ]
    .contains(code)
}

fn of_refusal(refusal: &DbError) -> Option<StoreError> {
    let reason = refusal.message().to_owned();
    let code = refusal.code();
    Some(match code.code() {
        "53100" => StoreError::DiskFull { reason },
        // The server said that it is ending this session; a commit may have been under way.
        "57P01" | "57P02" => StoreError::Unknown { reason },
        "57P03" | "53300" | "40001" | "40P01" | "55P03" | "57014" => {
            StoreError::Unavailable { reason }
        }
        "25006" => StoreError::Unusable {
            reason: format!("{reason}; connect to the primary, a replica cannot keep jobs"),
            kind: Unusable::Server,
        },
        "42501" => StoreError::Unusable {
            reason: format!("{reason}; the role needs all rights on the schema"),
            kind: Unusable::Rights,
        },
        "42P01" | "3F000" | "42883" | "42703" => StoreError::Unavailable {
            reason: format!("the schema is not as expected: {reason}; run `windlass migrate`"),
        },
        class if class.starts_with("08") => StoreError::Unknown { reason },
        _ => return None,
    })
}

/// Whether the statement may be sent again at once: it was rolled back for what another did.
pub(crate) fn is_worth_repeating(error: &tokio_postgres::Error) -> bool {
    matches!(error.code().map(SqlState::code), Some("40001" | "40P01"))
}

/// Whether a lock did not come within the patience that the statement set.
pub(crate) fn is_lock_timeout(error: &tokio_postgres::Error) -> bool {
    matches!(error.code().map(SqlState::code), Some("55P03"))
}

/// Whether a prepared statement was not where it was left: a pooler gave us another session.
pub(crate) fn is_lost_statement(error: &tokio_postgres::Error) -> bool {
    matches!(error.code().map(SqlState::code), Some("26000" | "42P05"))
}

fn is_broken(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

/// The error with its causes: the driver's own text names only the stage.
fn describe(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
