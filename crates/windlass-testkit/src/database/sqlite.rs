//! A SQLite file in a folder of its own.

use std::path::Path;
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

    /// A file that does not exist yet, on whatever disk this folder is on.
    ///
    /// # Panics
    /// When the folder cannot be written.
    #[must_use]
    pub fn below(folder: &Path) -> Self {
        Self { folder: tempfile::tempdir_in(folder).expect("the folder can be written") }
    }
}

impl Database for SqliteFile {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move {
            let store = SqliteStore::open(&self.url(), Migration::Apply).await?;
            Ok(Arc::new(store) as Arc<dyn Store>)
        })
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("windlass.db").display())
    }
}
