//! Answers as JSON and as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use windlass::question::{Answer, Value, View};

/// The rows of an answer, each an object.
pub(in crate::command) struct Rows<'a>(pub(in crate::command) &'a Answer);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = unlike(&self.0.columns);
        let mut rows = serializer.serialize_seq(Some(self.0.rows.len()))?;
        for row in &self.0.rows {
            rows.serialize_element(&Row(&names, row))?;
        }
        rows.end()
    }
}

struct Row<'a>(&'a [String], &'a [Value]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(self.1) {
            object.serialize_entry(name, &Shown(value))?;
        }
        object.end()
    }
}

struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Whole(number) => serializer.serialize_i64(*number),
            Value::Number(text) | Value::Json(text) => match RawValue::from_string(text.clone()) {
                Ok(value) => value.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_str(&hex(bytes)),
            Value::List(values) => serializer.collect_seq(values.iter().map(Shown)),
        }
    }
}

/// A value in a cell of a table.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(text) | Value::Text(text) | Value::Json(text) => text.clone(),
        Value::Bytes(bytes) => hex(bytes),
        other => serde_json::to_string(&Shown(other)).unwrap_or_default(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A text takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The names of columns, those that come again with a number behind them.
fn unlike(names: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let one = |name: &String| {
        let numbered = (2..).map(|nth: u64| format!("{name}_{nth}"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let found = candidates.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(found.clone());
        found
    };
    names.iter().map(one).collect()
}

/// A view inside the list of all.
#[derive(Debug, Serialize)]
struct ViewBody<'a> {
    view: &'a str,
    columns: Vec<ColumnBody<'a>>,
}

#[derive(Debug, Serialize)]
struct ColumnBody<'a> {
    name: &'a str,
    /// Null where each value has its own.
    r#type: Option<&'a str>,
}

/// All views.
pub(super) fn views(views: &[View]) -> Vec<impl Serialize> {
    views.iter().map(ViewBody::of).collect()
}

impl<'a> ViewBody<'a> {
    fn of(view: &'a View) -> Self {
        let column = |(name, kind): &'a (String, String)| ColumnBody {
            name,
            r#type: Some(kind.as_str()).filter(|kind| !kind.is_empty()),
        };
        Self { view: &view.name, columns: view.columns.iter().map(column).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_come_again_have_numbers() {
        let names = ["a", "a", "a_2", "a"].map(str::to_owned);
        assert_eq!(unlike(&names), ["a", "a_2", "a_2_2", "a_3"]);
    }
}
