//! Where PostgreSQL's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of one version's programs.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
    /// The major version, such as 15.
    pub(super) major: u32,
}

impl Binaries {
    /// The newest version below `/usr/lib/postgresql`, else what is on the `PATH`.
    pub(super) fn find() -> Self {
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let path = std::env::var_os("PATH").unwrap_or_default();
        debian
            .map(|version| version.path().join("bin"))
            .filter_map(Self::in_folder)
            .max_by_key(|found| found.major)
            .or_else(|| std::env::split_paths(&path).find_map(Self::in_folder))
            .unwrap_or_else(|| {
                panic!(
                    "these tests start a PostgreSQL server of their own, and initdb is neither in \
                     /usr/lib/postgresql/*/bin nor on the PATH: apt-get install postgresql"
                )
            })
    }

    fn in_folder(folder: PathBuf) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let major = major_of(&folder.join("postgres"))?;
        Some(Self { folder, major })
    }

    /// A program, to be run.
    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }

    /// Where a program is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn major_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    major_in(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in `postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)`.
fn major_in(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 19beta2"), Some(19));
        assert_eq!(major_in("postgres"), None);
    }
}
