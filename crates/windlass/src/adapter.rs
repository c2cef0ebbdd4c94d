//! One small file per driver: the store's statements on the caller's own connection.

#[cfg(feature = "rusqlite")]
mod rusqlite;
#[cfg(feature = "sqlx-0_9-postgres")]
mod sqlx_postgres;
#[cfg(feature = "sqlx-0_9-sqlite")]
mod sqlx_sqlite;
#[cfg(feature = "tokio-postgres-0_7")]
pub(crate) mod tokio_postgres;
