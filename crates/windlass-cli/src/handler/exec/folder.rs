//! The folder this process keeps result files in: one of its own, below one for all workers of
//! this user, `windlass-results-<user>/<process>-<random>/` in the temporary folder.
//!
//! A worker that is killed removes nothing, so the next one to start does. It knows the folders
//! of the living by a lock, which the kernel drops with the process. The folder itself is locked
//! and not a file in it: a folder is never there without what is locked, and cleaners of
//! temporary folders that heed locks (systemd-tmpfiles) leave it to a long-lived worker.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::result::ResultFile;
use crate::exit::Failure;

/// How often a folder is made again that another starting or ending worker took for abandoned
/// before it was locked.
const ATTEMPTS: u8 = 16;

/// Where the result files of this process are. Dropping it removes the folder.
#[derive(Debug)]
pub(crate) struct ResultFolder {
    // Dropped in this order: the shared folder can go when the own one has gone.
    own: Mutex<OwnFolder>,
    shared: SharedFolder,
}

/// The folder of all workers of this user. Dropping it removes it if it is empty.
#[derive(Debug)]
struct SharedFolder(PathBuf);

#[derive(Debug)]
struct OwnFolder {
    // Dropped in this order: it is locked until it is gone.
    folder: TempDir,
    _lock: File,
}

impl ResultFolder {
    /// Makes this process's folder and removes those of workers that have ended.
    ///
    /// # Errors
    /// Where the temporary folder does not allow it.
    pub(crate) fn new() -> Result<Arc<Self>, Failure> {
        let temporary = std::env::temp_dir();
        Self::below(&temporary).map(Arc::new).map_err(|error| {
            Failure::usage(format!(
                "result files of programs cannot be kept in {}: {error}; set TMPDIR to a folder \
                 on a local disk that this user can write to",
                temporary.display()
            ))
        })
    }

    fn below(temporary: &Path) -> io::Result<Self> {
        // Programs start in another folder and must understand the path too.
        let temporary = std::path::absolute(temporary)?;
        let shared = SharedFolder(temporary.join(format!("windlass-results-{}", user())));
        let own = OwnFolder::new(&shared.0)?;
        remove_abandoned(&shared.0);
        Ok(Self { own: Mutex::new(own), shared })
    }

    /// A new empty result file.
    pub(super) fn file(&self) -> io::Result<ResultFile> {
        let mut own = self.own.lock().expect("nothing panics while it has the folder");
        match ResultFile::below(own.folder.path()) {
            // Somebody has cleared the temporary folder.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                *own = OwnFolder::new(&self.shared.0)?;
                ResultFile::below(own.folder.path())
            }
            made => made,
        }
    }

    /// Where the other files of an attempt are made, once its result file is there.
    pub(super) fn path(&self) -> PathBuf {
        let own = self.own.lock().expect("nothing panics while it has the folder");
        own.folder.path().to_owned()
    }
}

impl Drop for SharedFolder {
    fn drop(&mut self) {
        // It is not empty where another worker lives.
        let _ = fs::remove_dir(&self.0);
    }
}

impl OwnFolder {
    fn new(shared: &Path) -> io::Result<Self> {
        let mut made = Self::once(shared);
        for _ in 1..ATTEMPTS {
            match &made {
                Err(error) if is_lost_race(error) => made = Self::once(shared),
                _ => break,
            }
        }
        made
    }

    fn once(shared: &Path) -> io::Result<Self> {
        make_private(shared)?;
        let prefix = format!("{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).permissions(Permissions::from_mode(0o700));
        let folder = builder.tempdir_in(shared)?;
        let opened = File::open(folder.path())?;
        Self::locked(folder, opened)
    }

    /// Locks a new folder, unless another worker has taken it for abandoned.
    fn locked(folder: TempDir, lock: File) -> io::Result<Self> {
        lock.try_lock()?;
        // The other may have had the lock, removed the folder and given the lock back before.
        fs::symlink_metadata(folder.path())?;
        Ok(Self { folder, _lock: lock })
    }
}

fn is_lost_race(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::WouldBlock)
}

/// Makes the folder of this user's workers, or sees that the one there is can be trusted: in a
/// temporary folder for everybody somebody else may have been quicker.
fn make_private(shared: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(shared) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let about = fs::symlink_metadata(shared)?;
    let wrong = match () {
        () if !about.is_dir() => "is not a folder",
        () if about.uid() != user() => "belongs to another user",
        () if about.mode() & 0o077 != 0 => "is open to other users",
        () => return Ok(()),
    };
    Err(io::Error::other(format!("{} {wrong}", shared.display())))
}

/// Removes the folders of workers that have ended.
fn remove_abandoned(shared: &Path) {
    let Ok(entries) = fs::read_dir(shared) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        match remove_if_abandoned(&path) {
            // Another starting worker was quicker.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let folder = path.display();
                tracing::warn!(%folder, %error, "the result files of an ended worker stay there");
            }
            Ok(()) => {}
        }
    }
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let lock = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // A program that outlived its worker may still write; under another name it finds nothing,
    // and the folder stays empty once it is.
    let removed = path.with_extension("removed");
    fs::rename(path, &removed)?;
    fs::remove_dir_all(&removed)
}

