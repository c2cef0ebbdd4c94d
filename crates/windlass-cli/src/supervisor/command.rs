//! What a child is started with: the executable and the arguments of this process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// What makes a supervisor of a worker, and is left out for its children.
const OPTION: &str = "--processes";

/// How children are started.
#[derive(Debug)]
pub(super) struct ChildCommand {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
}

impl ChildCommand {
    /// # Errors
    /// When the system does not say what this process runs.
    pub(super) fn of_this_process() -> io::Result<Self> {
        let mut words = std::env::args_os();
        let invoked = words.next().unwrap_or_default();
        let program = program(&invoked, std::env::current_exe()?);
        Ok(Self { program, args: without_option(words) })
    }
}

/// The path that this was started by, so that a link to a newer version is followed when the next child starts; where it is no
/// longer told from another file, the file itself.
fn program(invoked: &OsStr, running: PathBuf) -> PathBuf {
    let whole = std::path::absolute(Path::new(invoked)).ok();
    let by_path = || {
        let folders = std::env::var_os("PATH")?;
        let mut found = std::env::split_paths(&folders).map(|folder| folder.join(invoked));
        found.find(|file| file.is_file())
    };
    let is_path = Path::new(invoked).components().count() > 1;
    let found = if is_path { whole } else { by_path() };
    let is_it = |file: &PathBuf| file.canonicalize().is_ok_and(|file| file == running);
    found.filter(is_it).unwrap_or(running)
}

fn without_option(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        if word == OPTION {
            // Its value.
            words.next();
        } else if !word.to_string_lossy().starts_with(&format!("{OPTION}=")) {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_have_all_arguments_except_the_option() {
        let kept = |words: &[&str]| {
            let kept = without_option(words.iter().map(OsString::from));
            kept.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kept(&["work", "--processes", "8", "--json"]), ["work", "--json"]);
        assert_eq!(kept(&["work", "--slots", "8", "--processes=2"]), ["work", "--slots", "8"]);
        assert_eq!(kept(&["--store", "sqlite:a.db", "work"]), ["--store", "sqlite:a.db", "work"]);
    }

    #[test]
    fn a_link_is_kept_as_a_link_while_it_leads_here() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("a folder");
        let (file, link, other) = (folder.join("v1"), folder.join("now"), folder.join("v2"));
        std::fs::write(&file, "").expect("written");
        std::fs::write(&other, "").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        assert_eq!(program(link.as_os_str(), file.clone()), link);
        assert_eq!(program(other.as_os_str(), file.clone()), file);
        assert_eq!(program(OsStr::new("no-such-windlass"), file.clone()), file);
    }
}
