//! The batches of a history: who is in them, who waits for them, and what they said of themselves.

use std::collections::BTreeMap;

use windlass_core::batch::BatchRecord;
use windlass_core::condition::Ends;
use windlass_core::id::{BatchId, JobId};

use super::{Index, Life};
use crate::history::record::{Counted, Wanted};

/// One batch.
#[derive(Debug, Default)]
pub(in crate::history) struct Together<'h> {
    /// Its jobs that are there at the end, in the order of their calls.
    pub(in crate::history) members: Vec<&'h Wanted>,
    /// The jobs that wait for its end, and for which one.
    pub(in crate::history) waiting: Vec<(&'h Wanted, Ends)>,
    /// The workflow that it undoes.
    pub(in crate::history) undoes: Option<BatchId>,
    /// Whether it was opened, and nobody knows that it is sealed.
    pub(in crate::history) is_open: bool,
    /// What handlers that ran after it were told, each with its job.
    pub(in crate::history) told: Vec<(JobId, Counted)>,
    /// How it stands at the end.
    pub(in crate::history) record: Option<&'h BatchRecord>,
}

/// What is written down of batches while the records are read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Those that were opened, and whether they are known to be sealed.
    opened: BTreeMap<BatchId, bool>,
    told: Vec<(BatchId, JobId, Counted)>,
}

impl Notes {
    pub(super) fn opened(&mut self, batch: BatchId) {
        self.opened.entry(batch).or_default();
    }

    pub(super) fn sealed(&mut self, batch: BatchId) {
        self.opened.insert(batch, true);
    }

    pub(super) fn told(&mut self, batch: BatchId, job: JobId, counted: Counted) {
        self.told.push((batch, job, counted));
    }
}

impl<'h> Together<'h> {
    /// The lives of its jobs.
    pub(in crate::history) fn lives<'i>(
        &'i self,
        index: &'i Index<'h>,
    ) -> impl Iterator<Item = (&'h Wanted, &'i Life<'h>)> {
        let life = |wanted: &&'h Wanted| Some((*wanted, index.lives.get(&wanted.job)?));
        self.members.iter().filter_map(life)
    }

    /// Whether somebody ran one of its jobs again, which changes what it says after its end.
    pub(in crate::history) fn is_revived(&self, index: &Index<'h>) -> bool {
        self.lives(index).any(|(_, life)| !life.revivals.is_empty())
    }
}

/// All batches.
pub(super) fn of<'h>(
    index: &Index<'h>,
    records: &'h [BatchRecord],
) -> BTreeMap<BatchId, Together<'h>> {
    let mut batches: BTreeMap<BatchId, Together<'h>> = BTreeMap::new();
    for call in &index.calls {
        let written = call.jobs.iter().filter(|wanted| !call.existing.contains(&wanted.job));
        for wanted in written.filter(|wanted| index.is_there(wanted.job)) {
            if let Some(in_batch) = &wanted.in_batch {
                let together = batches.entry(in_batch.batch).or_default();
                together.members.push(wanted);
                together.undoes = together.undoes.or(in_batch.undoes);
            }
            for (batch, ends) in &wanted.after_batches {
                batches.entry(*batch).or_default().waiting.push((wanted, *ends));
            }
        }
    }
    for (batch, is_sealed) in &index.batch_notes.opened {
        batches.entry(*batch).or_default().is_open = !is_sealed;
    }
    for (batch, job, counted) in &index.batch_notes.told {
        batches.entry(*batch).or_default().told.push((*job, *counted));
    }
    for record in records {
        batches.entry(record.id).or_default().record = Some(record);
    }
    batches
}
