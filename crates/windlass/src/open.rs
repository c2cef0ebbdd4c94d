//! Opening a store by its URL.

use std::sync::Arc;
use std::time::Duration;

use windlass_core::archive::Archive;
use windlass_core::discard::DiscardStore;
use windlass_core::error::{StoreError, Unusable};
use windlass_core::question::{Answer, Question, Unanswered, View};
use windlass_core::standby::Standby;
use windlass_core::store::Store;

/// Opens the store at `sqlite:PATH` or `postgres://user@host/database`, creating its tables
/// where they are missing, in schema `windlass` or with the prefix `windlass_`. Safe when several
/// processes do it at once. `discard:` is the store that keeps nothing: see [`DiscardStore`].
///
/// # Errors
/// When the URL makes no sense or its feature is off, the database cannot be reached or cannot
/// serve, or its schema is newer than this library.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(url)? {
        Scheme::Discard => Ok(Arc::new(DiscardStore::open())),
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

/// Waits until every store of this process that was dropped has closed its connections, at most so long: `false` where one has not.
///
/// A program that ends right after its store was dropped loses nothing, but may leave what it wrote last in SQLite's log, `app.db-wal`:
/// then `app.db` alone is not all there is. After this wait it is, where no other process has it open. PostgreSQL has no such file.
#[must_use]
pub fn wait_closed(within: Duration) -> bool {
    #[cfg(feature = "sqlite")]
    return windlass_sqlite::wait_closed(within);
    #[cfg(not(feature = "sqlite"))]
    {
        let _ = within;
        true
    }
}

/// Opens a store without changing its schema.
///
/// # Errors
/// As [`open`], and when the schema is missing or older than this library.
pub async fn open_checked(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(url)? {
        Scheme::Discard => Ok(Arc::new(DiscardStore::open())),
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

/// A standby at `url`, which answers reads for the store at `primary_url` and says how old they are. It is asked once; one that cannot
/// be reached is tried again whenever it is wanted. It takes three connections on the standby, and one on the primary, which is asked
/// at most once a second how far it has written.
///
/// # Errors
/// When the store is not on PostgreSQL, and when something else than its standby answers, or one of a newer schema than this library's.
pub async fn open_standby(url: &str, primary_url: &str) -> Result<Standby, StoreError> {
    scheme(primary_url)?;
    match scheme(url)? {
        #[cfg(feature = "postgres")]
        Scheme::Postgres if matches!(scheme(primary_url)?, Scheme::Postgres) => {
            Standby::of(windlass_postgres::PostgresStandby::of(url, primary_url)?).await
        }
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => Err(unusable(format!(
            "`{}` cannot be a standby: SQLite has none, and needs none, since nobody who reads a file keeps anybody from writing it",
            without_password(url)
        ))),
        _ => Err(unusable(format!(
            "`{}` cannot be a standby of `{}`: only PostgreSQL has standbys",
            without_password(url),
            without_password(primary_url)
        ))),
    }
}

/// Opens a database as a whole, to read its rows or to write them, creating its tables where they are missing.
///
/// # Errors
/// As [`open`], and for a store that keeps nothing.
pub async fn open_archive(url: &str) -> Result<Box<dyn Archive>, StoreError> {
    match scheme(url)? {
        Scheme::Discard => Err(keeps_nothing(url)),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => {
            let migration = windlass_sqlite::Migration::Apply;
            Ok(Box::new(windlass_sqlite::SqliteArchive::open(url, migration).await?))
        }
        #[cfg(feature = "postgres")]
        Scheme::Postgres => {
            let migration = windlass_postgres::Migration::Apply;
            Ok(Box::new(windlass_postgres::PostgresArchive::open(url, migration).await?))
        }
    }
}

/// Asks a question in SQL, which can read the views of [`VIEWS`](windlass_core::question::VIEWS) and write nothing.
///
/// # Errors
/// When the text is not such a question, the answer takes too long, and as [`open_checked`].
pub async fn ask(url: &str, question: &Question) -> Result<Answer, Unanswered> {
    question.check()?;
    match scheme(url)? {
        Scheme::Discard => Err(keeps_nothing(url).into()),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => windlass_sqlite::question::ask(url, question).await,
        #[cfg(feature = "postgres")]
        Scheme::Postgres => windlass_postgres::question::ask(url, question).await,
    }
}

/// The text of a question of ours, as that store is asked it.
///
/// # Errors
/// As [`open`], and for a store that keeps nothing.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub fn counting(url: &str, what: windlass_core::question::Counting) -> Result<String, StoreError> {
    match scheme(url)? {
        Scheme::Discard => Err(keeps_nothing(url)),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => Ok(windlass_sqlite::question::counting(what)),
        #[cfg(feature = "postgres")]
        Scheme::Postgres => Ok(windlass_postgres::question::counting(what)),
    }
}

/// The views that [`ask`] can read, with their columns.
///
/// # Errors
/// As [`open_checked`].
pub async fn views(url: &str) -> Result<Vec<View>, Unanswered> {
    match scheme(url)? {
        Scheme::Discard => Err(keeps_nothing(url).into()),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => windlass_sqlite::question::views(url).await,
        #[cfg(feature = "postgres")]
        Scheme::Postgres => windlass_postgres::question::views(url).await,
    }
}

/// Brings the schema up to date; returns how many migrations that took.
///
/// # Errors
/// As [`open`].
pub async fn migrate(url: &str) -> Result<u32, StoreError> {
    match scheme(url)? {
        Scheme::Discard => {
            Err(unusable(format!("the store `{url}` keeps nothing, and has no schema")))
        }
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite => windlass_sqlite::SqliteStore::migrate(url),
        #[cfg(feature = "postgres")]
        Scheme::Postgres => windlass_postgres::PostgresStore::migrate(url).await,
    }
}

/// Refuses what is not the URL of a store.
pub(crate) fn check_url(url: &str) -> Result<(), StoreError> {
    scheme(url).map(drop)
}

fn keeps_nothing(url: &str) -> StoreError {
    unusable(format!("the store `{url}` keeps nothing, and has no rows"))
}

enum Scheme {
    Discard,
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

fn scheme(url: &str) -> Result<Scheme, StoreError> {
    if url == DiscardStore::URL {
        return Ok(Scheme::Discard);
    }
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return Ok(Scheme::Sqlite);
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Scheme::Postgres);
    }
    if url.is_empty() {
        // Who has no database yet may have forgotten it, or want none.
        let instead = "; discard: to have all that is written thrown away";
        return Err(unusable(format!("no store is named: {}{instead}", expected())));
    }
    Err(unusable(format!("`{}` is not a store: {}", without_password(url), expected())))
}

