//! A SQLite file in a folder of its own.

use std::sync::Arc;

use tempfile::TempDir;
use windlass_core::store::Store;
use windlass_sqlite::{Migration, SqliteStore};

use super::{Database, Opening};

/// A SQLite file, removed with its folder when this is dropped.
#[derive(Debug)]
pub struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    /// A file that does not exist yet.
    ///
    /// # Panics
    /// When no folder can be made.
    #[must_use]
    pub fn fresh() -> Self {
        Self { folder: tempfile::tempdir().expect("the temporary folder can be written") }
    }
}

impl Database for SqliteFile {
    fn open(&self) -> Opening<'_> {
        let url = format!("sqlite:{}", self.folder.path().join("windlass.db").display());
        Box::pin(async move {
            let store = SqliteStore::open(&url, Migration::Apply).await?;
            Ok(Arc::new(store) as Arc<dyn Store>)
        })
    }
}
