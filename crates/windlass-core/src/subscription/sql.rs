//! SQL expressions of CloudEvents, version 1: <https://github.com/cloudevents/spec/blob/main/cesql/spec.md>.
//!
//! An expression is read once, when its filter is made, and evaluated in the mode that the specification calls *fail fast*: it
//! ends with its first error, and matches nothing then.
//!
//! What the specification leaves open, or has in two ways:
//!
//! - AND, OR and XOR hold equally, from left to right: `a OR b AND c` is `(a OR b) AND c`. NOT holds most closely:
//!   `NOT a = b` is `(NOT a) = b`.
//! - A second quote inside of a text is a quote: `'it''s'`. A sum of integers that does not fit 32 bits is an error.
//! - `IN` ends at the first value that is equal.
//!
//! What goes beyond it:
//!
//! - `data.path.to.member` is a value, and so is `data.items.0.sku`; a member with other characters than letters,
//!   digits and `_` stands in double quotes: `data."x-y"`. A missing member is a missing attribute. `null` is too, for
//!   `EXISTS` as well. An array or an object exists, and is not a value.
//! - A number of the data that is whole and fits 32 bits is an integer. Any other is compared with `=`, `!=`, `<`, `>` and
//!   `IN` as the number it is, digit by digit; a text beside it is read as a number where that decides. Such
//!   numbers may be written too: `data.price > 9.99`, `data.bytes > 5000000000`. Calculating with them is an error.

mod eval;
mod explain;
mod function;
mod lex;
mod like;
mod parse;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tck;
mod tree;
mod value;

use std::fmt;

use super::event::EventView;
use super::key::Key;
use crate::limits::SQL_BYTES;
use tree::{Node, Type};
use value::{Fault, Value};

/// An expression, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    text: String,
    node: Node,
}

/// Why a text is not an SQL expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The text is larger than [`SQL_BYTES`].
    #[error("{bytes} bytes are above the limit of {SQL_BYTES} bytes for an SQL expression")]
    Large {
        /// Its size.
        bytes: usize,
    },
    /// Something is missing, or is in a place where it has no meaning.
    #[error("at {column}: {what}")]
    Syntax {
        /// The place, in characters from 1.
        column: usize,
        /// What was expected there.
        what: String,
    },
    /// There is no such function, or none with so many arguments.
    #[error("at {column}: {what}")]
    Function {
        /// The place of its name, in characters from 1.
        column: usize,
        /// What is wrong, and what may have been meant.
        what: String,
    },
    /// It would match nothing, whatever the event.
    #[error("it gives {gives}, never TRUE or FALSE")]
    NotBoolean {
        /// What it gives, in words.
        gives: String,
    },
}

impl SqlError {
    fn syntax(text: &str, at: usize, what: &str) -> Self {
        Self::Syntax { column: column(text, at), what: what.to_owned() }
    }

    fn function(text: &str, at: usize, what: &str) -> Self {
        Self::Function { column: column(text, at), what: what.to_owned() }
    }
}

fn column(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count()) + 1
}

impl Expression {
    /// Reads an expression that a filter can use.
    pub(crate) fn parse(text: &str) -> Result<Self, SqlError> {
        let expression = Self::parse_any(text)?;
        match expression.node.gives() {
            None | Some(Type::Boolean) => Ok(expression),
            Some(other) => Err(SqlError::NotBoolean { gives: other.to_string() }),
        }
    }

    fn parse_any(text: &str) -> Result<Self, SqlError> {
        Ok(Self { node: parse::parse(text)?, text: text.to_owned() })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn reads_data(&self) -> bool {
        self.node.keys().into_iter().any(Key::is_data)
    }

    pub(crate) fn keys(&self) -> Vec<&Key> {
        self.node.keys()
    }

    pub(crate) fn matches(&self, event: &EventView<'_>) -> bool {
        self.value(event) == Ok(Value::Boolean(true))
    }

    /// Which part decided, in words.
    pub(crate) fn explain(&self, event: &EventView<'_>) -> String {
        explain::explain(&self.node, event)
    }

    fn value<'s>(&'s self, event: &'s EventView<'_>) -> Result<Value<'s>, Fault<'s>> {
        eval::evaluate(&self.node, event)
    }
}

