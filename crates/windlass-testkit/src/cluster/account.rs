//! Who runs the server: PostgreSQL refuses to run as root, so root runs it as somebody else.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    /// Its group, where it is not the user we are.
    other: Option<u32>,
}

/// The user this process runs as.
pub(super) fn our_uid() -> u32 {
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}

impl Account {
    /// The user we are; where that is root, `postgres` or else `nobody`.
    pub(super) fn for_server() -> Self {
        let uid = our_uid();
        if uid != 0 {
            return Self { uid, other: None };
        }
        let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| users.lines().find_map(|line| unprivileged(line, name)))
            .expect("root needs a user `postgres` or `nobody`: PostgreSQL refuses to run as root")
    }

    /// The command as it is run by this user.
    pub(super) fn runs(&self, command: &mut Command) {
        // A folder that this user may not enter would make every tool complain.
        command.current_dir("/");
        if let Some(gid) = self.other {
            command.uid(self.uid).gid(gid);
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) {
        if let Some(gid) = self.other {
            let given = chown(path, Some(self.uid), Some(gid));
            given
                .unwrap_or_else(|error| panic!("{} cannot be given away: {error}", path.display()));
        }
    }

    /// Makes a folder that only this user may enter, or finds it. In a folder anybody may write
    /// to, somebody else may have been there first.
    pub(super) fn make_own_folder(&self, path: &Path) {
        if DirBuilder::new().mode(0o700).create(path).is_ok() {
            self.own(path);
        }
        let found = fs::symlink_metadata(path);
        let found = found.unwrap_or_else(|error| panic!("{} is missing: {error}", path.display()));
        // Two processes of ours may be between these two steps.
        let is_ours = found.uid() == self.uid || found.uid() == our_uid();
        assert!(found.is_dir() && is_ours, "{} belongs to somebody else", path.display());
    }
}

fn unprivileged(line: &str, name: &str) -> Option<Account> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let uid = fields.nth(1)?.parse().ok()?;
    Some(Account { uid, other: Some(fields.next()?.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_in_its_line() {
        let line = "postgres:x:112:121:PostgreSQL administrator:/var/lib/postgresql:/bin/bash";
        assert_eq!(unprivileged(line, "postgres"), Some(Account { uid: 112, other: Some(121) }));
        assert_eq!(unprivileged(line, "post"), None);
    }
}
