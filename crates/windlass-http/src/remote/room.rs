//! Which kinds a claim asks for, and how many jobs, where a worker runs only so many of a kind at once. No I/O.
//!
//! A claim of the store takes jobs of several kinds and has one limit. So the first one asks for all kinds that have room, and for
//! no more jobs than each of them may have: where there is nothing, that is all that is asked. What is still wanted then is asked for
//! in parts: the kinds that may have all of it together, and each of the others by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass::job::HandlerKey;

/// What is asked of the store at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) handlers: Arc<[HandlerKey]>,
    pub(super) jobs: usize,
}

/// How much room a worker has.
#[derive(Debug)]
pub(super) struct Room {
    handlers: Arc<[HandlerKey]>,
    /// For all kinds together.
    left: usize,
    /// Of the kinds that have slots of their own.
    free: BTreeMap<String, usize>,
}

impl Room {
    /// A worker's room for up to so many jobs, beside those of these kinds that it holds.
    pub(super) fn of<'a>(
        (handlers, slots): (&Arc<[HandlerKey]>, &BTreeMap<String, u32>),
        jobs: usize,
        held: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let size = |slots: u32| usize::try_from(slots).unwrap_or(usize::MAX);
        let free = slots.iter().map(|(kind, slots)| (kind.clone(), size(*slots))).collect();
        let mut room = Self { handlers: Arc::clone(handlers), left: jobs, free };
        held.into_iter().for_each(|kind| room.fill(kind));
        room
    }

    /// A job of this kind was claimed.
    pub(super) fn took(&mut self, kind: &str) {
        self.left = self.left.saturating_sub(1);
        self.fill(kind);
    }

    fn fill(&mut self, kind: &str) {
        if let Some(free) = self.free.get_mut(kind) {
            *free = free.saturating_sub(1);
        }
    }

    /// All kinds that have room; `None` where none has.
    pub(super) fn first(&self) -> Option<Ask> {
        if self.free.is_empty() {
            return self.ask(Arc::clone(&self.handlers));
        }
        self.ask(self.keys(|kind| self.free_of(kind) > 0))
    }

    /// The parts of what is still wanted, as long as something is.
    pub(super) fn parts(&self) -> Vec<Arc<[HandlerKey]>> {
        let tight = |kind: &str| self.free_of(kind) < self.left;
        let alone = self.free.keys().filter(|kind| tight(kind) && self.free_of(kind) > 0);
        let alone = alone.map(|kind| self.keys(|of| of == kind));
        [self.keys(|kind| !tight(kind))].into_iter().chain(alone).collect()
    }

    /// What may be asked for of these kinds now.
    pub(super) fn ask(&self, handlers: Arc<[HandlerKey]>) -> Option<Ask> {
        let least = handlers.iter().map(|key| self.free_of(key.kind())).min()?;
        let jobs = least.min(self.left);
        (jobs > 0).then_some(Ask { handlers, jobs })
    }

    fn free_of(&self, kind: &str) -> usize {
        self.free.get(kind).copied().unwrap_or(usize::MAX)
    }

    fn keys(&self, wanted: impl Fn(&str) -> bool) -> Arc<[HandlerKey]> {
        self.handlers.iter().filter(|key| wanted(key.kind())).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handlers(kinds: &[&str]) -> Arc<[HandlerKey]> {
        kinds.iter().map(|kind| HandlerKey::new(kind, 1)).collect()
    }

    fn room(slots: &[(&str, u32)], jobs: usize, held: &[&str]) -> Room {
        let slots = slots.iter().map(|(kind, slots)| ((*kind).to_owned(), *slots)).collect();
        Room::of((&handlers(&["a", "b", "c"]), &slots), jobs, held.iter().copied())
    }

    fn kinds(handlers: &[HandlerKey]) -> String {
        handlers.iter().map(HandlerKey::kind).collect()
    }

    fn asked(ask: Option<Ask>) -> Option<(String, usize)> {
        ask.map(|ask| (kinds(&ask.handlers), ask.jobs))
    }

    /// T56: without slots of kinds a claim asks once, for all.
    #[test]
    fn a_worker_without_slots_of_kinds_asks_for_all() {
        assert_eq!(asked(room(&[], 7, &["a", "a"]).first()), Some(("abc".to_owned(), 7)));
    }

    /// T56: no kind is asked for beyond its slots, in whatever part.
    #[test]
    fn a_kind_is_asked_for_within_its_slots() {
        let mut room = room(&[("a", 3), ("b", 1), ("c", 9)], 8, &["a", "b"]);
        assert_eq!(asked(room.first()), Some(("ac".to_owned(), 2)), "b is full");
        ["a", "c"].iter().for_each(|kind| room.took(kind));
        let parts: Vec<String> = room.parts().iter().map(|part| kinds(part)).collect();
        assert_eq!(parts, ["c", "a"]);
        assert_eq!(asked(room.ask(handlers(&["c"]))), Some(("c".to_owned(), 6)));
        assert_eq!(asked(room.ask(handlers(&["a"]))), Some(("a".to_owned(), 1)));
        (0..6).for_each(|_| room.took("c"));
        assert_eq!(asked(room.ask(handlers(&["a"]))), None, "there is no more room");
    }

    /// T56: where all kinds are full it asks for nothing.
    #[test]
    fn a_full_worker_asks_for_nothing() {
        let full = room(&[("a", 1), ("b", 1), ("c", 1)], 5, &["a", "b", "c", "c"]);
        assert_eq!(asked(full.first()), None);
        assert_eq!(asked(room(&[("a", 1)], 5, &["a"]).first()), Some(("bc".to_owned(), 5)));
    }
}