const fn unusable(reason: String) -> StoreError {
    StoreError::Unusable { reason, kind: Unusable::Url }
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

/// The URL of a store as it may be shown or logged: without its password.
#[must_use]
pub fn without_password(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let Some((scheme, rest)) = base.split_once("://") else { return url.to_owned() };
    // A question mark in a password has to be encoded. Where it is not, the rest of the password
    // looks like options.
    let is_torn = rest.rsplit_once(':').is_some_and(|(_, port)| {
        !rest.contains('@') && !port.chars().take_while(|c| *c != '/').all(|c| c.is_ascii_digit())
    });
    let user = |login: &str| login.split(':').next().unwrap_or_default().to_owned();
    if is_torn {
        return format!("{scheme}://{}@…", user(rest));
    }
    let mut shown = match rest.rsplit_once('@') {
        Some((login, host)) => format!("{scheme}://{}@{host}", user(login)),
        None => base.to_owned(),
    };
    let options: Vec<&str> =
        query.split('&').filter(|o| !o.is_empty() && !o.starts_with("password")).collect();
    if !options.is_empty() {
        shown.push('?');
        shown.push_str(&options.join("&"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(
            without_password("postgres://me:secret@h/d?schema=x"),
            "postgres://me@h/d?schema=x"
        );
        assert_eq!(without_password("postgres://me:a@b@h/d"), "postgres://me@h/d");
        assert_eq!(
            without_password("postgres://h/d?user=me&password=secret"),
            "postgres://h/d?user=me"
        );
        assert_eq!(without_password("postgres://me:a?b@h/d"), "postgres://me@…");
        assert_eq!(without_password("postgres://h:5432/d?x=a@b"), "postgres://h:5432/d?x=a@b");
        assert_eq!(without_password("sqlite:app.db"), "sqlite:app.db");
        assert_eq!(without_password("app.db?a=b"), "app.db?a=b");
    }

    #[test]
    fn a_wrong_url_says_what_is_expected() {
        let error = scheme("mysql://h/d").err().expect("no store").to_string();
        assert!(error.contains("expected") || error.contains("switch"), "{error}");
    }

    /// E15: a store that is not named is none; the one that keeps nothing has a name.
    #[test]
    fn no_address_is_an_error_that_names_them_all() {
        let error = scheme("").err().expect("no store").to_string();
        assert!(error.contains("no store is named") && error.contains("discard:"), "{error}");
        assert!(matches!(scheme("discard:"), Ok(Scheme::Discard)));
        assert!(scheme("discard:more").is_err());
    }
}
