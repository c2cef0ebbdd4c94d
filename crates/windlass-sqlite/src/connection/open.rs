//! Opening a store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use windlass_core::error::{StoreError, Unusable};

use crate::archive::moving;
use crate::connection::connect::{self, Durability};
use crate::connection::migrate;
use crate::connection::reader::Readers;
use crate::connection::watch;
use crate::connection::writer::Writer;
use crate::store::SqliteStore;
use crate::worker::alive::Alive;

/// Whether opening may change the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Migration {
    /// Bring the schema up to date. The default.
    #[default]
    Apply,
    /// Refuse to open unless it is up to date.
    Check,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How hard a commit is pushed to the disk.
    pub durability: Durability,
    /// Whether opening may change the schema.
    pub migration: Migration,
    /// Whether completed jobs are kept, or only counted.
    pub history: History,
}

/// What is kept of completed jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// The whole job with its output, until its time of keeping ends. The default.
    #[default]
    Kept,
    /// Only their number.
    Counted,
}

impl SqliteStore {
    /// Opens `sqlite:PATH` or `sqlite:PATH?synchronous=normal`, creating the file and the schema
    /// where they are missing. Safe when several processes do it at once.
    ///
    /// # Errors
    /// When the URL makes no sense, the file cannot be opened, or the schema is newer.
    pub async fn open(url: &str, migration: Migration) -> Result<Self, StoreError> {
        let (path, options) = parse(url)?;
        let options = Options { migration, ..options };
        tokio::task::spawn_blocking(move || Self::open_file(&path, options))
            .await
            .map_err(|error| StoreError::Unavailable { reason: error.to_string() })?
    }

    /// Opens a file; blocks on the disk.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_file(path: &Path, options: Options) -> Result<Self, StoreError> {
        connect::check_library()?;
        let connection = connect::writer(path, options.durability)?;
        match options.migration {
            Migration::Apply => migrate::migrate(&connection).map(drop)?,
            Migration::Check => migrate::check(&connection)?,
        }
        moving::refuse(&connection)?;
        let wakeups = Arc::default();
        watch::start(path, &wakeups)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Readers::start(path)?,
            wakeups,
            alive: Alive::beside(path),
            durability: options.durability,
            keeps_completed: options.history == History::Kept,
            locals: Mutex::new(HashMap::new()),
        })
    }

    /// Brings the schema of a file up to date; how many migrations that took.
    ///
    /// # Errors
    /// When the file cannot be opened or its schema is newer.
    pub fn migrate(url: &str) -> Result<u32, StoreError> {
        connect::check_library()?;
        let (path, options) = parse(url)?;
        migrate::migrate(&connect::writer(&path, options.durability)?)
    }
}

pub(crate) fn parse(url: &str) -> Result<(PathBuf, Options), StoreError> {
    let refuse = |reason: String| StoreError::Unusable { reason, kind: Unusable::Url };
    let rest = url
        .strip_prefix("sqlite:")
        .ok_or_else(|| refuse(format!("`{url}` is not a SQLite URL: expected sqlite:PATH")))?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path == ":memory:" {
        return Err(refuse(format!(
            "`{url}` names no file, and a store in memory is not durable: name a file, such as sqlite:windlass.db"
        )));
    }
    let mut options = Options::default();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option {
            "synchronous=full" => options.durability = Durability::Full,
            "synchronous=normal" => options.durability = Durability::LosesRecentCommitsOnPowerCut,
            "history=on" => options.history = History::Kept,
            "history=off" => options.history = History::Counted,
            other => {
                return Err(refuse(format!(
                    "`{other}` is not an option of a SQLite URL: synchronous=full (the default) or normal, history=on (the default) or off"
                )));
            }
        }
    }
    Ok((path.into(), options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        assert_eq!(parse("sqlite:a.db").expect("a path").0, Path::new("a.db"));
        assert_eq!(parse("sqlite:///tmp/a.db").expect("a path").0, Path::new("/tmp/a.db"));
        let normal = parse("sqlite:a.db?synchronous=normal").expect("a path").1.durability;
        assert_eq!(normal, Durability::LosesRecentCommitsOnPowerCut);
        for url in ["a.db", "sqlite:", "sqlite::memory:", "sqlite:a.db?synchronous=off"] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
