//! Who lives: a lock file beside the database for each worker of this process. The kernel drops
//! the lock when the process dies, however it dies, so others need not wait for the lease.
//!
//! The lock only makes rescue faster; where it cannot be had, the lease decides alone.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use windlass_core::id::WorkerId;

/// The locks this process holds.
#[derive(Debug)]
pub(crate) struct Alive {
    folder: PathBuf,
    held: Mutex<HashMap<WorkerId, File>>,
}

impl Alive {
    pub(crate) fn beside(database: &Path) -> Self {
        let mut folder = database.as_os_str().to_owned();
        folder.push("-workers");
        Self { folder: folder.into(), held: Mutex::default() }
    }

    /// Locks this worker's file for as long as the process lives.
    pub(crate) fn hold(&self, worker: WorkerId) {
        let locked = fs::create_dir_all(&self.folder)
            .and_then(|()| File::create(self.file(worker)))
            .and_then(|file| file.try_lock().map(|()| file).map_err(std::io::Error::from));
        match locked {
            Ok(file) => {
                self.lock().insert(worker, file);
            }
            Err(error) => {
                tracing::warn!(%error, "no lock file beside the database; a dead worker is noticed only when its lease ends")
            }
        }
    }

    /// Lets go of this worker's file and removes it.
    pub(crate) fn let_go(&self, worker: WorkerId) {
        if self.lock().remove(&worker).is_some() {
            self.sweep_up(worker);
        }
    }

    /// Removes the file of a worker that is gone.
    pub(crate) fn sweep_up(&self, worker: WorkerId) {
        // Somebody else may have removed it; an empty file left over harms nobody.
        let _ = fs::remove_file(self.file(worker));
    }

    /// Whether the worker's process is known to be dead. A missing file says nothing.
    pub(crate) fn is_dead(&self, worker: WorkerId) -> bool {
        if self.lock().contains_key(&worker) {
            return false;
        }
        File::open(self.file(worker)).is_ok_and(|file| file.try_lock().is_ok())
    }

    fn file(&self, worker: WorkerId) -> PathBuf {
        self.folder.join(worker.to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WorkerId, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
