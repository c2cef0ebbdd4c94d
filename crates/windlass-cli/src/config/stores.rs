//! `[store.NAME]`, `[[route]]` and `[stores]`: several stores, and which job and which event belongs to which.

use std::path::Path;

use windlass::stores::{On, Routes, Stores, StoresError};

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 4] = ["url", "url_file", "read_url", "read_url_file"];
pub(super) const ROUTE_KEYS: [&str; 5] = ["queue", "tag", "event", "subject", "store"];
pub(super) const STORES_KEYS: [&str; 1] = ["otherwise"];

/// The stores that a file names: one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoresConfig {
    /// Their names and URLs, by name.
    pub(crate) urls: Vec<(String, String)>,
    /// The standbys that answer reads, by the names of their stores.
    pub(crate) read_urls: Vec<(String, String)>,
    /// What belongs to which.
    pub(crate) routes: Routes,
}

impl StoresConfig {
    /// Their names, for people.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.urls.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The URL of a store.
    pub(crate) fn url(&self, name: &str) -> Option<&str> {
        self.urls.iter().find(|(other, _)| other == name).map(|(_, url)| url.as_str())
    }

    /// All of them, none of which is opened yet.
    pub(crate) fn stores(&self) -> Result<Stores, StoresError> {
        Stores::of(self.urls.iter().cloned(), self.routes.clone())
    }
}

/// What a file says of several stores; none where it names no store.
pub(super) fn read(top: &Table<'_, '_>) -> Result<Option<StoresConfig>, ConfigError> {
    let tables = top.named("store", "[store.NAME]", &KEYS)?;
    let routes = top.tables("route", "[[route]]", &ROUTE_KEYS)?;
    let said = top.table("stores", "[stores]", &STORES_KEYS)?;
    let Some((first, first_table)) = tables.first() else {
        let without = routes.first().or(said.as_ref());
        let what = "there is no [store.NAME] in the file that it could name";
        return without.map_or(Ok(None), |table| Err(table.error("store", what)));
    };
    let (mut urls, mut read_urls) = (Vec::new(), Vec::new());
    for (name, table) in &tables {
        let url = url(table)?;
        let alone = Stores::of([(name.as_str(), url.as_str())], Routes::otherwise(name.as_str()));
        let key = if table.has("url_file") { "url_file" } else { "url" };
        alone.map_err(|error| table.error(key, error))?;
        urls.push((name.clone(), url));
        let read_url = url_at(table, "read_url", "read_url_file")?;
        read_urls.extend(read_url.map(|url| (name.clone(), url)));
    }
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    let otherwise = otherwise(said.as_ref(), (first, first_table), &names)?;
    let routes = routes.iter().try_fold(Routes::otherwise(otherwise), |routes, table| {
        let (on, pattern) = rule(table)?;
        let store = named(table, "store", &names)?;
        Ok::<_, ConfigError>(routes.on(on, pattern, store))
    })?;
    let config = StoresConfig { urls, read_urls, routes };
    config.stores().map_err(|error| first_table.error("url", error))?;
    Ok(Some(config))
}

/// A URL, which may have a password and so stand in a file of its own. The path of a SQLite file begins at the file's folder.
fn url(table: &Table<'_, '_>) -> Result<String, ConfigError> {
    let folder = table.reader().folder();
    let what =
        "is required, such as url = \"postgres://app@db/app\", or url_file where it has a password";
    let url = url_at(table, "url", "url_file")?.ok_or_else(|| table.error("url", what))?;
    let relative = url.strip_prefix("sqlite:").filter(|path| {
        !path.is_empty() && !path.starts_with([':', '/']) && !folder.as_os_str().is_empty()
    });
    Ok(match relative {
        Some(path) => format!("sqlite:{}", folder.join(path).display()),
        None => url,
    })
}

/// A URL at one key, or in the file that another one names; none where there is neither.
pub(super) fn url_at(
    table: &Table<'_, '_>,
    key: &str,
    file_key: &str,
) -> Result<Option<String>, ConfigError> {
    match (table.text(key)?, table.text(file_key)?) {
        (None, None) => Ok(None),
        (Some(url), None) => Ok(Some(url)),
        (None, Some(file)) => {
            let file = table.reader().folder().join(file);
            of_file(&file).map(Some).map_err(|what| table.error(file_key, what))
        }
        (Some(_), Some(_)) => {
            let what = format!("one of {key} and {file_key} alone can be given");
            Err(table.error(file_key, what))
        }
    }
}

fn of_file(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let url = text.trim();
    if url.is_empty() || url.contains(char::is_whitespace) {
        return Err(format!("{} has to hold one URL and nothing else", file.display()));
    }
    Ok(url.to_owned())
}

/// Where everything goes that no route fits; it need not be said where there is one store.
fn otherwise(
    said: Option<&Table<'_, '_>>,
    (first, first_table): (&str, &Table<'_, '_>),
    names: &[&str],
) -> Result<String, ConfigError> {
    if let Some(table) = said {
        return named(table, "otherwise", names);
    }
    if names.len() == 1 {
        return Ok(first.to_owned());
    }
    let what = format!(
        "there are several stores, and it is not said where a job goes that no [[route]] fits: add [stores] with otherwise = \"{first}\", or another of {}",
        names.join(", ")
    );
    Err(first_table.error("stores", what))
}

