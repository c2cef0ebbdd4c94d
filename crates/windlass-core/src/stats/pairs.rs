//! Pairs: of which queues and kinds there are counts of their own, and where the rest is counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::{STATS_OTHERS, STATS_PAIRS};

/// The queue and the kind under which is counted what is beyond the limits. No queue and no kind can have it as its name.
pub const OTHERS: &str = "*";

/// Queues and kinds with counts of their own, at most so many.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    kinds: BTreeMap<String, BTreeSet<String>>,
    named: usize,
    others: usize,
}

impl Pairs {
    /// Where something of this queue and kind is counted: there, with others of its queue, or with all others.
    pub(super) fn place<'a>(&mut self, queue: &'a str, kind: &'a str) -> (&'a str, &'a str) {
        if self.admits(queue, kind) {
            (queue, kind)
        } else if self.admits(queue, OTHERS) {
            (queue, OTHERS)
        } else {
            (OTHERS, OTHERS)
        }
    }

    fn admits(&mut self, queue: &str, kind: &str) -> bool {
        if self.kinds.get(queue).is_some_and(|kinds| kinds.contains(kind)) {
            return true;
        }
        let (number, most) = if kind == OTHERS {
            (&mut self.others, STATS_OTHERS)
        } else {
            (&mut self.named, STATS_PAIRS)
        };
        if *number >= most {
            return false;
        }
        *number += 1;
        self.kinds.entry(queue.to_owned()).or_default().insert(kind.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted_with_others() {
        let mut pairs = Pairs::default();
        for nth in 0..STATS_PAIRS {
            let kind = format!("k{nth}");
            assert_eq!(pairs.place("q", &kind), ("q", kind.as_str()));
        }
        assert_eq!(pairs.place("q", "k0"), ("q", "k0"), "one that has its own keeps it");
        assert_eq!(pairs.place("q", "more"), ("q", OTHERS));
        for nth in 1..STATS_OTHERS {
            let queue = format!("q{nth}");
            assert_eq!(pairs.place(&queue, "k"), (queue.as_str(), OTHERS));
        }
        assert_eq!(pairs.place("last", "k"), (OTHERS, OTHERS));
        assert_eq!(pairs.place("q", "another"), ("q", OTHERS));
    }
}
