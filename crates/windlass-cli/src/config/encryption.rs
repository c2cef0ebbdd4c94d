//! `[encryption]`: whose args are encrypted before they are written.

use windlass::name::check_kind;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 1] = ["kinds"];

/// The kinds, or patterns of kinds; all of them where it names none.
pub(super) fn read(table: &Table<'_, '_>) -> Result<Vec<String>, ConfigError> {
    let kinds = table.texts("kinds")?;
    if kinds.as_ref().is_some_and(Vec::is_empty) {
        return Err(table.error("kinds", "names no kind; leave it out to encrypt all"));
    }
    let kinds = kinds.unwrap_or_default();
    for kind in &kinds {
        check_kind(&kind.replace('*', "x")).map_err(|error| table.error("kinds", error))?;
    }
    Ok(kinds)
}
