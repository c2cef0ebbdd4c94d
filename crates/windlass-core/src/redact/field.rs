//! Where a field is.

use std::str::FromStr;

use crate::error::Refusal;
use crate::limits::{DATA_PATH, MARK_BYTES, MARKS};
use crate::name::matches;

/// Members, the outermost first: `card.number`, `cards.*.number`. `*` stands for any run of characters of a name, and small
/// and capital letters are the same. Lists are gone through by themselves: `cards.number` is that of each of them. A path of
/// `*` alone is all of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

/// Why something names no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactionError {
    /// A name, or a pattern of names.
    #[error("the name of a field has 1 to {MARK_BYTES} bytes, `{}` has not", .name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },
    /// A path.
    #[error(
        "`{}` is not the path of a field: up to {DATA_PATH} names with dots between, such as card.number, of {MARK_BYTES} bytes together",
        .path.escape_debug()
    )]
    Path {
        /// The path.
        path: String,
    },
    /// A pattern of kinds or types.
    #[error("a kind or a type is empty: name it, or use a pattern such as customer.*")]
    Pattern,
}

/// The name of a field as it is compared.
pub(super) fn name(text: &str) -> Result<String, RedactionError> {
    match (1..=MARK_BYTES).contains(&text.len()) {
        true => Ok(text.to_lowercase()),
        false => Err(RedactionError::Name { name: text.to_owned() }),
    }
}

impl FieldPath {
    /// A mark as it is stored. What SQL has written there was checked by nobody: an empty name matches no member.
    pub(super) fn stored(text: &str) -> Self {
        Self(text.to_lowercase().split('.').map(str::to_owned).collect())
    }

    /// The same inside of a member.
    pub(super) fn below(&self, member: &str) -> Self {
        Self(std::iter::once(member.to_owned()).chain(self.0.iter().cloned()).collect())
    }

    pub(super) fn members(&self) -> &[String] {
        &self.0
    }

    /// The name of the field itself.
    pub(super) fn last(&self) -> &str {
        self.0.last().map_or("*", String::as_str)
    }

    /// Whether it is all of a text.
    pub(super) fn is_all(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only == "*")
    }

    /// Whether this place is the field, or inside of it.
    pub(super) fn covers(&self, place: &[String]) -> bool {
        let place: Vec<String> = place.iter().map(|name| name.to_lowercase()).collect();
        self.is_all() || is_covered(&self.0, &place)
    }
}

/// Both are as short as a path may be.
fn is_covered(path: &[String], place: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    let Some((member, inner)) = place.split_first() else { return false };
    let is_place_in_list = member.bytes().all(|byte| byte.is_ascii_digit());
    (matches(name, member) && is_covered(rest, inner))
        || (is_place_in_list && is_covered(path, inner))
}

impl FromStr for FieldPath {
    type Err = RedactionError;

    fn from_str(text: &str) -> Result<Self, RedactionError> {
        let path = Self::stored(text);
        let is_named = path.0.iter().all(|name| !name.is_empty());
        let is_short = text.len() <= MARK_BYTES && path.0.len() <= DATA_PATH;
        match is_named && is_short && !text.contains('\0') {
            true => Ok(path),
            false => Err(RedactionError::Path { path: text.to_owned() }),
        }
    }
}

/// Checks what a type marks, before it is stored.
///
/// # Errors
/// When there are too many marks, or one is not the path of a field.
pub fn check_marks(marks: &[String]) -> Result<(), Refusal> {
    if marks.len() > MARKS {
        let (number, limit) = (marks.len() as u64, MARKS as u64);
        return Err(Refusal::Range { what: "the number of marked fields", number, limit });
    }
    marks.iter().try_for_each(|mark| match mark.parse::<FieldPath>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::Mark { mark: mark.clone() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(path: &str, place: &str) -> bool {
        let place: Vec<String> = place.split('.').map(str::to_owned).collect();
        path.parse::<FieldPath>().expect("a path").covers(&place)
    }

    #[test]
    fn a_path_covers_what_is_inside_of_it() {
        assert!(covers("card", "card") && covers("card", "Card.number") && covers("*", "a"));
        assert!(covers("cards.*.number", "cards.3.number"));
        assert!(covers("cards.number", "cards.3.number"), "lists are gone through");
        assert!(covers("c*d.number", "card.number"));
        assert!(!covers("card.number", "card") && !covers("card.number", "number"));
        assert!(!covers("card", "x.card"), "a path begins outside");
    }

    #[test]
    fn marks_are_checked_before_they_are_stored() {
        let of = |marks: &[&str]| {
            check_marks(&marks.iter().map(|mark| (*mark).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["card", "address.street", "*"]), Ok(()));
        for wrong in ["", ".", "a..b", "a.", "a\0", &"x".repeat(MARK_BYTES + 1)] {
            assert_eq!(of(&[wrong]), Err(Refusal::Mark { mark: wrong.to_owned() }), "{wrong}");
        }
        assert!(of(&vec!["a"; MARKS + 1]).is_err() && of(&vec!["a"; MARKS]).is_ok());
        assert!(of(&["a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"]).is_err(), "17 members");
    }
}
