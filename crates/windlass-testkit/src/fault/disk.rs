//! A disk so small that it is soon full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A memory-backed disk with something large on it, unmounted when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A disk of this many mebibytes, of which `ballast` are taken. `None` where this user may
    /// not mount one.
    ///
    /// # Panics
    /// When the disk is there and cannot be written.
    #[must_use]
    pub fn mounted(mebibytes: usize, ballast: usize) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("windlass-disk-").tempdir();
        let folder = folder.expect("the temporary folder can be written");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "windlass"]);
        let mounted = mount.arg(folder.path()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            return None;
        }
        let disk = Self { folder };
        fs::write(disk.ballast(), vec![0; ballast * 1024 * 1024]).expect("the disk has room");
        Some(disk)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes room.
    ///
    /// # Panics
    /// When there is nothing left to remove.
    pub fn drop_ballast(&self) {
        fs::remove_file(self.ballast()).expect("the ballast is there");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open keeps it until then.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
