//! What of a JSON text is shown: one pass, which copies everything else as it is.

use std::borrow::Cow;

use super::FieldPath;
use crate::json::Json;
use crate::name::matches;

/// What stands in the place of a value.
pub(super) const HIDDEN: &str = "\"[redacted]\"";
/// Objects and lists inside of each other that are looked into. What is deeper is hidden as a whole.
const DEPTH: usize = 128;

/// What is hidden in a text.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// Names of members, at any depth.
    pub(super) names: &'a [String],
    pub(super) paths: Vec<FieldPath>,
}

/// A path, and how many of its members were met on the way to a value.
type Reached = (usize, usize);

impl Rules<'_> {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }

    /// JSON as it is shown.
    pub(super) fn json<'t>(&self, json: &'t Json) -> Cow<'t, Json> {
        match self.text(json.as_str()) {
            Cow::Borrowed(_) => Cow::Borrowed(json),
            Cow::Owned(text) => Cow::Owned(Json::stored(text)),
        }
    }

    /// The text as it is shown. One that is not JSON is hidden as a whole.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut walk = Walk { rules: self, text, at: 0, copied: 0, out: String::new() };
        let begin: Vec<Reached> = (0..self.paths.len()).map(|nth| (nth, 0)).collect();
        let is_all = self.paths.iter().any(FieldPath::is_all);
        if is_all || walk.value(&begin, 0).and_then(|()| walk.end()).is_none() {
            return Cow::Owned(HIDDEN.to_owned());
        }
        if walk.copied == 0 {
            return Cow::Borrowed(text);
        }
        walk.out.push_str(&text[walk.copied..]);
        Cow::Owned(walk.out)
    }

    /// What is known of a member where these places are known of its object; nothing where it is hidden.
    fn member(&self, places: &[Reached], name: &str) -> Option<Vec<Reached>> {
        if self.names.iter().any(|pattern| matches(pattern, name)) {
            return None;
        }
        self.met(places, name, Vec::new())
    }

    /// The same of an item of a list, which paths go through also where they do not name its place.
    fn item(&self, places: &[Reached], nth: usize) -> Option<Vec<Reached>> {
        self.met(places, &nth.to_string(), places.to_vec())
    }

    fn met(
        &self,
        places: &[Reached],
        name: &str,
        mut inside: Vec<Reached>,
    ) -> Option<Vec<Reached>> {
        for &(path, known) in places {
            let members = self.paths[path].members();
            if !members.get(known).is_some_and(|pattern| matches(pattern, name)) {
                continue;
            }
            if known + 1 == members.len() {
                return None;
            }
            if !inside.contains(&(path, known + 1)) {
                inside.push((path, known + 1));
            }
        }
        Some(inside)
    }
}

/// A walk through a text. Its steps give nothing where the text is not JSON.
struct Walk<'t, 'r> {
    rules: &'r Rules<'r>,
    text: &'t str,
    at: usize,
    /// How much of the text is in `out`, or was replaced there.
    copied: usize,
    out: String,
}

impl Walk<'_, '_> {
    /// Recursion is as deep as `DEPTH`.
    fn value(&mut self, places: &[Reached], depth: usize) -> Option<()> {
        if places.is_empty() && self.rules.names.is_empty() {
            return self.skip();
        }
        match self.peek()? {
            b'{' | b'[' if depth == DEPTH => self.hide(),
            b'{' => self.members(places, depth),
            b'[' => self.items(places, depth),
            _ => self.skip(),
        }
    }

    fn members(&mut self, places: &[Reached], depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.peek()?;
            let name = name_of(self.string()?)?;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            match self.rules.member(places, &name) {
                Some(inside) => self.value(&inside, depth + 1)?,
                None => self.hide()?,
            }
            if self.is_over(b'}')? {
                return Some(());
            }
        }
    }

    fn items(&mut self, places: &[Reached], depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        for nth in 0.. {
            match self.rules.item(places, nth) {
                Some(inside) => self.value(&inside, depth + 1)?,
                None => self.hide()?,
            }
            if self.is_over(b']')? {
                break;
            }
        }
        Some(())
    }

    /// Goes past a comma, or past the end of an object or a list; whether it was the end.
    fn is_over(&mut self, end: u8) -> Option<bool> {
        let found = self.peek()?;
        self.at += 1;
        (found == b',' || found == end).then_some(found == end)
    }

    fn hide(&mut self) -> Option<()> {
        self.peek()?;
        let begin = self.at;
        self.skip()?;
        self.out.push_str(&self.text[self.copied..begin]);
        self.out.push_str(HIDDEN);
        self.copied = self.at;
        Some(())
    }

    /// Goes past a value, however deep it is.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => _ = self.string()?,
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if open > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return None,
                _ => self.word()?,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Goes past a number, true, false or null.
    fn word(&mut self) -> Option<()> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = self.rest().iter().take_while(|byte| is_part(byte)).count();
        self.at += length;
        (length > 0).then_some(())
    }

    /// Goes past a text, and gives it with its quotes.
    fn string(&mut self) -> Option<&str> {
        let begin = self.at;
        if self.rest().first() != Some(&b'"') {
            return None;
        }
        self.at += 1;
        loop {
            match self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\')) {
                Some(ahead) if self.rest()[ahead] == b'\\' => self.at += ahead + 2,
                Some(ahead) => {
                    self.at += ahead + 1;
                    return self.text.get(begin..self.at);
                }
                None => return None,
            }
        }
    }

    /// Goes past blanks; what comes then.
    fn peek(&mut self) -> Option<u8> {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().iter().take_while(is_blank).count();
        self.rest().first().copied()
    }

    fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

