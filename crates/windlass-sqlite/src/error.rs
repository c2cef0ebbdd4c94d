//! SQLite's errors as the engine's.

use rusqlite::ErrorCode;
use windlass_core::error::{StoreError, Unusable};

/// What a failed statement means to the engine.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { reason },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable {
            reason: format!("another process holds the database's write lock: {reason}"),
        },
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Unavailable { reason },
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => StoreError::Unusable {
            reason: format!(
                "the database cannot be written: {reason}; make the file and its folder writable"
            ),
            kind: Unusable::Rights,
        },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Unusable {
            reason: format!("{reason}; restore the file from a backup"),
            kind: Unusable::Server,
        },
        _ if reason.contains("no such table") => StoreError::Unavailable {
            reason: format!("the schema is gone: {reason}; run `windlass migrate`"),
        },
        _ => StoreError::Backend(Box::new(error)),
    }
}

/// The store's thread is gone: the store was closed.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable { reason: "the store is closed".to_owned() }
}
