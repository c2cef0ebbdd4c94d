//! The keys that args are encrypted with: from the environment, for the kinds that `windlass.toml` names.

use std::path::Path;

use windlass::Client;
use windlass::encryption::Keys;
use windlass::stores::Stores;

use crate::config::{Config, there};
use crate::exit::Failure;

/// The variable that has them.
pub(crate) const VARIABLE: &str = "WINDLASS_KEYS";

/// The keys, where jobs are to be encrypted: where the variable is set, or the file says so.
pub(crate) fn of(file: &Path) -> Result<Option<Keys>, Failure> {
    let kinds = match there(file) {
        true => Config::encryption(file).map_err(|error| Failure::usage(error.to_string()))?,
        false => None,
    };
    if kinds.is_none() && std::env::var_os(VARIABLE).is_none() {
        return Ok(None);
    }
    let keys = Keys::from_env(VARIABLE).map_err(|error| Failure::usage(told(&error, &kinds)))?;
    Ok(Some(keys.only(kinds.unwrap_or_default())))
}

fn told(error: &impl std::fmt::Display, kinds: &Option<Vec<String>>) -> String {
    match kinds {
        Some(_) => format!("{VARIABLE}: {error}; [encryption] of the configuration needs it"),
        None => format!("{VARIABLE}: {error}"),
    }
}

/// The same for a command that is told of no file: `windlass.toml` where there is one.
pub(crate) fn of_here() -> Result<Option<Keys>, Failure> {
    of(Path::new("windlass.toml"))
}

/// The stores, with them.
pub(crate) fn encrypting_all(stores: Stores, keys: Option<Keys>) -> Stores {
    match keys {
        Some(keys) => stores.encrypting(keys),
        None => stores,
    }
}

/// The client, with them.
pub(crate) fn encrypting(client: Client, keys: Option<Keys>) -> Client {
    match keys {
        Some(keys) => client.encrypting(keys),
        None => client,
    }
}
