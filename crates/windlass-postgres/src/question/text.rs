//! Values as PostgreSQL writes them.

use tokio_postgres::types::{Kind, Type};
use windlass_core::question::Value;

/// The value of a text that is of this type.
pub(super) fn value(kind: &Type, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let read = match *kind {
        Type::BOOL => bool_of(text).map(Value::Bool),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse().ok().map(Value::Whole),
        Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => number(text),
        Type::TIMESTAMPTZ => moment(text).map(Value::Text),
        Type::BYTEA => text.strip_prefix(r"\x").and_then(bytes).map(Value::Bytes),
        Type::JSON | Type::JSONB => Some(Value::Json(text.to_owned())),
        _ => match kind.kind() {
            Kind::Array(of) => list(of, text),
            Kind::Domain(of) => Some(value(of, Some(text))),
            _ => None,
        },
    };
    // A question may change how its own session writes values.
    read.unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        "t" => Some(true),
        "f" => Some(false),
        _ => None,
    }
}

/// JSON has no infinity, and no number that is none.
fn number(text: &str) -> Option<Value> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    text.ends_with(|last: char| last.is_ascii_digit()).then(|| Value::Number(text.to_owned()))
}

/// `2026-11-21 02:00:00.5+00` in RFC 3339.
fn moment(text: &str) -> Option<String> {
    let (day, time) = text.strip_suffix("+00")?.split_once(' ')?;
    Some(format!("{day}T{time}Z"))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if digits.len().is_multiple_of(2) { digits.chunks(2).map(byte).collect() } else { None }
}

/// `{a,"b c",NULL,{d}}`.
fn list(of: &Type, text: &str) -> Option<Value> {
    // Bounds other than from 1 stand before it.
    let text = if text.starts_with('[') { text.split_once('=')?.1 } else { text };
    let mut rest = text.strip_prefix('{')?;
    let values = elements(of, &mut rest)?;
    rest.is_empty().then_some(Value::List(values))
}

/// The elements up to the brace that ends them.
fn elements(of: &Type, rest: &mut &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    if let Some(behind) = rest.strip_prefix('}') {
        *rest = behind;
        return Some(values);
    }
    loop {
        values.push(element(of, rest)?);
        let next = rest.chars().next()?;
        *rest = &rest[next.len_utf8()..];
        match next {
            ',' => {}
            '}' => return Some(values),
            _ => return None,
        }
    }
}

fn element(of: &Type, rest: &mut &str) -> Option<Value> {
    if let Some(behind) = rest.strip_prefix('{') {
        *rest = behind;
        return elements(of, rest).map(Value::List);
    }
    if let Some(behind) = rest.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = behind.char_indices();
        loop {
            match chars.next()? {
                (at, '"') => {
                    *rest = &behind[at + 1..];
                    return Some(value(of, Some(&text)));
                }
                (_, '\\') => text.push(chars.next()?.1),
                (_, c) => text.push(c),
            }
        }
    }
    let end = rest.find([',', '}'])?;
    let (text, behind) = rest.split_at(end);
    *rest = behind;
    Some(value(of, (text != "NULL").then_some(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn values_are_read() {
        assert_eq!(value(&Type::BOOL, Some("t")), Value::Bool(true));
        assert_eq!(value(&Type::INT8, Some("-7")), Value::Whole(-7));
        assert_eq!(value(&Type::NUMERIC, Some("1.50")), Value::Number("1.50".to_owned()));
        assert_eq!(value(&Type::FLOAT8, Some("NaN")), text("NaN"));
        assert_eq!(value(&Type::FLOAT8, Some("Infinity")), text("Infinity"));
        assert_eq!(value(&Type::BYTEA, Some(r"\x00ff")), Value::Bytes(vec![0, 255]));
        assert_eq!(value(&Type::UUID, None), Value::Null);
        let moment = "2026-11-21 02:00:00.5+00";
        assert_eq!(value(&Type::TIMESTAMPTZ, Some(moment)), text("2026-11-21T02:00:00.5Z"));
        assert_eq!(value(&Type::TIMESTAMPTZ, Some("infinity")), text("infinity"));
    }

    #[test]
    fn lists_are_read() {
        let list = |kind: &Type, text: &str| value(kind, Some(text));
        assert_eq!(list(&Type::TEXT_ARRAY, "{}"), Value::List(Vec::new()));
        assert_eq!(
            list(&Type::TEXT_ARRAY, r#"{a,"b,\"\\}",NULL,"NULL"}"#),
            Value::List(vec![text("a"), text("b,\"\\}"), Value::Null, text("NULL")])
        );
        assert_eq!(
            list(&Type::INT4_ARRAY, "[0:1][1:1]={{1},{2}}"),
            Value::List(vec![
                Value::List(vec![Value::Whole(1)]),
                Value::List(vec![Value::Whole(2)])
            ])
        );
        for torn in ["{a", "{a}b", "{\"a}", "a"] {
            assert_eq!(list(&Type::TEXT_ARRAY, torn), text(torn));
        }
    }
}