/// A member's name as it is compared. It may be written with escapes.
fn name_of(quoted: &str) -> Option<String> {
    let name = match quoted.contains('\\') {
        true => serde_json::from_str(quoted).ok()?,
        false => quoted.get(1..quoted.len() - 1)?.to_owned(),
    };
    Some(name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn hide<'t>(names: &[&str], paths: &[&str], text: &'t str) -> Cow<'t, str> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let paths = paths.iter().map(|path| path.parse().expect("a path")).collect();
        Rules { names: &names, paths }.text(text)
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let text = "{ \"n\": 900719925474099312345 ,\"password\" :\t{\"a\":[1,{}]}, \"e\":1e-7,\"u\":\"\\u00e9\\\"\" }";
        assert_eq!(
            hide(&["password"], &[], text),
            "{ \"n\": 900719925474099312345 ,\"password\" :\t\"[redacted]\", \"e\":1e-7,\"u\":\"\\u00e9\\\"\" }"
        );
        assert!(matches!(hide(&["secret"], &["a.b"], text), Cow::Borrowed(_)));
        assert!(matches!(hide(&[], &[], "not JSON"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_name_is_known_however_it_is_written() {
        for key in ["password", "PassWord", "pass\\u0077ord", "\\u0050assword"] {
            let shown = hide(&["password"], &[], &format!("[{{\"{key}\":\"x\"}}]")).into_owned();
            assert_eq!(shown, format!("[{{\"{key}\":\"[redacted]\"}}]"));
        }
        let twice = r#"{"password":1,"password":2}"#;
        assert_eq!(
            hide(&["password"], &[], twice),
            r#"{"password":"[redacted]","password":"[redacted]"}"#
        );
    }

    #[test]
    fn paths_lead_through_lists() {
        let text = r#"{"cards":[{"number":1,"exp":2},[{"number":3}]],"number":4}"#;
        let hidden =
            r#"{"cards":[{"number":"[redacted]","exp":2},[{"number":"[redacted]"}]],"number":4}"#;
        assert_eq!(hide(&[], &["cards.number"], text), hidden);
        assert_eq!(hide(&[], &["cards.*.number"], text), hidden);
        assert_eq!(
            hide(&[], &["cards.1"], r#"{"cards":[1,2,3]}"#),
            r#"{"cards":[1,"[redacted]",3]}"#
        );
        assert_eq!(
            hide(&[], &["a"], r#"[{"a":1},{"a":2}]"#),
            r#"[{"a":"[redacted]"},{"a":"[redacted]"}]"#
        );
        assert_eq!(
            hide(&[], &["a.b", "a.c"], r#"{"a":{"b":1,"c":2,"d":3}}"#),
            r#"{"a":{"b":"[redacted]","c":"[redacted]","d":3}}"#
        );
        assert_eq!(hide(&[], &["*"], "42"), HIDDEN);
    }

    /// Bad input: what cannot be read is not shown.
    #[test]
    fn what_is_not_json_is_hidden_as_a_whole() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":1",
            "[1,",
            "{a:1}",
            "{\"a\":1}}",
            "{\"a\" 1}",
            "\"a",
            "\"\\",
            "[1 2]",
            "}",
            ":",
        ] {
            assert_eq!(hide(&["x"], &[], text), HIDDEN, "{text}");
        }
    }

    /// Bad input: nothing overflows, and what is too deep to be looked into is hidden.
    #[test]
    fn what_is_deep_is_hidden() {
        let deep = |levels: usize| format!("{}\"x\"{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(hide(&["a"], &[], &deep(DEPTH)), deep(DEPTH));
        assert!(!hide(&["a"], &[], &deep(100_000)).contains('x'));
        assert!(hide(&[], &["a"], &format!("{{\"b\":{}}}", deep(100_000))).contains('x'));
    }

    /// A text that is hidden in parts is the same tree with those parts replaced.
    #[test]
    fn what_is_shown_is_json_again() {
        let text = r#"{"a":{"b":[1,2,{"c":null}]},"d":"x\\","é":{"b":true}}"#;
        for path in ["a", "a.b", "a.b.c", "d", "é.b", "*.b", "a.b.2", "x"] {
            let shown = hide(&[], &[path], text);
            let shown: Value = serde_json::from_str(&shown).expect("JSON");
            assert_eq!(shown.as_object().map(|members| members.len()), Some(3), "{path}: {shown}");
        }
    }
}
