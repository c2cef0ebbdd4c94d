//! Numbers as JSON has them, compared as the numbers they are.

use std::cmp::Ordering;
use std::fmt;

/// A number. There is one way to keep each: what is whole is never kept as a fraction, so that equal numbers are equal
/// values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// A whole number.
    Whole(i128),
    /// What is not whole, or is too large for the other.
    Fraction(f64),
}

/// What is whole and below this is kept as a whole number, however it was written.
const WHOLE_BELOW: f64 = 1e30;
const LARGEST_WHOLE: u128 = 10_u128.pow(30);

impl Number {
    /// `None` for what is not a number, or is infinite.
    pub(crate) fn of_float(float: f64) -> Option<Self> {
        if !float.is_finite() {
            return None;
        }
        if float.fract() == 0.0 && float.abs() < WHOLE_BELOW {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^127")]
            return Some(Self::Whole(float as i128));
        }
        Some(Self::Fraction(float))
    }

    pub(crate) fn of_json(number: &serde_json::Number) -> Option<Self> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| number.as_f64().and_then(Self::of_float))
    }

    /// Reads a decimal number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.parse::<i128>() {
            Ok(whole) if whole.unsigned_abs() < LARGEST_WHOLE => Some(Self::Whole(whole)),
            _ => {
                // The reader of JSON may round the last bit another way: the same digits must be the same number.
                let as_json = serde_json::from_str::<f64>(text).ok();
                as_json.or_else(|| text.parse().ok()).and_then(Self::of_float)
            }
        }
    }

    /// As an integer of CESQL, which has 32 bits.
    pub(crate) fn integer(self) -> Option<i32> {
        match self {
            Self::Whole(whole) => i32::try_from(whole).ok(),
            Self::Fraction(_) => None,
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::Whole(0)
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            (Self::Fraction(a), Self::Fraction(b)) => a.total_cmp(&b),
            (Self::Whole(a), Self::Fraction(b)) => whole_with(a, b),
            (Self::Fraction(a), Self::Whole(b)) => whole_with(b, a).reverse(),
        }
    }

    pub(crate) fn to_json(self) -> serde_json::Value {
        match self {
            Self::Whole(whole) => i64::try_from(whole)
                .map(serde_json::Value::from)
                .or_else(|_| u64::try_from(whole).map(serde_json::Value::from))
                .unwrap_or_else(|_| {
                    #[expect(clippy::cast_precision_loss, reason = "JSON gave it as a float")]
                    serde_json::Value::from(whole as f64)
                }),
            Self::Fraction(float) => serde_json::Value::from(float),
        }
    }
}

/// A float would lose digits of a large whole number, so the fraction is rounded down instead.
fn whole_with(whole: i128, fraction: f64) -> Ordering {
    if fraction.abs() >= WHOLE_BELOW {
        return if fraction > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 2^127")]
    let below = fraction.floor() as i128;
    if whole <= below { Ordering::Less } else { Ordering::Greater }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(f),
            Self::Fraction(float) => float.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    #[test]
    fn numbers_are_compared_digit_by_digit_whatever_their_size() {
        let rising = [
            "-1e300",
            "-9223372036854775809",
            "-3",
            "-2.5",
            "-2",
            "0",
            "0.1",
            "1",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1e29",
            "1e31",
            "100000000000000000000000000000000000",
            "1e36",
            "1e300",
        ];
        for (nth, a) in rising.iter().enumerate() {
            for (other, b) in rising.iter().enumerate() {
                assert_eq!(number(a).compare(number(b)), nth.cmp(&other), "{a} with {b}");
            }
        }
    }

    #[test]
    fn one_is_one_however_it_is_written() {
        assert_eq!(number("1.0"), number("+1"));
        assert_eq!(number("-0.0"), number("0"));
        assert_eq!(Number::parse("inf"), None);
        assert_eq!(Number::parse("NaN"), None);
        assert_eq!(Number::parse("1e999"), None);
        assert_eq!(Number::parse(""), None);
    }

    #[test]
    fn the_same_digits_are_the_same_number_in_json_and_in_a_text() {
        let mut rng = fastrand::Rng::with_seed(8);
        for _ in 0..100_000 {
            let text = format!("{}", rng.f64() * 1_000.0);
            let json: serde_json::Number = serde_json::from_str(&text).expect("a number");
            assert_eq!(Number::of_json(&json), Number::parse(&text), "{text}");
            let Some(number) = Number::of_json(&json) else { panic!("{text} is not a number") };
            let again: serde_json::Value =
                serde_json::from_str(&number.to_json().to_string()).expect("a number");
            assert_eq!(again, serde_json::Value::Number(json), "{text}");
        }
    }

    #[test]
    fn a_number_survives_json() {
        for text in ["0", "-7", "18446744073709551615", "0.25", "1e25", "-1e300"] {
            let json: serde_json::Value = number(text).to_json();
            let serde_json::Value::Number(json) = json else { panic!("{text} is not a number") };
            assert_eq!(Number::of_json(&json), Some(number(text)), "{text}");
        }
    }
}
