//! Patterns of `LIKE`.

use std::fmt;

/// A pattern, taken apart once.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: String,
    /// What stands between the `%`, one more than there are of them.
    pieces: Vec<Piece>,
}

/// Characters in a row; `None` is any one character.
#[derive(Debug, Clone)]
struct Piece {
    chars: Vec<Option<char>>,
    /// The same as a text, where each character is known: looking for a text takes linear time.
    known: Option<String>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// A backslash in front of `%` and `_` takes their meaning; in front of anything else it is itself.
    pub(super) fn new(text: String) -> Self {
        let mut pieces = vec![Vec::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let plain = match c {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(chars.next_if(|next| "%_".contains(*next)).unwrap_or(c)),
                c => Some(c),
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(plain);
            }
        }
        Self { pieces: pieces.into_iter().map(Piece::new).collect(), text }
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let [first, between @ .., last] = &*self.pieces else {
            return self.pieces.iter().all(|piece| piece.prefix(text) == Some(text.len()));
        };
        let Some(bytes) = first.prefix(text) else { return false };
        let mut rest = &text[bytes..];
        for piece in between {
            let Some(end) = piece.find(rest) else { return false };
            rest = &rest[end..];
        }
        last.is_suffix(rest)
    }
}

impl Piece {
    fn new(chars: Vec<Option<char>>) -> Self {
        let known = chars.iter().copied().collect();
        Self { chars, known }
    }

    /// How many bytes of the text's beginning it takes.
    fn prefix(&self, text: &str) -> Option<usize> {
        let mut rest = text.chars();
        for wanted in &self.chars {
            let found = rest.next()?;
            if wanted.is_some_and(|wanted| wanted != found) {
                return None;
            }
        }
        Some(text.len() - rest.as_str().len())
    }

    /// Where its first place in the text ends.
    fn find(&self, text: &str) -> Option<usize> {
        if let Some(known) = &self.known {
            return text.find(known).map(|at| at + known.len());
        }
        text.char_indices().find_map(|(at, _)| Some(at + self.prefix(&text[at..])?))
    }

    fn is_suffix(&self, text: &str) -> bool {
        let mut rest = text.chars().rev();
        self.chars.iter().rev().all(|wanted| {
            rest.next().is_some_and(|found| wanted.is_none_or(|wanted| wanted == found))
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern.to_owned()).fits(text)
    }

    /// By the definition, without thought of time.
    fn slowly(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|at| slowly(rest, &text[at..])),
            ['_', rest @ ..] => !text.is_empty() && slowly(rest, &text[1..]),
            ['\\', c @ ('%' | '_'), rest @ ..] | [c, rest @ ..] => {
                text.first() == Some(c) && slowly(rest, &text[1..])
            }
        }
    }

    #[test]
    fn it_agrees_with_the_definition() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut text = |of: &str, longest: usize| -> String {
            let of: Vec<char> = of.chars().collect();
            (0..rng.usize(..longest)).map(|_| of[rng.usize(..of.len())]).collect()
        };
        let mut fitting = 0;
        for _ in 0..20_000 {
            let (pattern, text) = (text("ab%%_\\é", 7), text("ab%_\\é", 7));
            let (p, t): (Vec<char>, Vec<char>) =
                (pattern.chars().collect(), text.chars().collect());
            let expected = slowly(&p, &t);
            assert_eq!(fits(&pattern, &text), expected, "{pattern:?} on {text:?}");
            fitting += usize::from(expected);
        }
        assert!(fitting > 1_000, "{fitting} of them fit");
    }

    #[test]
    fn a_long_text_takes_no_long_time() {
        let text = "a".repeat(1_000_000);
        assert!(!fits(&format!("%{}b%{}", "a".repeat(2_000), "a%".repeat(1_000)), &text));
        assert!(fits("%a_%\u{0}%", &(text + "\u{0}")));
    }
}
