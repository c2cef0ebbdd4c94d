//! The file a program leaves its result in.

use std::io;
use std::path::Path;

use tempfile::TempPath;
use tokio::io::AsyncReadExt as _;
use windlass::Json;
use windlass::limits::OUTPUT_BYTES;

/// An empty file of this user's, removed with this value.
#[derive(Debug)]
pub(super) struct ResultFile {
    path: TempPath,
}

impl ResultFile {
    pub(super) fn below(folder: &Path) -> io::Result<Self> {
        let file =
            tempfile::Builder::new().prefix("result-").suffix(".json").tempfile_in(folder)?;
        Ok(Self { path: file.into_temp_path() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the program left in it; `None` where that is nothing. The work is done in any case,
    /// so what cannot be stored becomes a note.
    pub(super) async fn read(&self) -> Option<Json> {
        // A pipe put in its place would be waited on for ever.
        let about = tokio::fs::symlink_metadata(&self.path).await.ok()?;
        if !about.is_file() {
            return None;
        }
        if about.len() > OUTPUT_BYTES as u64 {
            return Some(super::super::too_large(about.len()));
        }
        let mut bytes = Vec::new();
        let file = tokio::fs::File::open(&self.path).await.ok()?;
        file.take(OUTPUT_BYTES as u64 + 1).read_to_end(&mut bytes).await.ok()?;
        super::super::output(bytes)
    }
}
