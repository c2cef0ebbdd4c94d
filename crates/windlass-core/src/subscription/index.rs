//! Which subscriptions may want an event of a type, found without looking at the others.

use std::collections::HashMap;
use std::hash::Hash;

use super::filter::Filter;
use super::pattern::TypePattern;

/// Ids of subscriptions by the types that their filters want.
///
/// A look-up costs one hash for the type and one for each of its dots, up to the length of the longest prefix that was
/// registered, and what it finds. How many others are registered does not matter.
///
/// ```
/// # use windlass_core::subscription::{Filter, TypeIndex};
/// let mut index = TypeIndex::default();
/// index.insert(1, &Filter::of_types(["build.*"]).build()?);
/// index.insert(2, &Filter::of_types(["deploy.failed"]).build()?);
/// assert_eq!(index.candidates("build.failed").collect::<Vec<_>>(), [&1]);
/// # Ok::<_, windlass_core::subscription::FilterError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TypeIndex<I> {
    exact: HashMap<String, Vec<I>>,
    /// By the prefix with its last dot.
    prefixes: HashMap<String, Vec<I>>,
    any: Vec<I>,
    patterns: HashMap<I, Vec<TypePattern>>,
    /// No registered prefix has more bytes. It does not shrink: it only bounds how far a look-up goes.
    longest: usize,
}

impl<I> Default for TypeIndex<I> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            prefixes: HashMap::new(),
            any: Vec::new(),
            patterns: HashMap::new(),
            longest: 0,
        }
    }
}

impl<I: Clone + Eq + Hash> TypeIndex<I> {
    /// Registers a subscription. One that is registered under this id gives way.
    pub fn insert(&mut self, id: I, filter: &Filter) {
        self.remove(&id);
        let patterns = fewest(filter.types());
        for pattern in &patterns {
            if let TypePattern::Prefix(prefix) = pattern {
                self.longest = self.longest.max(prefix.len());
            }
            match pattern {
                TypePattern::Exact(kind) => self.exact.entry(kind.clone()).or_default(),
                TypePattern::Prefix(prefix) => self.prefixes.entry(prefix.clone()).or_default(),
                TypePattern::Any => &mut self.any,
            }
            .push(id.clone());
        }
        self.patterns.insert(id, patterns);
    }

    /// Takes a subscription out; whether there was one.
    pub fn remove(&mut self, id: &I) -> bool {
        let Some(patterns) = self.patterns.remove(id) else { return false };
        for pattern in patterns {
            match pattern {
                TypePattern::Exact(kind) => take(&mut self.exact, &kind, id),
                TypePattern::Prefix(prefix) => take(&mut self.prefixes, &prefix, id),
                TypePattern::Any => self.any.retain(|other| other != id),
            }
        }
        true
    }

    /// Those whose types fit this one, each once, in no particular order. What else their filters ask is not
    /// looked at.
    pub fn candidates<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s I> {
        self.lists(kind).flatten()
    }

    /// How many are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Everything a look-up touches: an id is in one of these lists at most, for patterns that fit the same type cover one
    /// another, and only the widest is registered.
    fn lists<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s [I]> {
        // The dot at the end of a type has no segment behind it.
        let inside = kind.len().saturating_sub(1).min(self.longest);
        let dots = kind.as_bytes()[..inside].iter().enumerate().filter(|(_, byte)| **byte == b'.');
        let prefixes = dots.filter_map(|(at, _)| self.prefixes.get(&kind[..=at]));
        let exact = self.exact.get(kind).into_iter();
        exact.chain(prefixes).map(Vec::as_slice).chain([self.any.as_slice()])
    }
}

/// Without the patterns that another one covers.
fn fewest(patterns: &[TypePattern]) -> Vec<TypePattern> {
    let mut fewest: Vec<TypePattern> = Vec::new();
    for pattern in patterns {
        if !fewest.iter().any(|wider| wider.covers(pattern)) {
            fewest.retain(|narrower| !pattern.covers(narrower));
            fewest.push(pattern.clone());
        }
    }
    if patterns.is_empty() { vec![TypePattern::Any] } else { fewest }
}

fn take<I: Eq>(lists: &mut HashMap<String, Vec<I>>, name: &str, id: &I) {
    if let Some(list) = lists.get_mut(name) {
        list.retain(|other| other != id);
        if list.is_empty() {
            lists.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_types(types: &[&str]) -> Filter {
        Filter::of_types(types.iter().copied()).build().expect("types")
    }

    fn found(index: &TypeIndex<usize>, kind: &str) -> Vec<usize> {
        let mut found: Vec<usize> = index.candidates(kind).copied().collect();
        found.sort_unstable();
        found
    }

    fn word(rng: &mut fastrand::Rng, segments: usize) -> String {
        let words: Vec<&str> =
            (0..segments).map(|_| ["a", "b", "", "ab"][rng.usize(..4)]).collect();
        words.join(".")
    }

    #[test]
    fn the_index_agrees_with_a_look_at_every_filter() {
        let mut rng = fastrand::Rng::with_seed(17);
        let (mut index, mut all) = (TypeIndex::default(), HashMap::new());
        for round in 0..3_000 {
            let id = rng.usize(..40);
            if rng.u8(..4) == 0 {
                assert_eq!(index.remove(&id), all.remove(&id).is_some());
            } else {
                let types: Vec<String> = (0..rng.usize(..4))
                    .map(|_| {
                        let segments = rng.usize(1..4);
                        word(&mut rng, segments) + ["", ".*"][rng.usize(..2)]
                    })
                    .map(|text| if text.is_empty() || text == ".*" { "*".into() } else { text })
                    .collect();
                let filter = match types.len() {
                    0 => Filter::default(),
                    _ => Filter::of_types(types).build().expect("types"),
                };
                index.insert(id, &filter);
                all.insert(id, filter);
            }
            let segments = rng.usize(1..6);
            let kind = word(&mut rng, segments);
            let mut expected: Vec<usize> = all
                .iter()
                .filter(|(_, filter)| {
                    filter.matches(&crate::subscription::EventView::new("1", "/", &kind))
                })
                .map(|(id, _)| *id)
                .collect();
            expected.sort_unstable();
            assert_eq!(found(&index, &kind), expected, "round {round}: {kind:?}");
            assert_eq!(index.len(), all.len());
        }
    }

    /// What a look-up touches is what it finds, and at most a list for each dot besides.
    #[test]
    fn ten_thousand_others_are_not_looked_at() {
        let mut index = TypeIndex::default();
        for id in 0..10_000 {
            index.insert(id, &of_types(&[&format!("shop{id}.*"), &format!("shop.order{id}")]));
        }
        index.insert(10_001, &of_types(&["build.failed", "build.*", "build.step.*"]));
        index.insert(10_002, &of_types(&["build.failed"]));
        index.insert(10_003, &of_types(&["*", "build.failed"]));
        assert_eq!(found(&index, "build.failed"), [10_001, 10_002, 10_003]);
        assert_eq!(index.lists("build.failed").count(), 3);
        assert_eq!(index.lists("build.failed").map(<[_]>::len).sum::<usize>(), 3);
    }

    #[test]
    fn a_type_of_a_megabyte_of_dots_is_looked_up_as_far_as_prefixes_go() {
        let mut index = TypeIndex::default();
        index.insert(1, &of_types(&["a.*"]));
        index.insert(2, &of_types(&["..*"]));
        assert_eq!(found(&index, &".".repeat(1_000_000)), [2]);
        for kind in ["", "a.", "ä.é"] {
            assert!(found(&index, kind).is_empty(), "{kind}");
        }
    }
}
