//! Values as the server sends and takes them.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;
use windlass_core::archive::Value;

/// What a copy begins with: the signature, no flags, no extension.
pub(super) const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
pub(super) const TAIL: &[u8] = &[0xff, 0xff];

/// A value of any type, as it came.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value that is not null; none where it cannot be read.
pub(super) fn read(kind: &Type, raw: &[u8]) -> Option<Value> {
    Some(match *kind {
        Type::BOOL => Value::Whole(i64::from(*raw.first()? != 0)),
        Type::INT2 => Value::Whole(i16::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT4 => Value::Whole(i32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT8 => Value::Whole(i64::from_be_bytes(raw.try_into().ok()?)),
        Type::FLOAT8 => Value::Real(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::TEXT => text(raw)?,
        Type::JSONB => text(raw.get(1..)?)?,
        Type::UUID => Value::Id(Uuid::from_slice(raw).ok()?),
        Type::BYTEA => Value::Bytes(raw.to_vec()),
        Type::INT8_ARRAY => {
            let number = |raw: &[u8]| Some(i64::from_be_bytes(raw.try_into().ok()?));
            let numbers: Vec<i64> =
                elements(raw)?.into_iter().map(number).collect::<Option<_>>()?;
            Value::Text(serde_json::to_string(&numbers).ok()?)
        }
        Type::UUID_ARRAY => {
            let id = |raw: &[u8]| Uuid::from_slice(raw).ok().map(|id| id.to_string());
            let ids: Vec<String> = elements(raw)?.into_iter().map(id).collect::<Option<_>>()?;
            Value::Text(serde_json::to_string(&ids).ok()?)
        }
        _ => return None,
    })
}

fn text(raw: &[u8]) -> Option<Value> {
    std::str::from_utf8(raw).ok().map(|text| Value::Text(text.to_owned()))
}

/// The elements of an array of one dimension, or of none.
fn elements(raw: &[u8]) -> Option<Vec<&[u8]>> {
    let number = |at: usize| Some(i32::from_be_bytes(raw.get(at..at + 4)?.try_into().ok()?));
    if number(0)? == 0 {
        return Some(Vec::new());
    }
    let (mut elements, mut at) = (Vec::new(), 20);
    for _ in 0..number(12)? {
        let length = usize::try_from(number(at)?).ok()?;
        elements.push(raw.get(at + 4..at + 4 + length)?);
        at += 4 + length;
    }
    Some(elements)
}

/// Appends a value with its length; nothing where it does not fit the type.
pub(super) fn write(kind: &Type, value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match (kind, value) {
        (_, Value::Null) => out.extend((-1_i32).to_be_bytes()),
        (&Type::BOOL, Value::Whole(flag)) => put(out, &[u8::from(*flag != 0)])?,
        (&Type::INT2, Value::Whole(number)) => {
            put(out, &i16::try_from(*number).ok()?.to_be_bytes())?
        }
        (&Type::INT4, Value::Whole(number)) => {
            put(out, &i32::try_from(*number).ok()?.to_be_bytes())?
        }
        (&Type::INT8, Value::Whole(number)) => put(out, &number.to_be_bytes())?,
        (&Type::FLOAT8, Value::Real(number)) => put(out, &number.to_be_bytes())?,
        (&Type::TEXT, Value::Text(text)) => put(out, text.as_bytes())?,
        (&Type::JSONB, Value::Text(text)) => put(out, &[&[1], text.as_bytes()].concat())?,
        (&Type::UUID, Value::Id(id)) => put(out, id.as_bytes())?,
        (&Type::BYTEA, Value::Bytes(bytes)) => put(out, bytes)?,
        (&Type::INT8_ARRAY, Value::Text(text)) => {
            let numbers: Vec<i64> = serde_json::from_str(text).ok()?;
            let numbers: Vec<[u8; 8]> = numbers.iter().map(|number| number.to_be_bytes()).collect();
            put(out, &array(Type::INT8.oid(), &numbers)?)?;
        }
        (&Type::UUID_ARRAY, Value::Text(text)) => {
            let ids: Vec<String> = serde_json::from_str(text).ok()?;
            let ids: Vec<[u8; 16]> = ids
                .iter()
                .map(|id| Uuid::try_parse(id).ok().map(Uuid::into_bytes))
                .collect::<Option<_>>()?;
            put(out, &array(Type::UUID.oid(), &ids)?)?;
        }
        _ => return None,
    }
    Some(())
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend(i32::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend(bytes);
    Some(())
}

fn array<const N: usize>(of: u32, elements: &[[u8; N]]) -> Option<Vec<u8>> {
    let dimensions = i32::from(!elements.is_empty());
    let mut out = Vec::with_capacity(20 + elements.len() * (4 + N));
    out.extend(dimensions.to_be_bytes());
    out.extend(0_i32.to_be_bytes());
    out.extend(of.to_be_bytes());
    if !elements.is_empty() {
        out.extend(i32::try_from(elements.len()).ok()?.to_be_bytes());
        out.extend(1_i32.to_be_bytes());
    }
    for element in elements {
        put(&mut out, element)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let values = [
            (Type::BOOL, Value::Whole(1)),
            (Type::INT2, Value::Whole(-3)),
            (Type::INT4, Value::Whole(i32::MIN.into())),
            (Type::INT8, Value::Whole(i64::MAX)),
            (Type::FLOAT8, Value::Real(0.1 + 0.2)),
            (Type::TEXT, Value::Text("\u{1f}ä".to_owned())),
            (Type::JSONB, Value::Text("{\"a\": 1}".to_owned())),
            (Type::UUID, Value::Id(id)),
            (Type::BYTEA, Value::Bytes(vec![0, 255])),
            (Type::INT8_ARRAY, Value::Text("[1,-2]".to_owned())),
            (Type::INT8_ARRAY, Value::Text("[]".to_owned())),
            (Type::UUID_ARRAY, Value::Text(format!("[\"{id}\"]"))),
        ];
        for (kind, value) in values {
            let mut out = Vec::new();
            write(&kind, &value, &mut out).expect("written");
            assert_eq!(read(&kind, &out[4..]), Some(value), "{kind}");
        }
        let mut out = Vec::new();
        assert_eq!(write(&Type::INT2, &Value::Whole(40_000), &mut out), None);
        assert_eq!(write(&Type::TEXT, &Value::Whole(1), &mut out), None);
    }
}
