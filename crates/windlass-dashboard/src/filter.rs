//! The text of a filter, and links to lists by it.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use windlass_http::words::escape::is_hidden;

const IN_QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b':').remove(b',');

/// A value as part of a path or a query.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, IN_QUERY).to_string()
}

/// `path?name=value&…` of the parameters that have a value.
pub(crate) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut link = path.to_owned();
    let mut mark = '?';
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string does not fail.
        let _ = write!(link, "{mark}{name}={}", encoded(value));
        mark = '&';
    }
    link
}

/// A text as one word of a shell. What a reader would not see in it stands there as an escape, which bash and zsh read.
pub(crate) fn quoted(text: &str) -> String {
    if !text.contains(is_hidden) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escape = |c: char| match c {
        '\'' | '\\' => format!("\\{c}"),
        c if is_hidden(c) => format!("\\U{:08x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("$'{}'", text.chars().map(escape).collect::<String>())
}

/// A name as one word of a shell: in quotes where it needs them.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:/@+%=,-".contains(c);
    let needs_none = !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain);
    if needs_none { text.to_owned() } else { quoted(text) }
}

/// A term with a value of somebody else's.
pub(crate) fn term(field: &str, value: &str) -> String {
    format!("{field}:{}", self::value(value))
}

/// A value of somebody else's, in quotes where it needs them.
pub(crate) fn value(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._:/@+#%~=-".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A filter with another state, or with none.
pub(crate) fn with_state(filter: &str, state: Option<&str>) -> String {
    let rest = terms(filter).into_iter().filter(|term| !term.starts_with("state:"));
    let state = state.map(|state| format!("state:{state}"));
    state.into_iter().chain(rest.map(str::to_owned)).collect::<Vec<_>>().join(" ")
}

/// The state that a filter asks for, where it is one.
pub(crate) fn state_of(filter: &str) -> Option<&str> {
    let mut states = terms(filter).into_iter().filter_map(|term| term.strip_prefix("state:"));
    states.next().filter(|state| states.next().is_none() && !state.contains(','))
}

/// Terms, which blanks separate outside of quotes.
fn terms(filter: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, c) in filter.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => {
                terms.push(&filter[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&filter[start..]);
    terms.retain(|term| !term.is_empty());
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_replaces_the_one_before() {
        let filter = r#"kind:img.* state:dead error:"a state:b c""#;
        assert_eq!(
            with_state(filter, Some("running")),
            r#"state:running kind:img.* error:"a state:b c""#
        );
        assert_eq!(with_state(filter, None), r#"kind:img.* error:"a state:b c""#);
        assert_eq!(state_of(filter), Some("dead"));
        assert_eq!(state_of("state:dead,running"), None, "they are two");
    }

    #[test]
    fn links_say_what_was_asked_for() {
        assert_eq!(
            link("jobs", &[("filter", "a:\"b c\" -d&"), ("cursor", "")]),
            "jobs?filter=a:%22b%20c%22%20-d%26"
        );
        assert_eq!(quoted("a'$(b)"), r"'a'\''$(b)'");
        assert_eq!(word("mail.welcome/a:b"), "mail.welcome/a:b");
        assert_eq!(word("a $(b)"), "'a $(b)'");
        assert_eq!(word(""), "''");
        assert_eq!(word("pay\u{202e}'\\roll"), r"$'pay\U0000202e\'\\roll'");
        assert_eq!(term("queue", "mail"), "queue:mail");
        assert_eq!(term("queue", "a \"b\""), r#"queue:"a \"b\"""#);
    }
}
