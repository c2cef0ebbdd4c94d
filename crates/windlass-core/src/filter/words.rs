//! Terms as they are written: names, paths, values, quotes, and where each stands.

use super::{Moment, ParseFilterError, Path, Scalar};
use crate::limits::{DATA_PATH, FILTER_TEXT_BYTES, FIND_BYTES, FIND_TERMS, FIND_VALUES};
use crate::name::nearest;

/// What a noun can be filtered by.
pub(crate) struct Known {
    /// The names.
    pub(crate) names: &'static [&'static str],
    /// The one of them that has a path behind it.
    pub(crate) with_path: &'static str,
    /// A term, to show what one looks like.
    pub(crate) example: &'static str,
}

/// A value, and where it stands.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) at: usize,
    pub(crate) text: String,
    pub(crate) in_quotes: bool,
}

/// A term as it is written.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) at: usize,
    pub(crate) negated: bool,
    pub(crate) name: String,
    pub(crate) path: Option<Path>,
    pub(crate) values: Vec<Given>,
}

impl Word {
    /// The values as they are.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.values.iter().map(|value| value.text.clone()).collect()
    }

    /// The values as those that members are compared with.
    pub(crate) fn scalars(&self) -> Vec<Scalar> {
        let scalar = |value: &Given| match value.in_quotes {
            true => Scalar::Text(value.text.clone()),
            false => Scalar::of_bare(&value.text),
        };
        self.values.iter().map(scalar).collect()
    }

    /// Each value as something else.
    pub(crate) fn each<T, E: ToString>(
        &self,
        read: impl Fn(&Given) -> Result<T, E>,
    ) -> Result<Vec<T>, ParseFilterError> {
        let one = |value: &Given| {
            let wrong = |what: E| ParseFilterError::Value { at: value.at, what: what.to_string() };
            read(value).map_err(wrong)
        };
        self.values.iter().map(one).collect()
    }

    /// Its one value, a moment.
    pub(crate) fn moment(&self) -> Result<Moment, ParseFilterError> {
        if self.negated {
            return Err(ParseFilterError::Negated { at: self.at, name: self.name.clone() });
        }
        let written = self.texts().join(",");
        let wrong = |error: super::ParseMomentError| ParseFilterError::Value {
            at: self.values.first().map_or(self.at, |value| value.at),
            what: error.to_string(),
        };
        written.parse().map_err(wrong)
    }

    /// The path behind its name.
    pub(crate) fn path(&self) -> Result<Path, ParseFilterError> {
        let name = &self.name;
        let lacks = || ParseFilterError::Path {
            at: self.at,
            what: format!("`{name}` needs a path, such as {name}.user.id:42"),
        };
        self.path.clone().ok_or_else(lacks)
    }
}

/// The terms of a text.
pub(crate) fn parse(text: &str, known: &Known) -> Result<Vec<Word>, ParseFilterError> {
    if text.len() > FIND_BYTES {
        return Err(ParseFilterError::Large { bytes: text.len() });
    }
    let mut reader = Reader { letters: text.chars().collect(), at: 0, values: 0 };
    if let Some(at) = reader.letters.iter().position(|letter| *letter == '\0') {
        return Err(ParseFilterError::Nul { at: at + 1 });
    }
    let mut words = Vec::new();
    while reader.skip_blanks() {
        if words.len() == FIND_TERMS {
            return Err(ParseFilterError::Terms { at: reader.place() });
        }
        words.push(reader.word(known)?);
    }
    Ok(words)
}

/// What is left of a text.
struct Reader {
    letters: Vec<char>,
    at: usize,
    values: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn place(&self) -> usize {
        self.at + 1
    }

    fn skip_blanks(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.peek().is_some()
    }

