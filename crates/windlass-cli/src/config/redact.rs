//! `[redact]`: which fields are not shown.

use std::path::Path;

use windlass::redact::{Redaction, RedactionError};

use super::reader::Table;
use super::{Config, ConfigError, there};
use crate::exit::Failure;

const KEYS: [&str; 3] = ["fields", "kinds", "events"];

/// What the windlass.toml of this folder says, where there is one.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn redaction_here() -> Result<Redaction, Failure> {
    let file = Path::new("windlass.toml");
    if !there(file) {
        return Ok(Redaction::default());
    }
    Config::redaction(file).map_err(|error| Failure::usage(error.to_string()))
}

/// What the table of a file says.
pub(super) fn read(top: &Table<'_, '_>) -> Result<Redaction, ConfigError> {
    let Some(table) = top.table("redact", "[redact]", &KEYS)? else {
        return Ok(Redaction::default());
    };
    let names = table.texts("fields")?.unwrap_or_default();
    let wrong = |key: &str, error: RedactionError| table.error(key, error);
    let mut redaction =
        Redaction::default().fields(names).map_err(|error| wrong("fields", error))?;
    for (kind, paths) in table.lists("kinds", "[redact.kinds]")? {
        redaction = redaction.kind(kind, paths).map_err(|error| wrong("kinds", error))?;
    }
    for (event_type, paths) in table.lists("events", "[redact.events]")? {
        redaction =
            redaction.event_type(event_type, paths).map_err(|error| wrong("events", error))?;
    }
    Ok(redaction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Redaction, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        std::fs::write(&file, text).expect("written");
        Config::redaction(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_named_by_patterns_and_by_paths() {
        let text = "[redact]\nfields = [\"password\"]\n[redact.kinds]\n\"customer.*\" = [\"card.number\"]\n\
                    [redact.events]\n\"order.paid\" = [\"iban\", \"card\"]";
        let expected = Redaction::default()
            .fields(["password"])
            .and_then(|all| all.kind("customer.*", ["card.number"]))
            .and_then(|all| all.event_type("order.paid", ["iban", "card"]));
        assert_eq!(read(text).ok(), expected.ok());
        assert_eq!(read("[server]"), Ok(Redaction::default()));
    }

    /// Bad input: what hides nothing is told.
    #[test]
    fn what_names_no_field_is_refused() {
        for (text, expected) in [
            ("[redact]\nfield = []", "did you mean `fields`?"),
            ("[redact]\nfields = [\"\"]", "windlass.toml:2: fields: the name of a field has 1 to"),
            ("[redact.kinds]\n\"a\" = [\"b..c\"]", "is not the path of a field"),
            ("[redact.kinds]\n\"a\" = \"b\"", "expected a list of texts"),
            ("[redact]\nkinds = [\"a\"]", "expected a table"),
        ] {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
