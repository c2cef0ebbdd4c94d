//! Which store a command is for: the one that is named, or the one or several that `windlass.toml` names.

use std::path::Path;

use windlass::NewJob;
use windlass::event::NewEvent;

use crate::config::{Config, StoresConfig, there};
use crate::exit::Failure;
use crate::globals::Globals;

/// Where a command finds several stores unless it has an option for it.
pub(crate) const FILE: &str = "windlass.toml";
/// The store of who names none.
const UNLESS_GIVEN: &str = "sqlite:windlass.db";

/// What a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// The store at this URL.
    One(String),
    /// All that a file names.
    Several(StoresConfig),
}

/// What is asked for by `--store` and a file: a URL is that store, a name the one that the file has, and without either all that the
/// file names.
///
/// # Errors
/// When the file names stores and cannot be used, or has none with this name.
pub(crate) fn chosen(given: Option<&str>, file: &Path) -> Result<Chosen, Failure> {
    if let Some(url) = given.filter(|given| given.contains(':')) {
        return Ok(Chosen::One(url.to_owned()));
    }
    let said = said(file)?;
    match (given, said) {
        (None, None) => Ok(Chosen::One(UNLESS_GIVEN.to_owned())),
        // What it is instead is told when it is opened.
        (Some(given), None) => Ok(Chosen::One(given.to_owned())),
        (Some(name), Some(said)) => match said.url(name) {
            Some(url) => Ok(Chosen::One(url.to_owned())),
            None => {
                let names = said.names().join(", ");
                let what = format!(
                    "--store {name}: {} names {names}; give one of them or a URL",
                    file.display()
                );
                Err(Failure::usage(what))
            }
        },
        (None, Some(said)) => match said.urls.as_slice() {
            [(_, url)] => Ok(Chosen::One(url.clone())),
            _ => Ok(Chosen::Several(said)),
        },
    }
}

/// What a file says of stores. One that says nothing of them may be wrong in whatever else: that is for the commands that need it.
fn said(file: &Path) -> Result<Option<StoresConfig>, Failure> {
    let text = std::fs::read_to_string(file);
    let begins = |line: &str| {
        let signs = |sign: char| sign.is_whitespace() || matches!(sign, '[' | '"' | '\'');
        line.trim_start_matches(signs).starts_with("store")
    };
    if text.map_or(!there(file), |text| !text.lines().any(begins)) {
        return Ok(None);
    }
    Config::stores(file).map_err(|error| Failure::usage(error.to_string()))
}

/// The store of a command that is for one alone.
///
/// # Errors
/// When there are several and none is named.
pub(crate) fn one(globals: Globals) -> Result<Globals, Failure> {
    let file = Path::new(FILE);
    match chosen(globals.given.as_deref(), file)? {
        Chosen::One(url) => Ok(globals.on(url)),
        Chosen::Several(said) => Err(which(file, &said)),
    }
}

/// The store that a job is enqueued in.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn of_job(globals: &Globals, job: &NewJob) -> Result<Globals, Failure> {
    routed(globals, |said| said.routes.of_job(job).to_owned())
}

/// The store that an event is published in.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn of_event(globals: &Globals, event: &NewEvent) -> Result<Globals, Failure> {
    routed(globals, |said| said.routes.of_event(event).to_owned())
}

fn routed(globals: &Globals, name: impl Fn(&StoresConfig) -> String) -> Result<Globals, Failure> {
    Ok(match chosen(globals.given.as_deref(), Path::new(FILE))? {
        Chosen::One(url) => globals.on(url),
        Chosen::Several(said) => {
            let name = name(&said);
            // Routes name stores that are there: they were checked when they were read.
            let url = said.url(&name).unwrap_or_default().to_owned();
            Globals { of_several: Some(name), ..globals.on(url) }
        }
    })
}

/// The standby that a file names for the store with this URL.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn read_url(file: &Path, url: &str) -> Result<Option<String>, Failure> {
    let Some(said) = said(file)? else { return Ok(None) };
    let name = said.urls.iter().find(|(_, other)| other == url).map(|(name, _)| name);
    let of_store = said.read_urls.iter().find(|(other, _)| Some(other) == name);
    Ok(of_store.map(|(_, read_url)| read_url.clone()))
}

/// The stores of a file, and which of them has this URL; none where there are not several of which it is one.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn named(file: &Path, url: &str) -> Result<Option<(StoresConfig, String)>, Failure> {
    let Some(said) = said(file)?.filter(|said| said.urls.len() > 1) else { return Ok(None) };
    let name = said.urls.iter().find(|(_, other)| other == url).map(|(name, _)| name.clone());
    Ok(name.map(|name| (said, name)))
}

fn which(file: &Path, said: &StoresConfig) -> Failure {
    let names: Vec<String> = said.names().iter().map(|name| format!("--store {name}")).collect();
    let what = format!("{} names several stores, and this is about one", file.display());
    Failure::usage(format!("{what}: say {}", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "[store.eu]\nurl = \"sqlite:/eu.db\"\n[store.us]\nurl = \"sqlite:/us.db\"\n\
                       [stores]\notherwise = \"us\"\n";

    fn of(given: Option<&str>, text: Option<&str>) -> Result<Chosen, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FILE);
        if let Some(text) = text {
            std::fs::write(&file, text).expect("written");
        }
        chosen(given, &file).map_err(|error| error.to_string())
    }

    fn one(url: &str) -> Result<Chosen, String> {
        Ok(Chosen::One(url.to_owned()))
    }

    #[test]
    fn a_name_is_a_store_of_the_file_and_a_url_is_itself() {
        assert_eq!(of(Some("eu"), Some(TWO)), one("sqlite:/eu.db"));
        assert_eq!(of(Some("sqlite:x.db"), Some(TWO)), one("sqlite:x.db"));
        assert_eq!(of(Some("x.db"), None), one("x.db"));
        assert!(matches!(of(None, Some(TWO)), Ok(Chosen::Several(said)) if said.urls.len() == 2));
        assert_eq!(of(None, Some("[store.a]\nurl = \"sqlite:/a.db\"")), one("sqlite:/a.db"));
        let wrong = of(Some("asia"), Some(TWO)).expect_err("no such store");
        assert!(wrong.contains("names eu, us"), "{wrong}");
    }

    #[test]
    fn a_file_without_stores_may_be_wrong() {
        assert_eq!(of(None, None), one(UNLESS_GIVEN));
        assert_eq!(of(None, Some("[[handler]\nhalf written")), one(UNLESS_GIVEN));
        assert!(of(None, Some(&format!("{TWO}[[handler]\n"))).is_err());
    }
}