/// What a route looks at: one thing.
fn rule(table: &Table<'_, '_>) -> Result<(On, String), ConfigError> {
    let mut found = None;
    for on in On::ALL {
        let Some(pattern) = table.text(on.word())? else { continue };
        if found.is_some() {
            let what = "one of queue, tag, event and subject alone can be given";
            return Err(table.error(on.word(), what));
        }
        if pattern.is_empty() {
            return Err(table.error(on.word(), "is empty: nothing fits it"));
        }
        found = Some((on, pattern));
    }
    let what = "one of queue, tag, event and subject is required: what belongs to the store";
    found.ok_or_else(|| table.error("queue", what))
}

/// The name of a store that is there.
fn named(table: &Table<'_, '_>, key: &str, names: &[&str]) -> Result<String, ConfigError> {
    let name = table.required_text(if key == "store" { "store" } else { "otherwise" })?;
    if names.contains(&name.as_str()) {
        return Ok(name);
    }
    let hint = match windlass::name::nearest(&name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(table.error(key, format!("there is no [store.{name}]: {hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const TWO: &str = "[store.eu]\nurl = \"sqlite:eu.db\"\n[store.us]\nurl_file = \"us.url\"\n";

    fn read(text: &str) -> Result<Option<StoresConfig>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        std::fs::write(&file, text).expect("written");
        std::fs::write(folder.path().join("us.url"), "postgres://me:pw@us/app\n").expect("written");
        std::fs::write(folder.path().join("bad.url"), "").expect("written");
        let read = Config::stores(&file).map_err(|error| error.to_string());
        let place = format!("{}/", folder.path().display());
        read.map_err(|error| error.replace(&place, ""))
            .map(|said| said.map(|said| without_folder(said, &place)))
    }

    fn without_folder(said: StoresConfig, place: &str) -> StoresConfig {
        let urls = said.urls.into_iter().map(|(name, url)| (name, url.replace(place, "")));
        StoresConfig { urls: urls.collect(), ..said }
    }

    #[test]
    fn stores_have_names_urls_and_routes() {
        let text = format!(
            "{TWO}[stores]\notherwise = \"us\"\n[[route]]\nqueue = \"eu-*\"\nstore = \"eu\"\n\
             [[route]]\ntag = \"tenant:acme\"\nstore = \"eu\"\n"
        );
        let said = read(&text).expect("it can be read").expect("there are stores");
        let urls: Vec<(&str, &str)> =
            said.urls.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
        assert_eq!(urls, [("eu", "sqlite:eu.db"), ("us", "postgres://me:pw@us/app")]);
        let routes = Routes::otherwise("us").queue("eu-*", "eu").tag("tenant:acme", "eu");
        assert_eq!(said.routes, routes);
        let one = read("[store.only]\nurl = \"sqlite:a.db\"").expect("read").expect("one");
        assert_eq!(one.routes.default_store(), "only");
        assert_eq!(read("[[handler]]\nkind = \"a\"\nexec = [\"true\"]"), Ok(None));
    }

    /// Bad input: each mistake is one line with its place.
    #[test]
    fn a_mistake_is_one_line_with_file_and_key() {
        let route = |rest: &str| format!("{TWO}[stores]\notherwise = \"us\"\n[[route]]\n{rest}");
        for (text, place, expected) in [
            (TWO.to_owned(), 1, "stores: there are several stores"),
            (format!("{TWO}[stores]\notherwise = \"uk\""), 6, "did you mean `us`?"),
            (format!("{TWO}[stores]\n"), 5, "[stores] needs `otherwise"),
            (route("store = \"eu\""), 7, "queue: one of queue, tag, event and subject"),
            (route("queue = \"a\""), 7, "[[route]] needs `store"),
            (route("queue = \"a\"\ntag = \"b\"\nstore = \"eu\""), 9, "tag: one of queue"),
            (route("queue = \"\"\nstore = \"eu\""), 8, "queue: is empty"),
            (route("queue = \"a\"\nstore = \"asia\""), 9, "there are eu, us"),
            (route("kind = \"a\"\nstore = \"eu\""), 8, "`kind` is not a key of [[route]]"),
            ("[stores]\notherwise = \"us\"".to_owned(), 1, "there is no [store.NAME]"),
            ("[store.eu]\n".to_owned(), 1, "url: is required"),
            ("[store.eu]\nurl = \"mysql://h/d\"".to_owned(), 2, "is not a store"),
            ("[store.\"a b\"]\nurl = \"sqlite:a\"".to_owned(), 2, "cannot be the name"),
            ("[store.eu]\nurl_file = \"bad.url\"".to_owned(), 2, "has to hold one URL"),
            ("[store.eu]\nurl_file = \"none.url\"".to_owned(), 2, "cannot be read"),
            (
                "[store.eu]\nurl = \"sqlite:a\"\n[store.us]\nurl = \"sqlite:a\"\n[stores]\notherwise = \"eu\"".to_owned(),
                2,
                "have one URL",
            ),
        ] {
            let error = read(&text).expect_err(&text);
            assert!(error.starts_with(&format!("windlass.toml:{place}: ")), "{text}: {error}");
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}
