//! Opening a store by its URL.

use std::sync::Arc;

use windlass_core::error::{StoreError, Unusable};
use windlass_core::store::Store;

/// Opens the store at `sqlite:PATH` or `postgres://user@host/database`, creating its tables
/// where they are missing, in schema `windlass` or with the prefix `windlass_`. Safe when several
/// processes do it at once.
///
/// # Errors
/// When the URL makes no sense or its feature is off, the database cannot be reached or cannot
/// serve, or its schema is newer than this library.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(url)? {
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => {
            let migration = windlass_sqlite::Migration::Apply;
            Ok(Arc::new(windlass_sqlite::SqliteStore::open(url, migration).await?))
        }
        #[cfg(feature = "postgres")]
        Scheme::Postgres => {
            let migration = windlass_postgres::Migration::Apply;
            Ok(Arc::new(windlass_postgres::PostgresStore::open(url, migration).await?))
        }
    }
}

/// Opens a store without changing its schema.
///
/// # Errors
/// As [`open`], and when the schema is missing or older than this library.
pub async fn open_checked(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(url)? {
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => {
            let migration = windlass_sqlite::Migration::Check;
            Ok(Arc::new(windlass_sqlite::SqliteStore::open(url, migration).await?))
        }
        #[cfg(feature = "postgres")]
        Scheme::Postgres => {
            let migration = windlass_postgres::Migration::Check;
            Ok(Arc::new(windlass_postgres::PostgresStore::open(url, migration).await?))
        }
    }
}

/// Brings the schema up to date; returns how many migrations that took.
///
/// # Errors
/// As [`open`].
pub async fn migrate(url: &str) -> Result<u32, StoreError> {
    match scheme(url)? {
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => windlass_sqlite::SqliteStore::migrate(url),
        #[cfg(feature = "postgres")]
        Scheme::Postgres => windlass_postgres::PostgresStore::migrate(url).await,
    }
}

enum Scheme {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

fn scheme(url: &str) -> Result<Scheme, StoreError> {
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return Ok(Scheme::Sqlite);
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Scheme::Postgres);
    }
    Err(StoreError::Unusable {
        reason: format!("`{}` is no store: {}", without_password(url), expected()),
        kind: Unusable::Url,
    })
}

const fn expected() -> &'static str {
    match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
        (true, true) => "expected sqlite:PATH or postgres://user@host/database",
        (true, false) => "expected sqlite:PATH (for postgres://… switch the feature `postgres` on)",
        (false, true) => {
            "expected postgres://user@host/database (for sqlite:PATH switch the feature `sqlite` on)"
        }
        (false, false) => "switch the feature `sqlite` or `postgres` on",
    }
}

/// A URL that may be shown: what stands between the user's colon and the last @ is hidden.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split(':').next().unwrap_or_default();
            let hidden = if login.contains(':') { ":…" } else { "" };
            format!("{scheme}://{user}{hidden}@{host}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden() {
        assert_eq!(without_password("mysql://me:secret@h/d"), "mysql://me:…@h/d");
        assert_eq!(without_password("mysql://me@h/d"), "mysql://me@h/d");
        assert_eq!(without_password("app.db"), "app.db");
    }

    #[test]
    fn a_wrong_url_says_what_is_expected() {
        let error = scheme("mysql://h/d").err().expect("no store").to_string();
        assert!(error.contains("expected") || error.contains("switch"), "{error}");
    }
}