fn user() -> libc::uid_t {
    // SAFETY: it has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn shared(temporary: &TempDir) -> PathBuf {
        temporary.path().join(format!("windlass-results-{}", user()))
    }

    fn temporary() -> TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn a_folder_is_this_users_alone_and_leaves_nothing() {
        let temporary = temporary();
        let results = ResultFolder::below(temporary.path()).expect("a folder");
        let file = results.file().expect("a file");
        for path in file.path().ancestors().skip(1).take(2) {
            let mode = fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
        drop((file, results));
        assert_eq!(fs::read_dir(temporary.path()).expect("read").count(), 0);
    }

    #[test]
    fn only_folders_that_nobody_holds_are_removed() {
        let temporary = temporary();
        let living = ResultFolder::below(temporary.path()).expect("a folder");
        let file = living.file().expect("a file");
        let abandoned = shared(&temporary).join("1-abandoned");
        let half_removed = shared(&temporary).join("1-half.removed");
        for folder in [&abandoned, &half_removed] {
            fs::create_dir(folder).expect("made");
            fs::write(folder.join("result.json"), "1").expect("written");
        }

        remove_abandoned(&shared(&temporary));

        assert!(file.path().exists());
        assert!(!abandoned.exists() && !half_removed.exists());
    }

    #[test]
    fn what_is_not_the_folder_of_a_worker_is_left_alone() {
        let (temporary, elsewhere) = (self::temporary(), self::temporary());
        let _living = ResultFolder::below(temporary.path()).expect("a folder");
        let (link, file) = (shared(&temporary).join("link"), shared(&temporary).join("file"));
        symlink(elsewhere.path(), &link).expect("linked");
        fs::write(&file, "").expect("written");

        remove_abandoned(&shared(&temporary));

        assert!(link.exists() && file.exists());
    }

    #[test]
    fn a_new_folder_that_another_worker_removed_or_holds_is_not_used() {
        let temporary = temporary();
        let opened = || {
            let folder = tempfile::tempdir_in(temporary.path()).expect("a folder");
            let file = File::open(folder.path()).expect("opened");
            (folder, file)
        };
        let (removed, lock) = opened();
        fs::remove_dir(removed.path()).expect("removed");
        assert!(is_lost_race(&OwnFolder::locked(removed, lock).expect_err("it is gone")));
        let (held, lock) = opened();
        let other = File::open(held.path()).expect("opened");
        other.lock().expect("locked");
        assert!(is_lost_race(&OwnFolder::locked(held, lock).expect_err("it is held")));
    }

    /// A program may outlive its worker and write all the while.
    #[test]
    fn an_abandoned_folder_goes_while_something_writes_into_it() {
        let temporary = temporary();
        for round in 0..200 {
            let abandoned = temporary.path().join(round.to_string());
            let path = abandoned.join("result.json");
            fs::create_dir(&abandoned).expect("made");
            fs::write(&path, "1").expect("written");
            std::thread::scope(|scope| {
                scope.spawn(|| (0..10_000).all(|_| fs::write(&path, "late").is_ok()));
                remove_if_abandoned(&abandoned).expect("removed");
            });
            assert_eq!(fs::read_dir(temporary.path()).expect("read").count(), 0);
        }
    }

    /// Each has a folder that the others leave alone, whatever the order of their steps.
    #[test]
    fn workers_that_start_and_end_at_once_keep_their_files() {
        let temporary = temporary();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let results = ResultFolder::below(temporary.path()).expect("a folder");
                        let file = results.file().expect("a file");
                        fs::write(file.path(), "1").expect("written");
                        remove_abandoned(&shared(&temporary));
                        assert_eq!(fs::read(file.path()).expect("still there"), b"1");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(temporary.path()).expect("read").count(), 0);
    }

    #[test]
    fn a_folder_that_was_cleared_is_made_again() {
        let temporary = temporary();
        let results = ResultFolder::below(temporary.path()).expect("a folder");
        fs::remove_dir_all(shared(&temporary)).expect("cleared");
        assert!(results.file().expect("a file").path().exists());
    }

    #[test]
    fn a_shared_folder_that_somebody_else_can_change_is_refused() {
        let (temporary, elsewhere) = (self::temporary(), self::temporary());
        let refused = |wrong: &str| {
            let error = ResultFolder::below(temporary.path()).expect_err("refused").to_string();
            assert!(error.ends_with(wrong), "{error}");
        };
        symlink(elsewhere.path(), shared(&temporary)).expect("linked");
        refused("is not a folder");
        fs::remove_file(shared(&temporary)).expect("removed");
        fs::create_dir(shared(&temporary)).expect("made");
        fs::set_permissions(shared(&temporary), Permissions::from_mode(0o770)).expect("set");
        refused("is open to other users");
        assert_eq!(fs::read_dir(elsewhere.path()).expect("read").count(), 0);
    }
}
