//! What an event has, in words.

use super::event::Seen;

/// Characters of a text that are shown of it.
const SHOWN: usize = 80;

/// A text in quotes, without characters that a terminal would act on, and cut where it is long.
pub(crate) fn short(text: &str) -> String {
    let cut = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
    let more = if cut < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", text[..cut].escape_debug())
}

/// As the end of a sentence: `is missing`.
pub(crate) fn seen(seen: Seen<'_>) -> String {
    match seen {
        Seen::Missing => "is missing".to_owned(),
        Seen::Null => "is null".to_owned(),
        Seen::Boolean(boolean) => format!("is {boolean}"),
        Seen::Number(number) => format!("is {number}"),
        Seen::Text(text) => format!("is {}", short(text)),
        Seen::Array => "is an array".to_owned(),
        Seen::Object => "is an object".to_owned(),
        Seen::Unreadable(why) => format!("cannot be read, for the data are not JSON: {why}"),
    }
}

/// A name as it is, where it is short and has no characters that a terminal would act on; otherwise as a text.
pub(crate) fn plain(name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.chars().nth(SHOWN).is_none() && !name.contains(is_active);
    if is_plain { name.to_owned() } else { short(name) }
}

/// Without characters that a terminal would act on.
pub(crate) fn one_line(text: &str) -> String {
    if !text.contains(is_active) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match is_active(c) {
            true => line.extend(c.escape_debug()),
            false => line.push(c),
        }
    }
    line
}

/// Control characters, and those that turn the direction of a text around.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
