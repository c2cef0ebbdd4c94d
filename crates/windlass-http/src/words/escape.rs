//! Text of strangers on a terminal: errors, names, log lines and notes come from handlers and callers, who repeat what others sent.

/// The text with an escape in the place of everything that a terminal would act on, or that a reader would not see or see in
/// another order: control characters, among them U+009B, and marks of direction, of no width and of formats.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Whether a terminal would act on a character, or a reader would not see it or see others in another order by it.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    // The first and the last of each range: soft hyphen, Arabic letter mark, Mongolian vowel separator, zero width and direction,
    // line separators and embeddings, joiners and isolates, byte order mark, interlinear marks, tags.
    matches!(
        c,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// The text on one line, escaped: blanks and line ends become one blank.
#[must_use]
pub fn in_one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_whitespace() && c.is_control(), " ");
    let line = if spaced.contains("  ") && text != spaced {
        spaced.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        spaced.trim().to_owned()
    };
    escaped(&line)
}

/// The text with its lines, each escaped.
#[must_use]
pub fn in_lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| escaped(&line.replace('\t', "    "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(in_one_line("a\n  b\u{1b}[31mred"), r"a b\u{1b}[31mred");
        assert_eq!(in_lines("a\tb\n\u{7}c\n"), ["a    b", r"\u{7}c"]);
        assert_eq!(in_one_line("a\u{9b}31m"), r"a\u{9b}31m");
    }

    #[test]
    fn what_a_reader_would_not_see_is_escaped() {
        let hidden = ['\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}', '\u{200B}', '\u{200D}'];
        let more = ['\u{200E}', '\u{200F}', '\u{2060}', '\u{FEFF}', '\u{2028}', '\u{E0041}'];
        for c in hidden.into_iter().chain(more) {
            let expected = format!("pay{}roll", c.escape_unicode());
            assert_eq!(in_one_line(&format!("pay{c}roll")), expected);
            assert_eq!(in_lines(&format!("pay{c}roll")), [expected]);
        }
        assert_eq!(in_one_line("größe 日本 עברית 🚂 ─"), "größe 日本 עברית 🚂 ─");
    }
}
