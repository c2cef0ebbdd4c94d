//! A value that a member of args or data is compared with.

use std::fmt;

use serde_json::{Number, Value};

use super::words::{self, quoted};

/// A JSON value that has no members. It is equal to none of another type: 42 is not `"42"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Any other text, and every text in quotes.
    Text(String),
}

impl Scalar {
    /// What a text without quotes means.
    #[must_use]
    pub fn of_bare(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Null) => Self::Null,
            Ok(Value::Bool(value)) => Self::Bool(value),
            Ok(Value::Number(number)) => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// Whether it is this value. Numbers are equal whatever way they are written.
    #[must_use]
    pub fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Text(a), Value::String(b)) => a == b,
            (Self::Number(a), Value::Number(b)) => is_same(a, b),
            _ => false,
        }
    }
}

fn is_same(a: &Number, b: &Number) -> bool {
    match a.is_f64() || b.is_f64() {
        true => a.as_f64() == b.as_f64(),
        false => a == b,
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) if Self::of_bare(text) == *self => f.write_str(&words::value(text)),
            Self::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_other_types_are_not_equal() {
        let is = |text: &str, value: Value| Scalar::of_bare(text).is(&value);
        assert!(is("42", json!(42)) && is("42", json!(42.0)) && is("4.2e1", json!(42)));
        assert!(!is("42", json!("42")));
        assert!(is("true", json!(true)) && !is("true", json!("true")));
        assert!(is("null", Value::Null) && is("0042", json!("0042")));
        assert!(is("9007199254740993", json!(9_007_199_254_740_993_u64)));
        assert!(!is("9007199254740993", json!(9_007_199_254_740_992_u64)));
    }
}
