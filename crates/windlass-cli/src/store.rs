//! Opening the store with errors that say where it was looked for and what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use windlass::store::Store;
use windlass::{StoreError, Unusable};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;

/// Opens a store that must be there already, and leaves its schema alone: a look must not create
/// a database in the wrong folder, nor migrate one under programs that are older.
pub(crate) async fn existing(url: &str) -> anyhow::Result<Arc<dyn Store>> {
    check_there(url)?;
    windlass::open_checked(url).await.map_err(|error| explained(url, error))
}

/// Refuses the URL of a file that does not exist.
pub(crate) fn check_there(url: &str) -> anyhow::Result<()> {
    match sqlite_path(url).filter(|path| !path.exists()) {
        Some(path) => Err(nothing_there(&path).into()),
        None => Ok(()),
    }
}

/// Opens a store, creating it where it is missing.
pub(crate) async fn created(url: &str) -> anyhow::Result<Arc<dyn Store>> {
    windlass::open(url).await.map_err(|error| explained(url, error))
}

/// Whether a store was named on this command line: one that the environment names for daily work is not for what only shows something.
pub(crate) fn is_named() -> bool {
    std::env::args().any(|arg| arg == "--store" || arg.starts_with("--store="))
}

/// Opens a store that is written to, and says where one was made by that: a command in the wrong folder works like any other.
pub(crate) async fn created_and_told(globals: &Globals) -> anyhow::Result<Arc<dyn Store>> {
    let url = &globals.store;
    let is_new = sqlite_path(url).filter(|path| !path.exists());
    let store = created(url).await?;
    if let Some(path) = is_new.filter(|path| path.exists()) {
        globals.out.warn(&format!("made a new store at {}", whole(&path).display()));
    }
    Ok(store)
}

fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The URL of a store as it is good in any folder.
pub(crate) fn anywhere(url: &str) -> String {
    let Some(path) = sqlite_path(url) else { return url.to_owned() };
    let options = url.split_once('?').map(|(_, options)| format!("?{options}"));
    format!("sqlite:{}{}", whole(&path).display(), options.unwrap_or_default())
}

/// The file of a SQLite store; `None` for other stores.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let path = rest.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then(|| path.into())
}

/// The store's URL as it is understood from any folder: programs start in another one.
pub(crate) fn whole_url(url: &str) -> String {
    let Some(path) = sqlite_path(url).filter(|path| path.is_relative()) else {
        return url.to_owned();
    };
    let Ok(whole) = std::path::absolute(&path) else { return url.to_owned() };
    url.replacen(&*path.to_string_lossy(), &whole.to_string_lossy(), 1)
}

/// An error of opening, with the place and what to do.
pub(crate) fn explained(url: &str, error: StoreError) -> anyhow::Error {
    let shown = windlass::without_password(url);
    let exit = Exit::of_store(&error);
    let what = match error {
        StoreError::Unusable { kind: Unusable::Url, reason } if !url.contains(':') => {
            format!("{reason}; did you mean --store sqlite:{url}?")
        }
        StoreError::Unusable { kind: Unusable::Url, reason } => reason,
        StoreError::Unavailable { reason } => match missing_folder(url) {
            Some(folder) => format!(
                "{shown} cannot be opened: there is no folder {}; create it, or name another store with --store or WINDLASS_STORE",
                folder.display()
            ),
            None => format!(
                "{shown} cannot be reached: {reason}; --store or WINDLASS_STORE names another store"
            ),
        },
        other => format!("{shown}: {other}"),
    };
    Failure::new(exit, what).into()
}

fn missing_folder(url: &str) -> Option<PathBuf> {
    let path = sqlite_path(url)?;
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .map(Path::to_path_buf)
}

fn nothing_there(path: &Path) -> Failure {
    Failure::new(
        Exit::Unreachable,
        format!(
            "there is no database at {}; name another with --store or WINDLASS_STORE, or create it with `windlass migrate`",
            whole(path).display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_good_in_any_folder() {
        let here = std::env::current_dir().expect("a folder").join("a.db");
        let expected = format!("sqlite:{}?synchronous=full", here.display());
        assert_eq!(anywhere("sqlite:a.db?synchronous=full"), expected);
        assert_eq!(anywhere("sqlite:///tmp/a.db"), "sqlite:/tmp/a.db");
        assert_eq!(anywhere("postgres://h/d"), "postgres://h/d");
    }

    #[test]
    fn the_file_of_a_url_is_found() {
        assert_eq!(sqlite_path("sqlite:///tmp/a.db?synchronous=full"), Some("/tmp/a.db".into()));
        assert_eq!(sqlite_path("sqlite:a.db"), Some("a.db".into()));
        assert_eq!(sqlite_path("postgres://h/d"), None);
    }
}