/// On one line, with the parentheses that mixed operators have.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SQL_DEPTH;

    fn refused(text: &str) -> String {
        Expression::parse(text).expect_err(text).to_string()
    }

    fn expression(text: &str) -> Expression {
        Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn event(data: &str) -> EventView<'_> {
        EventView::new("1", "/ci", "build.failed")
            .subject("project/kde")
            .extension("attempt", 3)
            .data(data)
    }

    #[test]
    fn a_wrong_expression_is_refused_with_its_column_and_what_was_expected() {
        for (text, error) in [
            ("id = 'a' AND   ", "at 16: expected a value after AND, found end of text"),
            ("", "at 1: expected a value, found end of text"),
            ("é = 1", "at 1: 'é' has no meaning here"),
            ("'é' = ", "at 7: expected a value after =, found end of text"),
            ("subject = 'x", "at 11: expected a second ' at the end of the text that begins here"),
            ("subject == 'x'", "at 9: `==` is written ="),
            ("a = 1 && b = 2", "at 7: `&&` is written AND"),
            ("(a = 1", "at 7: expected an operator or ) after 1, found end of text"),
            ("a = 1)", "at 6: expected the end, for no ( is open"),
            ("a b", "at 3: expected an operator or the end after a, found b"),
            ("a IN ()", "at 7: expected a value after (, found )"),
            ("a IN 'x'", "at 6: expected ( after IN, found 'x'"),
            ("a LIKE b", "at 8: expected a pattern in quotes after LIKE, found b"),
            ("a NOT = 1", "at 7: expected LIKE or IN after NOT, found ="),
            ("EXISTS 'a'", "at 8: expected an attribute after EXISTS, found 'a'"),
            ("source.x = 1", "at 7: only data has members, source has none"),
            ("data..x = 1", "at 6: expected the name of a member after the dot"),
            ("data.\"x = 1", "at 6: expected a second \" behind the name"),
            ("LENGHT(id) = 1", "at 1: there is no function \"LENGHT\"; did you mean LENGTH?"),
            ("1 = LEFT(id)", "at 5: LEFT takes 2 arguments, found 1"),
            ("CONCAT_WS() = 'a'", "at 1: CONCAT_WS takes 1 argument or more, found 0"),
            ("SUBSTRING(id) = ''", "at 1: SUBSTRING takes 2 or 3 arguments, found 1"),
            ("1 + attempt", "it gives a number, never TRUE or FALSE"),
            ("LOWER(id)", "it gives a text, never TRUE or FALSE"),
        ] {
            assert_eq!(refused(text), error, "{text}");
        }
        assert!(refused("my_name = 1").starts_with("at 1: an attribute's name has 1 to 20"));
    }

    #[test]
    fn operators_hold_as_the_specification_says() {
        for (text, written) in [
            ("a or b and c", "a OR b AND c"),
            ("(a or b) and c", "(a OR b) AND c"),
            ("not a = b", "NOT a = b"),
            ("not (a = b)", "NOT (a = b)"),
            ("1+2*3 - 4 < 5", "1 + 2 * 3 - 4 < 5"),
            ("1-(2-3) = 2", "1 - (2 - 3) = 2"),
            ("ID <> 'it''s'", r#"id != 'it\'s'"#),
            ("a LIKE 'x' = (b in (1,2))", "a LIKE 'x' = b IN (1, 2)"),
            ("- - 5 = 5", "-(-5) = 5"),
            ("-(5) = +5", "-(5) = 5"),
        ] {
            assert_eq!(expression(text).to_string(), written, "{text}");
        }
        let event = event("{}");
        assert!(!expression("TRUE OR TRUE AND FALSE").matches(&event));
        assert!(expression("NOT FALSE = TRUE").matches(&event));
        assert!(expression("10 - 3 - 2 = 5 AND 7 - 2 * 3 = 1").matches(&event));
    }

    #[test]
    fn members_of_data_are_values() {
        let event = event(
            r#"{"total": 1000, "price": 9.99, "bytes": 5000000001, "id": 9007199254740993, "one": 1.0,
                "items": [{"sku": "x"}], "a-b": true, "none": null, "word": "12.5"}"#,
        );
        for text in [
            "data.total >= 1000",
            "data.total = '1000'",
            "data.items.0.sku = 'x'",
            r#"DATA."a-b""#,
            "data.price > 9.98 AND data.price < 10 AND data.price = 9.99 AND 9.99 = data.price",
            "data.bytes > 5000000000 AND data.bytes != 1",
            "data.id = 9007199254740993 AND data.id != 9007199254740992",
            "data.one = 1 AND data.one + 1 = 2",
            "data.bytes > data.total AND data.total < data.bytes",
            "data.price IN (1, 9.99) AND data.price NOT IN (9, '9.98')",
            "data.price = '9.99' AND data.price LIKE '9%' AND data.word = 12.5 AND data.word > 12.4",
            "EXISTS data AND EXISTS data.items AND EXISTS data.items.0 AND NOT EXISTS data.items.1",
            "NOT EXISTS data.none AND NOT EXISTS data.x.y.z",
            "BOOL(data.price)",
        ] {
            let expression = expression(text);
            assert!(expression.matches(&event), "{}", expression.explain(&event));
        }
    }

    #[test]
    fn what_decided_is_explained_by_its_smallest_part() {
        let event = event(r#"{"total": 5, "items": [], "price": 0.5, "none": null}"#);
        for (text, explained) in [
            ("data.count >= 1000", "data.count >= 1000: data.count is missing"),
            ("id = '1' AND data.total >= 1000", "data.total >= 1000: data.total is 5"),
            ("id = '1' OR data.total >= 1000", "id = '1': id is \"1\""),
            (
                "id = '2' OR (subject = 'x' OR attempt = 4)",
                "id = '2' OR (subject = 'x' OR attempt = 4): id is \"1\", subject is \"project/kde\", attempt is 3",
            ),
            ("TRUE AND (1 = 2 / 0)", "2 / 0: the result of a division by 0 is not a number"),
            ("NOT subject", "NOT subject: \"project/kde\" is not TRUE or FALSE"),
            ("data.items = 1", "data.items = 1: data.items is an array, which is not a value"),
            ("data.none = 1", "data.none = 1: data.none is null"),
            ("1 + data.price = 2", "1 + data.price: 0.5 is not an integer of 32 bits"),
            ("LEFT(id, -1) = ''", "LEFT(id, -1): the length is negative"),
            ("2147483647 + 1 = 0", "2147483647 + 1: the result does not fit 32 bits"),
            ("subject", "subject gives \"project/kde\", which is neither TRUE nor FALSE"),
            ("EXISTS time", "EXISTS time: time is missing"),
            ("FALSE", "FALSE"),
        ] {
            let expression = expression(text);
            assert_eq!(expression.explain(&event), explained, "{text}");
        }
        let unreadable = EventView::new("1", "/", "a").data("{");
        let explained = expression("EXISTS data.x").explain(&unreadable);
        assert!(explained.starts_with("EXISTS data.x: the data are not JSON: "), "{explained}");
    }

    #[test]
    fn data_are_parsed_only_where_they_decide() {
        let event = event("{}");
        assert!(!expression("id = '2' AND data.total >= 1000").matches(&event));
        assert!(!event.has_parsed());
        assert!(!expression("id = '1' AND data.total >= 1000").matches(&event));
        assert!(event.has_parsed());
    }

    #[test]
    fn depth_and_length_are_bounded_and_long_rows_are_not_deep() {
        let deep =
            |open: &str, count: usize| format!("{}TRUE{}", open.repeat(count), ")".repeat(count));
        for open in ["(", "BOOL(", "NOT (", "TRUE IN ("] {
            let levels = if open == "NOT (" { SQL_DEPTH / 2 } else { SQL_DEPTH };
            expression(&deep(open, levels));
            let error = refused(&deep(open, levels + 1));
            assert!(error.ends_with("more than 32 operations stand inside one another"), "{error}");
        }
        for text in [
            "NOT ".repeat(100) + "TRUE",
            "-".repeat(4_000),
            "TRUE".to_owned() + &" IN (TRUE)".repeat(40),
        ] {
            assert!(refused(&text).ends_with("stand inside one another"));
        }
        assert_eq!(
            refused(&"(".repeat(1_000_000)),
            "1000000 bytes are above the limit of 4096 bytes for an SQL expression"
        );
        expression(&["TRUE"; 400].join(" AND "));
        expression(&format!("1 IN ({})", ["1"; 1_000].join(",")));
        assert!(refused(&"9".repeat(4_000)).ends_with("the number is too large"));
        assert!(
            refused(&format!("data{} = 1", ".a".repeat(17)))
                .ends_with("17 members are above the limit of 16")
        );
    }

    /// On a small stack: reading, evaluating, explaining, writing and dropping the deepest tree there may be.
    #[test]
    fn the_deepest_expression_needs_little_stack() {
        let open = "TRUE AND 1 = 1 + 1 * -(";
        let count = SQL_DEPTH / 2;
        let text = format!("{}1{}", open.repeat(count), ")".repeat(count));
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        let answer = thread.spawn(move || {
            let expression = expression(&text);
            let event = EventView::new("1", "/", "a");
            (expression.explain(&event), Expression::parse(&expression.to_string()).is_ok())
        });
        let (explained, is_read) = answer.expect("a thread").join().expect("no overflow");
        assert!(is_read && !explained.is_empty());
    }

    #[test]
    fn texts_grow_no_larger_than_their_limit() {
        let data = format!("{{\"x\": \"{}\"}}", "x".repeat(300_000));
        let event = event(&data);
        assert!(expression("LENGTH(CONCAT(data.x, data.x)) = 600000").matches(&event));
        let explained = expression("CONCAT(data.x, data.x, data.x, data.x) = ''").explain(&event);
        assert!(explained.ends_with("): the text is above the limit of 1 MiB"), "{explained}");
    }
}