    /// What stands before one of these letters or a blank.
    fn until(&mut self, ends: &[char]) -> String {
        let rest = self.letters[self.at..].iter();
        let taken: String = rest.take_while(|c| !c.is_whitespace() && !ends.contains(c)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn word(&mut self, known: &Known) -> Result<Word, ParseFilterError> {
        let (at, begin) = (self.place(), self.at);
        let negated = self.peek() == Some('-');
        self.at += usize::from(negated);
        let name = self.until(&[':', '.']);
        let path = match self.peek() {
            Some('.') => Some(self.path(at)?),
            _ => None,
        };
        if self.peek() != Some(':') {
            self.until(&[]);
            let text = self.letters[begin..self.at].iter().collect();
            return Err(ParseFilterError::Bare { at, text, example: known.example });
        }
        if !known.names.contains(&name.as_str()) {
            return Err(unknown(at, name, known));
        }
        if path.is_some() && name != known.with_path {
            let what = format!("`{name}` has no path: only `{}` has", known.with_path);
            return Err(ParseFilterError::Path { at, what });
        }
        let mut word = Word { at, negated, name, path, values: Vec::new() };
        self.at += 1;
        self.values_of(&mut word)?;
        Ok(word)
    }

    fn path(&mut self, at: usize) -> Result<Path, ParseFilterError> {
        let mut members = Vec::new();
        while self.peek() == Some('.') {
            self.at += 1;
            if members.len() == DATA_PATH {
                return Err(ParseFilterError::Deep { at });
            }
            members.push(match self.peek() {
                Some('"') => self.quoted()?,
                _ => self.until(&[':', '.']),
            });
            if members.last().is_some_and(String::is_empty) && self.letters[self.at - 1] != '"' {
                let what = "a member of the path is empty".to_owned();
                return Err(ParseFilterError::Path { at: self.place(), what });
            }
        }
        Ok(Path::new(members))
    }

    fn values_of(&mut self, word: &mut Word) -> Result<(), ParseFilterError> {
        loop {
            let at = self.place();
            let in_quotes = self.peek() == Some('"');
            let text = if in_quotes { self.quoted()? } else { self.until(&[',']) };
            if text.len() > FILTER_TEXT_BYTES {
                return Err(ParseFilterError::Long { at, bytes: text.len() });
            }
            if in_quotes || !text.is_empty() {
                self.values += 1;
                if self.values > FIND_VALUES {
                    return Err(ParseFilterError::Values { at });
                }
                word.values.push(Given { at, text, in_quotes });
            }
            match self.peek() {
                Some(',') => self.at += 1,
                Some(letter) if !letter.is_whitespace() => {
                    let what = "expected a comma or a blank behind the closing quote";
                    return Err(ParseFilterError::Quote { at: self.place(), what });
                }
                _ => break,
            }
        }
        // Only a member of args or data can be a text without letters.
        let is_empty = |value: &Given| value.text.is_empty() && word.path.is_none();
        match word.values.is_empty() || word.values.iter().any(is_empty) {
            true => Err(ParseFilterError::Empty { at: word.at, name: word.name.clone() }),
            false => Ok(()),
        }
    }

    fn quoted(&mut self) -> Result<String, ParseFilterError> {
        let at = self.place();
        self.at += 1;
        let mut text = String::new();
        while let Some(letter) = self.peek() {
            self.at += 1;
            match (letter, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(next @ ('"' | '\\'))) => {
                    text.push(next);
                    self.at += 1;
                }
                _ => text.push(letter),
            }
        }
        Err(ParseFilterError::Quote { at, what: "this quote is not closed" })
    }
}

fn unknown(at: usize, name: String, known: &Known) -> ParseFilterError {
    let hint = nearest(&name, known.names)
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    ParseFilterError::Unknown { at, name, known: known.names.join(", "), hint }
}

/// A term as a text.
pub(crate) fn written(negated: bool, name: &str, values: &[String]) -> String {
    let minus = if negated { "-" } else { "" };
    format!("{minus}{name}:{}", values.join(","))
}

/// A value as a text: in quotes where it has to be.
pub(crate) fn value(text: &str) -> String {
    let ends = |letter: char| letter.is_whitespace() || letter == ',';
    match text.is_empty() || text.starts_with('"') || text.contains(ends) {
        true => quoted(text),
        false => text.to_owned(),
    }
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
