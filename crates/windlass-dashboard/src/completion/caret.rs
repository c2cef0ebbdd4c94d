//! What stands at the caret of a filter, and what the filter is with something else there.

/// What is being written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// The name of a term.
    Name { typed: String, is_negated: bool },
    /// A value of a term, without its quotes, and those of the same term that stand before it.
    Value { name: String, typed: String, others: Vec<String> },
    /// A member of args or data, which nobody knows.
    Path,
}

/// A caret in a filter.
#[derive(Debug)]
pub(super) struct Caret<'a> {
    pub(super) term: Term,
    before: &'a str,
    after: &'a str,
}

/// A text that is read up to the caret.
#[derive(Debug, Default)]
struct Reader<'a> {
    part: Part,
    /// Where the term and what is being written of it begin.
    term: usize,
    start: usize,
    name: &'a str,
    others: Vec<String>,
    in_quotes: bool,
    is_escaped: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    Name,
    Path,
    Value,
}

impl<'a> Caret<'a> {
    /// The caret stands behind so many units of UTF-16.
    pub(super) fn at(text: &'a str, units: usize) -> Self {
        let at = byte_of(text, units);
        let mut reader = Reader::default();
        for (nth, letter) in text[..at].char_indices() {
            reader.read(&text[..at], (nth, letter));
        }
        let typed = &text[reader.start..at];
        let rest = &text[at..];
        let end = at + reader.rest_of(rest);
        let term = match reader.part {
            Part::Path => Term::Path,
            Part::Name => Term::Name {
                typed: typed.to_owned(),
                is_negated: text[reader.term..].starts_with('-'),
            },
            Part::Value => Term::Value {
                name: reader.name.to_owned(),
                typed: unquoted(typed),
                others: reader.others,
            },
        };
        Self { term, before: &text[..reader.start], after: &text[end..] }
    }

    /// The filter with this instead of what is being written, and where the caret stands behind it.
    pub(super) fn with(&self, written: &str) -> (String, usize) {
        let head = format!("{}{written}", self.before);
        let at = head.encode_utf16().count();
        (head + self.after, at)
    }
}

impl<'a> Reader<'a> {
    fn read(&mut self, text: &'a str, (nth, letter): (usize, char)) {
        let next = nth + letter.len_utf8();
        let follows = text[next..].chars().next();
        match letter {
            _ if self.is_escaped => self.is_escaped = false,
            '\\' if self.in_quotes => self.is_escaped = matches!(follows, Some('"' | '\\')),
            '"' if self.in_quotes => self.in_quotes = false,
            _ if self.in_quotes => {}
            letter if letter.is_whitespace() => {
                *self = Self { term: next, start: next, ..Self::default() }
            }
            '"' if nth == self.start && self.part != Part::Name => self.in_quotes = true,
            '-' if self.part == Part::Name && nth == self.term => self.start = next,
            '.' | ':' if self.part != Part::Value => self.end_name(text, (nth, next), letter),
            ',' if self.part == Part::Value => {
                self.others.push(unquoted(&text[self.start..nth]));
                self.start = next;
            }
            _ => {}
        }
    }

    fn end_name(&mut self, text: &'a str, (nth, next): (usize, usize), letter: char) {
        if self.part == Part::Name {
            self.name = &text[self.start..nth];
        }
        // A value at a path is not known.
        let is_known = self.part == Part::Name && letter == ':';
        self.part = match letter {
            ':' if is_known => Part::Value,
            ':' => {
                self.name = "";
                Part::Value
            }
            _ => Part::Path,
        };
        self.start = next;
    }

    /// How many bytes behind the caret are of what is being written.
    fn rest_of(&self, rest: &str) -> usize {
        if self.in_quotes {
            return closing(rest, self.is_escaped).unwrap_or(0);
        }
        let ends = |letter: char| match self.part {
            Part::Name => letter.is_whitespace() || matches!(letter, ':' | '.'),
            Part::Path => letter.is_whitespace() || matches!(letter, ':' | '.'),
            Part::Value => letter.is_whitespace() || letter == ',',
        };
        let end = rest.find(ends).unwrap_or(rest.len());
        // A name is written with the sign behind it.
        let has_sign = self.part == Part::Name && rest[end..].starts_with([':', '.']);
        end + usize::from(has_sign)
    }
}

