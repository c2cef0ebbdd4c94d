//! What cannot be several stores.

use std::collections::BTreeMap;

use windlass_core::error::StoreError;
use windlass_core::name::nearest;

use super::route::Routes;
use crate::open::check_url;

/// Letters of a name, which stands in paths of the API.
const NAME_BYTES: usize = 64;

/// Why stores and rules do not make [`Stores`](super::Stores).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoresError {
    /// No store at all.
    #[error("there is no store: name one at least")]
    None,
    /// A name that cannot be used.
    #[error(
        "`{}` cannot be the name of a store: 1 to {NAME_BYTES} of the letters a-z, A-Z, 0-9, and . _ - not at the beginning",
        .0.escape_debug()
    )]
    Name(String),
    /// Two stores with one name.
    #[error("there are two stores `{0}`; each needs a name of its own")]
    Twice(String),
    /// Two names for one store.
    #[error(
        "the stores `{one}` and `{other}` have one URL; each needs a database or a schema of its own"
    )]
    OneUrl {
        /// The first.
        one: String,
        /// The other.
        other: String,
    },
    /// A URL that no store can have.
    #[error("store `{name}`: {error}")]
    Url {
        /// The store.
        name: String,
        /// What is wrong with it.
        #[source]
        error: StoreError,
    },
    /// A rule for a store that is not there.
    #[error("{rule} names the store `{store}`, which is not there{hint}")]
    Unknown {
        /// The rule, such as `the route queue = "eu-*"`.
        rule: String,
        /// The store.
        store: String,
        /// What may have been meant.
        hint: String,
    },
    /// A rule that nothing fits.
    #[error("{rule} is empty: nothing fits it")]
    Pattern {
        /// The rule.
        rule: String,
    },
}

pub(super) fn check(urls: &[(String, String)], routes: &Routes) -> Result<(), StoresError> {
    if urls.is_empty() {
        return Err(StoresError::None);
    }
    let mut by_url: BTreeMap<&str, &str> = BTreeMap::new();
    for (nth, (name, url)) in urls.iter().enumerate() {
        if !is_name(name) {
            return Err(StoresError::Name(name.clone()));
        }
        if urls[..nth].iter().any(|(other, _)| other == name) {
            return Err(StoresError::Twice(name.clone()));
        }
        check_url(url).map_err(|error| StoresError::Url { name: name.clone(), error })?;
        if let Some(one) = by_url.insert(url, name) {
            return Err(StoresError::OneUrl { one: one.to_owned(), other: name.clone() });
        }
    }
    let names: Vec<&str> = urls.iter().map(|(name, _)| name.as_str()).collect();
    check_routes(&names, routes)
}

fn check_routes(names: &[&str], routes: &Routes) -> Result<(), StoresError> {
    for (rule, pattern, store) in routes.rules() {
        if pattern.is_empty() {
            return Err(StoresError::Pattern { rule });
        }
        known(names, rule, store)?;
    }
    known(names, "what no route fits".to_owned(), routes.default_store())
}

fn known(names: &[&str], rule: String, store: &str) -> Result<(), StoresError> {
    if names.contains(&store) {
        return Ok(());
    }
    let hint = match nearest(store, names) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; there are {}", names.join(", ")),
    };
    Err(StoresError::Unknown { rule, store: store.to_owned(), hint })
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    begins && name.len() <= NAME_BYTES && name.bytes().all(fits)
}
