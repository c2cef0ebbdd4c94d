//! Measures: what this worker counts of its attempts for the stats, and what of that is not written yet. No I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::job::{Claimed, Outcome};
use crate::stats::{Gather, StatsPart};
use crate::time::Timestamp;

/// What was counted since the last part, and the part that is not known to be written.
#[derive(Debug, Default)]
pub(super) struct Measures {
    gather: Gather,
    /// What the database's clock said, and when by ours.
    clock: Option<(Instant, Timestamp)>,
    unwritten: Option<Arc<StatsPart>>,
    is_under_way: bool,
}

impl Measures {
    /// The database's clock said this in the answer to what was sent then.
    pub(super) fn heard(&mut self, (sent, now): (Instant, Instant), said: Timestamp) {
        // As likely as not it was in the middle.
        self.clock = Some((sent + now.saturating_duration_since(sent) / 2, said));
    }

    /// What the database's clock says now, as far as is known; nothing is counted before it was heard.
    fn moment(&self, now: Instant) -> Option<Timestamp> {
        let (heard, said) = self.clock?;
        Some(said.after(now.saturating_duration_since(heard)))
    }

    pub(super) fn started(&mut self, job: &Claimed, now: Instant) {
        if let Some(moment) = self.moment(now) {
            self.gather.started(job, moment);
        }
    }

    /// An attempt ended so, and its job died or did not.
    pub(super) fn ended(
        &mut self,
        job: &Claimed,
        end: ((Outcome, bool), Option<Duration>),
        now: Instant,
    ) {
        if let Some(moment) = self.moment(now) {
            self.gather.ended(job, moment, end);
        }
    }

    /// The part to write now, which is then under way: the one that was not written, before what was counted since.
    pub(super) fn due(&mut self) -> Option<Arc<StatsPart>> {
        if self.is_under_way {
            return None;
        }
        let part = self.unwritten.take().or_else(|| self.gather.take().map(Arc::new))?;
        self.is_under_way = true;
        self.unwritten = Some(Arc::clone(&part));
        Some(part)
    }

    /// It is written, or never can be.
    pub(super) fn written(&mut self) {
        self.is_under_way = false;
        self.unwritten = None;
    }

    /// It may not be written.
    pub(super) fn failed(&mut self) {
        self.is_under_way = false;
    }

    /// All that may not be written, for a worker that ends. What is under way comes again with its id.
    pub(super) fn last(&mut self) -> impl Iterator<Item = Arc<StatsPart>> {
        let gathered = self.gather.take().map(Arc::new);
        self.unwritten.take().into_iter().chain(gathered)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dispatch::claimed;
    use super::*;

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
        let last: Vec<_> = measures.last().collect();
        assert_eq!((last.len(), last[0].id), (2, under_way.id));
    }

    #[test]
    fn moments_are_those_of_the_database() {
        let now = Instant::now();
        let mut measures = Measures::default();
        measures.started(&claimed("k", 0), now);
        assert!(measures.due().is_none(), "its clock is not known yet");
        measures.heard((now, now + Duration::from_secs(2)), AT);
        let later = measures.moment(now + Duration::from_secs(31));
        assert_eq!(later, Some(AT.after(Duration::from_secs(30))));
    }
}
