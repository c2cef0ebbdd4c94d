//! JSON as it is stored, laid out for reading. Numbers stay as they are written, however large; what a reader would not see of a text,
//! or see in another order, is written as JSON's own escape, which means the same.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use windlass_http::words::escape::is_hidden;

const INDENT: usize = 2;
/// What lies deeper is not indented further: blanks would be more than all there is to read.
const DEEPEST: usize = 24;
/// Of a longer text the beginning is shown; the whole of it can be copied.
const SHOWN_BYTES: usize = 128 * 1024;
/// Lists and objects that are not longer stay in one line.
const ONE_LINE: usize = 60;

/// The text with an indent for each level.
pub(crate) fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN_BYTES) * 2);
    lay_out(&mut text.chars().peekable(), text.len(), 0, &mut out);
    out
}

/// Writes what comes, which is JSON: it was checked when it was stored.
fn lay_out(rest: &mut Peekable<Chars<'_>>, size: usize, level: usize, out: &mut String) {
    let is_short = size <= ONE_LINE;
    let mut level = level;
    let mut is_quoted = false;
    while let Some(c) = rest.next() {
        if out.len() > SHOWN_BYTES {
            out.push_str("\n… there is more of it");
            return;
        }
        match c {
            '"' => {
                is_quoted = !is_quoted;
                out.push(c);
            }
            '\\' if is_quoted => {
                out.push(c);
                out.extend(rest.next());
            }
            _ if is_quoted && is_hidden(c) => escape(c, out),
            _ if is_quoted => out.push(c),
            ' ' | '\n' | '\r' | '\t' => {}
            '{' | '[' => {
                out.push(c);
                let ends = rest.peek().is_some_and(|next| matches!(next, '}' | ']'));
                level += 1;
                if !ends && !is_short {
                    line(level, out);
                } else if !ends && c == '{' {
                    out.push(' ');
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                let is_empty = out.ends_with(['{', '[']);
                if !is_empty && !is_short {
                    line(level, out);
                } else if !is_empty && c == '}' {
                    out.push(' ');
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                if is_short { out.push(' ') } else { line(level, out) }
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
}

/// `\u202e`, and two of these where JSON has it so.
fn escape(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

fn line(level: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', level.min(DEEPEST) * INDENT));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bad input: a small text makes no large page, however deep it is.
    #[test]
    fn what_is_deep_or_long_stays_small() {
        let deep = format!("{}{}", "[".repeat(130_000), "]".repeat(130_000));
        let long = format!("[{}1]", "1,".repeat(125_000));
        for text in [deep, long] {
            let shown = pretty(&text);
            assert!(shown.len() < SHOWN_BYTES + 100, "{}", shown.len());
            assert!(shown.ends_with("there is more of it"));
        }
    }

    #[test]
    fn numbers_and_texts_stay_as_they_are() {
        assert_eq!(
            pretty(r#"{"a":12345678901234567890.10,"b":[]}"#),
            r#"{ "a": 12345678901234567890.10, "b": [] }"#
        );
        let long = format!(r#"{{"text":"{}, \"q\": {{","list":[1,{{}}]}}"#, "x".repeat(60));
        let laid = format!(
            "{{\n  \"text\": \"{}, \\\"q\\\": {{\",\n  \"list\": [\n    1,\n    {{}}\n  ]\n}}",
            "x".repeat(60)
        );
        assert_eq!(pretty(&long), laid);
    }

    #[test]
    fn what_a_reader_would_not_see_is_an_escape_that_means_the_same() {
        let text = "{\"pay\u{202e}roll\":\"größe\u{200b} \u{e0041}\"}";
        let shown = pretty(text);
        assert_eq!(shown, r#"{ "pay\u202eroll": "größe\u200b \udb40\udc41" }"#);
        let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(of(&shown), of(text));
    }
}
