//! Who has the seats. Where all are taken, one who has more of them than another has gives one up: nobody can hold them all.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use crate::limits::VIEWERS;
use crate::who::Who;

/// The seats that are taken, in the order in which they were.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Vec<Taken>,
    next: u64,
}

#[derive(Debug)]
struct Taken {
    id: u64,
    by: Who,
    lost: CancellationToken,
}

/// A seat of somebody.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: u64,
    /// Once it is another one's.
    pub(super) lost: CancellationToken,
}

impl Seats {
    /// A seat; nothing where all are taken and nobody would still have as many as this one has then.
    pub(super) fn take(&mut self, by: Who) -> Option<Held> {
        if self.taken.len() >= VIEWERS {
            let given_up = self.given_up_for(&by)?;
            self.taken.remove(given_up).lost.cancel();
        }
        let place = Held { id: self.next, lost: CancellationToken::new() };
        self.next += 1;
        self.taken.push(Taken { id: place.id, by, lost: place.lost.clone() });
        Some(place)
    }

    /// Somebody has gone.
    pub(super) fn leave(&mut self, id: u64) {
        self.taken.retain(|taken| taken.id != id);
    }

    /// The newest seat of who has most, who still has no fewer than the one who comes.
    fn given_up_for(&self, by: &Who) -> Option<usize> {
        let mut held: HashMap<&Who, usize> = HashMap::new();
        for taken in &self.taken {
            *held.entry(&taken.by).or_default() += 1;
        }
        let own = held.get(by).copied().unwrap_or_default();
        let most = held.values().copied().max().filter(|most| *most > own + 1)?;
        self.taken.iter().rposition(|taken| held[&taken.by] == most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Who {
        Who::Caller(name.into())
    }

    fn held(seats: &Seats, name: &str) -> usize {
        seats.taken.iter().filter(|taken| taken.by == named(name)).count()
    }

    #[test]
    fn who_holds_most_gives_up_the_newest_to_who_holds_less() {
        let mut seats = Seats::default();
        let places: Vec<_> = (0..VIEWERS).filter_map(|_| seats.take(named("greedy"))).collect();
        assert_eq!(places.len(), VIEWERS);
        assert!(seats.take(named("greedy")).is_none(), "nobody takes a seat of his own");
        assert!(seats.take(named("ana")).is_some());
        let lost: Vec<_> = places.iter().filter(|place| place.lost.is_cancelled()).collect();
        assert_eq!(lost.iter().map(|place| place.id).collect::<Vec<_>>(), [VIEWERS as u64 - 1]);
        for _ in 0..VIEWERS {
            let _ = seats.take(named("ana"));
        }
        assert_eq!((held(&seats, "greedy"), held(&seats, "ana")), (VIEWERS / 2, VIEWERS / 2));
        assert!(seats.take(named("greedy")).is_none(), "they have the same, and go on with it");
    }

    #[test]
    fn those_who_have_one_more_or_fewer_do_not_take_seats_from_each_other() {
        let (mut seats, names) = (Seats::default(), ["ana", "ben", "eva"]);
        for name in names {
            while seats.take(named(name)).is_some() {}
        }
        let shares = names.map(|name| held(&seats, name));
        assert!(shares.iter().all(|share| share.abs_diff(VIEWERS / 3) <= 1), "{shares:?}");
        assert!(names.iter().all(|name| seats.take(named(name)).is_none()), "{shares:?}");
    }

    #[test]
    fn a_seat_that_was_lost_is_not_given_back_twice() {
        let mut seats = Seats::default();
        let places: Vec<_> = (0..VIEWERS).filter_map(|_| seats.take(named("greedy"))).collect();
        assert!(seats.take(named("ana")).is_some());
        seats.leave(places[VIEWERS - 1].id);
        assert_eq!(seats.taken.len(), VIEWERS, "it is another one's already");
        seats.leave(places[0].id);
        assert!(seats.take(named("greedy")).is_some());
        assert!(seats.take(named("greedy")).is_none());
    }
}
