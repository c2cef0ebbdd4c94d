//! What a change expects of the thing that it changes.

use super::Edition;

/// Some editions of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Whichever, as long as there is one.
    Any,
    /// One of these.
    OneOf(Vec<Edition>),
}

impl Wanted {
    /// Whether it is one of them.
    #[must_use]
    pub fn has(&self, found: Option<&Edition>) -> bool {
        match self {
            Self::Any => found.is_some(),
            Self::OneOf(editions) => found.is_some_and(|found| editions.contains(found)),
        }
    }
}

/// What a thing is expected to be when it is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// It is one of these.
    pub is: Option<Wanted>,
    /// It is none of these.
    pub is_not: Option<Wanted>,
}

impl Expected {
    /// It is of this edition.
    #[must_use]
    pub fn edition(edition: Edition) -> Self {
        Self { is: Some(Wanted::OneOf(vec![edition])), is_not: None }
    }

    /// There is none yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { is: None, is_not: Some(Wanted::Any) }
    }

    /// Whether it expects anything at all: a change that does not is the plain one.
    #[must_use]
    pub const fn is_of_something(&self) -> bool {
        self.is.is_some() || self.is_not.is_some()
    }

    /// Whether what was found is as expected.
    #[must_use]
    pub fn allows(&self, found: Option<&Edition>) -> bool {
        self.is.as_ref().is_none_or(|wanted| wanted.has(found))
            && !self.is_not.as_ref().is_some_and(|wanted| wanted.has(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_held_against_what_is_there() {
        let (one, other) = (Edition::seen("one"), Edition::seen("other"));
        let of =
            |expected: &Expected| [None, Some(&one), Some(&other)].map(|at| expected.allows(at));
        assert_eq!(of(&Expected::default()), [true, true, true]);
        assert!(!Expected::default().is_of_something() && Expected::nothing().is_of_something());
        assert_eq!(of(&Expected::edition(one.clone())), [false, true, false]);
        assert_eq!(of(&Expected::nothing()), [true, false, false]);
        let some = Expected { is: Some(Wanted::Any), is_not: None };
        assert_eq!(of(&some), [false, true, true]);
        let is_not = Some(Wanted::OneOf(vec![one.clone()]));
        assert_eq!(of(&Expected { is: None, is_not: is_not.clone() }), [true, false, true]);
        assert_eq!(of(&Expected { is: Some(Wanted::Any), is_not }), [false, false, true]);
        let none = Expected { is: Some(Wanted::OneOf(Vec::new())), is_not: None };
        assert_eq!(of(&none), [false, false, false]);
    }
}
