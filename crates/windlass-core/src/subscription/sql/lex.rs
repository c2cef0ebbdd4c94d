//! Words, numbers, texts and signs of an expression.

use super::SqlError;
use crate::subscription::key::{DATA, Member, check_path, is_bare, quoted};
use crate::subscription::words::plain;

/// A piece of an expression and where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// As it is written; empty at the end.
    pub(super) text: &'t str,
    /// Bytes in front of it.
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Letters, digits and `_`, with a letter or `_` among them.
    Word,
    /// A path into the data.
    Path(Vec<Member>),
    /// Digits, with a point and more digits or without.
    Number,
    /// A text, without its quotes.
    Text(String),
    /// An operator, a parenthesis or a comma.
    Sign,
    End,
}

#[derive(Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

const SIGNS: [&str; 16] =
    ["!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", ";"];

/// What other languages write, and what this one does.
const FOREIGN: [(&str, &str); 4] = [("==", "="), ("&&", "AND"), ("||", "OR"), ("!", "NOT")];

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next piece; again and again the end, once it is reached.
    pub(super) fn next(&mut self) -> Result<Token<'t>, SqlError> {
        let rest = self.text[self.at..].trim_start_matches([' ', '\t', '\r', '\n']);
        self.at = self.text.len() - rest.len();
        let (kind, bytes) = match rest.chars().next() {
            None => (Kind::End, 0),
            Some('\'' | '"') => self.literal(rest)?,
            Some(c) if c.is_ascii_alphanumeric() || c == '_' => self.word(rest)?,
            Some(c) => self.sign(rest, c)?,
        };
        let token = Token { kind, text: &rest[..bytes], at: self.at };
        self.at += bytes;
        Ok(token)
    }

    /// A backslash in front of the quote that the text stands in makes the quote a part of it, and so does a second
    /// quote; in front of anything else the backslash is itself.
    fn literal(&self, rest: &str) -> Result<(Kind, usize), SqlError> {
        let mut text = String::new();
        let mut chars = rest.char_indices().peekable();
        let quote = chars.next().map_or('\'', |(_, quote)| quote);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, next)) if next == quote => text.push(quote),
                    Some((_, next)) => text.extend(['\\', next]),
                    None => break,
                },
                c if c == quote => {
                    if chars.next_if(|(_, next)| *next == quote).is_none() {
                        return Ok((Kind::Text(text), at + 1));
                    }
                    text.push(quote);
                }
                c => text.push(c),
            }
        }
        Err(self.error(
            0,
            &format!("expected a second {quote} at the end of the text that begins here"),
        ))
    }

    fn word(&self, rest: &str) -> Result<(Kind, usize), SqlError> {
        let end = |text: &str| {
            text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
        };
        let bytes = end(rest);
        let (word, behind) = rest.split_at(bytes);
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            let digits = behind.strip_prefix('.').map_or(0, |fraction| {
                fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len())
            });
            return Ok((Kind::Number, if digits == 0 { bytes } else { bytes + 1 + digits }));
        }
        if !behind.starts_with('.') {
            return Ok((Kind::Word, bytes));
        }
        if !word.eq_ignore_ascii_case(DATA) {
            return Err(
                self.error(bytes, &format!("only {DATA} has members, {} has none", plain(word)))
            );
        }
        let (members, path) = self.members(bytes, behind)?;
        Ok((Kind::Path(members), bytes + path))
    }

    fn members(&self, from: usize, text: &str) -> Result<(Vec<Member>, usize), SqlError> {
        let mut members = Vec::new();
        let mut rest = text;
        while let Some(behind) = rest.strip_prefix('.') {
            let at = from + text.len() - behind.len();
            let (name, bytes) = if behind.starts_with('"') {
                quoted(behind)
                    .ok_or_else(|| self.error(at, "expected a second \" behind the name"))?
            } else {
                let bytes = behind.find(|c| !is_bare(c)).unwrap_or(behind.len());
                (behind[..bytes].to_owned(), bytes)
            };
            if bytes == 0 {
                return Err(self.error(at, "expected the name of a member after the dot"));
            }
            members.push(Member::new(&name));
            rest = &behind[bytes..];
        }
        check_path(&members).map_err(|what| self.error(0, &what))?;
        Ok((members, text.len() - rest.len()))
    }

    fn sign(&self, rest: &str, first: char) -> Result<(Kind, usize), SqlError> {
        for (foreign, own) in FOREIGN {
            if rest.starts_with(foreign) && !rest.starts_with("!=") {
                return Err(self.error(0, &format!("`{foreign}` is written {own}")));
            }
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => Ok((Kind::Sign, sign.len())),
            None => Err(self.error(0, &format!("{first:?} has no meaning here"))),
        }
    }

    fn error(&self, ahead: usize, what: &str) -> SqlError {
        SqlError::syntax(self.text, self.at + ahead, what)
    }
}
