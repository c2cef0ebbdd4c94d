//! The file a program leaves its result in.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};
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
        Ok(Self { path: file_in(folder, "result-")?.into_temp_path() })
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
        let read = async {
            let file = tokio::fs::File::open(&self.path).await?;
            file.take(OUTPUT_BYTES as u64 + 1).read_to_end(&mut bytes).await
        };
        match read.await {
            Ok(_) => super::super::output(bytes),
            Err(error) => Some(super::super::not_stored(&error)),
        }
    }
}

/// A new file of this user's for JSON. An error is the system's own: with `tempfile_in` its code would be gone, by which it is told
/// that the machine has no room.
pub(super) fn file_in(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let make = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    tempfile::Builder::new().prefix(prefix).suffix(".json").make_in(folder, make)
}
