//! How the command line finds the store of a page, so that a command copied there is for that store wherever it is run.

use std::collections::BTreeMap;

/// Where the command line finds the stores that a dashboard is of; nowhere, unless it is said. Who may see all jobs of a store sees it,
/// without a password.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    own: Option<String>,
    named: BTreeMap<String, String>,
}

impl Commands {
    /// The store is at this URL, which `--store` takes. A path in it should begin at the root: commands are run in any folder.
    pub fn at(url: &str) -> Self {
        Self { own: Some(windlass::without_password(url)), named: BTreeMap::new() }
    }

    /// So is one of several stores.
    #[must_use]
    pub fn store(mut self, name: impl Into<String>, url: &str) -> Self {
        self.named.insert(name.into(), windlass::without_password(url));
        self
    }

    /// The URL of the store with this name, or of the one that pages without a name are of.
    pub(crate) fn url(&self, store: Option<&str>) -> Option<&str> {
        match store {
            Some(name) => self.named.get(name).map(String::as_str),
            None => self.own.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_has_its_own_url_without_a_password() {
        let commands =
            Commands::at("sqlite:/srv/app.db").store("eu", "postgres://app:secret@eu.internal/app");
        assert_eq!(commands.url(None), Some("sqlite:/srv/app.db"));
        assert_eq!(commands.url(Some("eu")), Some("postgres://app@eu.internal/app"));
        assert_eq!(commands.url(Some("us")), None);
        assert_eq!(Commands::default().url(None), None);
    }
}
