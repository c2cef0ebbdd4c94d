//! Measures: what a process counts of the attempts that it runs, and what of that is not written yet. No I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Gather, StatsPart};
use crate::job::{Claimed, Outcome};
use crate::time::Timestamp;

/// What was counted since the last part, and the part that is not known to be written.
#[derive(Debug, Default)]
pub struct Measures {
    gather: Gather,
    /// What the database's clock said, and when by ours.
    clock: Option<(Instant, Timestamp)>,
    unwritten: Option<Arc<StatsPart>>,
    is_under_way: bool,
}

impl Measures {
    /// The database's clock said this in the answer to what was sent then.
    pub fn heard(&mut self, (sent, now): (Instant, Instant), said: Timestamp) {
        // As likely as not it was in the middle.
        self.clock = Some((sent + now.saturating_duration_since(sent) / 2, said));
    }

    /// What the database's clock says now, as far as is known; before it was heard, this machine's does.
    fn moment(&self, now: Instant) -> Timestamp {
        self.clock.map_or_else(Timestamp::wall_clock, |(heard, said)| {
            said.after(now.saturating_duration_since(heard))
        })
    }

    /// An attempt was started.
    pub fn started(&mut self, job: &Claimed, now: Instant) {
        let moment = self.moment(now);
        self.gather.started(job, moment);
    }

    /// An attempt ended so, and its job died or did not.
    pub fn ended(&mut self, job: &Claimed, end: ((Outcome, bool), Option<Duration>), now: Instant) {
        let moment = self.moment(now);
        self.gather.ended(job, moment, end);
    }

    /// The part to write now, which is then under way: the one that was not written, before what was counted since.
    pub fn due(&mut self) -> Option<Arc<StatsPart>> {
        if self.is_under_way {
            return None;
        }
        let part = self.unwritten.take().or_else(|| self.gather.take().map(Arc::new))?;
        self.is_under_way = true;
        self.unwritten = Some(Arc::clone(&part));
        Some(part)
    }

    /// It is written, or never can be.
    pub fn written(&mut self) {
        self.is_under_way = false;
        self.unwritten = None;
    }

    /// It may not be written.
    pub fn failed(&mut self) {
        self.is_under_way = false;
    }

    /// All that may not be written, for a process that ends. What is under way comes again with its id.
    pub fn last(&mut self) -> Vec<Arc<StatsPart>> {
        let gathered = self.gather.take().map(Arc::new);
        self.unwritten.take().into_iter().chain(gathered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::claimed;

    const AT: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

    fn measures(now: Instant) -> Measures {
        let mut measures = Measures::default();
        measures.heard((now, now), AT);
        measures.started(&claimed("k", 0), now);
        measures
    }

    #[test]
    fn a_part_that_was_not_written_comes_again_before_what_follows() {
        let now = Instant::now();
        let mut measures = measures(now);
        let first = measures.due().expect("something was counted");
        assert!(measures.due().is_none(), "one is under way");
        measures.started(&claimed("k", 0), now);
        measures.failed();
        assert_eq!(measures.due().map(|part| part.id), Some(first.id));
        measures.written();
        assert_ne!(measures.due().map(|part| part.id), Some(first.id));
        measures.written();
        assert!(measures.due().is_none(), "nothing was counted since");
    }

    #[test]
    fn a_worker_that_ends_writes_what_it_has() {
        let now = Instant::now();
        let mut measures = measures(now);
        let under_way = measures.due().expect("something was counted");
        measures.started(&claimed("k", 0), now);
        let last = measures.last();
        assert_eq!((last.len(), last[0].id), (2, under_way.id));
    }

    #[test]
    fn moments_are_those_of_the_database() {
        let now = Instant::now();
        let mut measures = Measures::default();
        assert!(measures.due().is_none(), "nothing was counted");
        measures.heard((now, now + Duration::from_secs(2)), AT);
        let later = measures.moment(now + Duration::from_secs(31));
        assert_eq!(later, AT.after(Duration::from_secs(30)));
    }
}
