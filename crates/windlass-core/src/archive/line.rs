//! Rows as lines of JSON: an array with a value for each column, ids and bytes as texts.

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use uuid::Uuid;

use crate::archive::{Form, Row, Table, Value};

/// A row as it is written.
#[derive(Debug)]
pub struct Line<'a>(pub &'a Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values = serializer.serialize_seq(Some(self.0.len()))?;
        for value in self.0 {
            match value {
                Value::Null => values.serialize_element(&())?,
                Value::Whole(number) => values.serialize_element(number)?,
                // A number of JSON may come back as its neighbour.
                Value::Real(number) => values.serialize_element(&number.to_string())?,
                Value::Text(text) => values.serialize_element(text)?,
                Value::Id(id) => values.serialize_element(&id.to_string())?,
                Value::Bytes(bytes) => values.serialize_element(&hex(bytes))?,
            }
        }
        values.end()
    }
}

/// A row of a table from a line.
///
/// # Errors
/// Says what is wrong with it.
pub fn row(table: &Table, line: &str) -> Result<Row, String> {
    let values: Vec<serde_json::Value> =
        serde_json::from_str(line).map_err(|error| format!("it cannot be read: {error}"))?;
    if values.len() != table.columns.len() {
        let (has, needs) = (values.len(), table.columns.len());
        return Err(format!("a row of {} has {has} values instead of {needs}", table.name));
    }
    let read = |(column, value): (&crate::archive::Column, serde_json::Value)| {
        of_json(column.form, value).ok_or_else(|| {
            format!("{}.{} is not of the form {:?}", table.name, column.name, column.form)
        })
    };
    table.columns.iter().zip(values).map(read).collect()
}

fn of_json(form: Form, value: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match (form, value) {
        (_, Json::Null) => Value::Null,
        (Form::Whole, Json::Number(number)) => Value::Whole(number.as_i64()?),
        (Form::Real, Json::String(text)) => Value::Real(text.parse().ok()?),
        (Form::Text | Form::Json | Form::Ids, Json::String(text)) => Value::Text(text),
        (Form::Id | Form::Lease | Form::Worker, Json::String(text)) => {
            Value::Id(Uuid::try_parse(&text).ok()?)
        }
        (Form::Bytes, Json::String(text)) => Value::Bytes(of_hex(&text)?),
        _ => return None,
    })
}

/// Bytes as digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::TABLES;

    /// A row of this table with a value of its form in each column.
    fn full(table: &Table) -> Row {
        let value = |form| match form {
            Form::Whole => Value::Whole(i64::MIN),
            Form::Real => Value::Real(0.1 + 0.2),
            Form::Text => Value::Text("a\u{1f}\"\\\n\u{10ffff}".to_owned()),
            Form::Json | Form::Ids => Value::Text("[]".to_owned()),
            Form::Id | Form::Lease | Form::Worker => Value::Id(Uuid::from_u128(u128::MAX - 7)),
            Form::Bytes => Value::Bytes(vec![0, 255, 16]),
        };
        table.columns.iter().map(|column| value(column.form)).collect()
    }

    #[test]
    fn a_row_comes_back_from_its_line_as_it_was() {
        for table in TABLES {
            let nothing = vec![Value::Null; table.columns.len()];
            for row in [full(table), nothing] {
                let line = serde_json::to_string(&Line(&row)).expect("written");
                assert!(!line.contains('\n'), "{line}");
                assert_eq!(super::row(table, &line), Ok(row.clone()), "{}", table.name);
                assert_eq!(table.check(&row), Ok(()));
            }
        }
    }

    #[test]
    fn a_line_that_is_no_row_is_refused() {
        let table = Table::named("queue_bound").expect("a table");
        for line in [
            r#"["q",1]"#,
            r#"["q","1",0]"#,
            r#"["q",1.5,0]"#,
            r#"[1,1,0]"#,
            "{}",
            "",
            "[",
            r#"["q",1,0,0]"#,
        ] {
            assert!(super::row(table, line).is_err(), "{line}");
        }
        let token = Table::named("token").expect("a table");
        assert!(super::row(token, r#"["n","0g","h","{}",1,null]"#).is_err());
        assert!(super::row(token, r#"["n","000","h","{}",1,null]"#).is_err());
    }
}