/// Where the quote ends that is open; nowhere where it is not closed: what follows may not belong to it.
fn closing(rest: &str, mut is_escaped: bool) -> Option<usize> {
    for (nth, letter) in rest.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(nth + 1),
            _ => {}
        }
    }
    None
}

/// A value without its quotes, of which the closing one may be missing.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::new();
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => break,
            ('\\', Some(&next @ ('"' | '\\'))) => {
                text.push(next);
                letters.next();
            }
            _ => text.push(letter),
        }
    }
    text
}

/// The byte behind so many units of UTF-16, at the end of a letter.
fn byte_of(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, letter) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += letter.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The caret where `|` stands.
    fn caret(marked: &str) -> (Term, String, String) {
        let (before, after) = marked.split_once('|').expect("a caret");
        let text = format!("{before}{after}");
        let caret = Caret::at(&text, before.encode_utf16().count());
        (caret.term, caret.before.to_owned(), caret.after.to_owned())
    }

    fn name(typed: &str, is_negated: bool) -> Term {
        Term::Name { typed: typed.to_owned(), is_negated }
    }

    fn value(name: &str, typed: &str, others: &[&str]) -> Term {
        let others = others.iter().map(|other| (*other).to_owned()).collect();
        Term::Value { name: name.to_owned(), typed: typed.to_owned(), others }
    }

    #[test]
    fn the_term_at_the_caret_is_found() {
        for (marked, term) in [
            ("|", name("", false)),
            ("sta|", name("sta", false)),
            ("-qu|", name("qu", true)),
            ("state:dead |", name("", false)),
            ("state:dead  -|kind:a", name("", true)),
            ("state:|", value("state", "", &[])),
            ("state:dead,ru|", value("state", "ru", &["dead"])),
            ("-queue:bu|lk", value("queue", "bu", &[])),
            ("kind:a:b|", value("kind", "a:b", &[])),
            (r#"queue:"a b|"#, value("queue", "a b", &[])),
            (r#"queue:"a, \"b\" \\c|"#, value("queue", "a, \"b\" \\c", &[])),
            (r#"queue:"a b"|"#, value("queue", "a b", &[])),
            (r#"queue:"a b","c|"#, value("queue", "c", &["a b"])),
            (r#"error:"state:de|"#, value("error", "state:de", &[])),
            ("args.us|", Term::Path),
            (r#"args."a b|"#, Term::Path),
            ("args.user.id:4|", value("", "4", &[])),
        ] {
            assert_eq!(caret(marked).0, term, "{marked}");
        }
    }

    #[test]
    fn what_is_being_written_is_replaced_and_nothing_else() {
        let with = |marked: &str, written: &str| {
            let (before, after) = marked.split_once('|').expect("a caret");
            let text = format!("{before}{after}");
            let (text, at) = Caret::at(&text, before.encode_utf16().count()).with(written);
            format!("{}|{}", &text[..byte_of(&text, at)], &text[byte_of(&text, at)..])
        };
        for (marked, written, after) in [
            ("st|", "state:", "state:|"),
            ("kind:a st| queue:b", "state:", "kind:a state:| queue:b"),
            ("-ki|nd:a", "kind:", "-kind:|a"),
            ("ar|gs.a:1", "args.", "args.|a:1"),
            ("state:de|ad,running", "dead", "state:dead|,running"),
            ("queue:my|", "\"my queue\"", "queue:\"my queue\"|"),
            ("queue:\"my| state:dead", "\"my queue\"", "queue:\"my queue\"| state:dead"),
            ("queue:\"m|y old\" state:dead", "mail", "queue:mail| state:dead"),
            ("queue:é😀x|y kind:ü", "mail", "queue:mail| kind:ü"),
            ("tag:😀 queue:b|", "bulk", "tag:😀 queue:bulk|"),
        ] {
            assert_eq!(with(marked, written), after, "{marked}");
        }
    }

    #[test]
    fn a_caret_anywhere_harms_nothing() {
        let text = "-args.\"ä.b\":\"😀\\\"x\",y  state:dead,\"";
        for units in 0..text.encode_utf16().count() + 3 {
            let (filter, at) = Caret::at(text, units).with("x");
            assert!(at <= filter.encode_utf16().count(), "{units}: {filter}");
        }
    }
}
