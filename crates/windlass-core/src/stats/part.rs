//! Part: what one process has counted, as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Counts, Histogram};
use crate::job::{Claimed, Outcome};
use crate::time::Timestamp;

/// What one process has counted since its last part. Its id makes it count once where it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsPart {
    /// Its id.
    pub id: Uuid,
    /// What was counted, as text.
    pub body: String,
}

/// How finely the time of a cell is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Grain {
    Ten,
    Hour,
}

/// What jobs of a queue and a kind did in some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) grain: Grain,
    pub(super) start: Timestamp,
    pub(super) queue: String,
    pub(super) kind: String,
    pub(super) counts: Counts,
}

impl Cell {
    /// Whether it is that of these ten seconds and of the job's queue and kind.
    pub(super) fn is_of(&self, start: Timestamp, job: &Claimed) -> bool {
        self.grain == Grain::Ten
            && self.start == start
            && self.queue == job.queue
            && self.kind == job.kind
    }
}

/// A cell as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    at: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    hour: bool,
    queue: String,
    kind: String,
    enqueued: u64,
    started: u64,
    died: u64,
    /// By [`Outcome::code`].
    ended: Vec<u64>,
    wait: BTreeMap<u64, u64>,
    run: BTreeMap<u64, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl StatsPart {
    pub(super) fn new(cells: &[Cell]) -> Self {
        let written: Vec<Written> = cells.iter().map(Written::of).collect();
        // Texts and numbers can be written as JSON.
        Self { id: Uuid::now_v7(), body: serde_json::to_string(&written).unwrap_or_default() }
    }

    #[cfg(test)]
    pub(super) fn cells(&self) -> Vec<Cell> {
        cells(&self.body)
    }
}

/// What a part has; nothing where it is of another form.
pub(super) fn cells(body: &str) -> Vec<Cell> {
    let written: Vec<Written> = serde_json::from_str(body).unwrap_or_else(|error| {
        tracing::debug!(%error, "a part of the stats cannot be read, and is left out");
        Vec::new()
    });
    written.into_iter().map(Written::cell).collect()
}

impl Written {
    fn of(cell: &Cell) -> Self {
        let counts = &cell.counts;
        Self {
            at: cell.start.as_micros(),
            hour: cell.grain == Grain::Hour,
            queue: cell.queue.clone(),
            kind: cell.kind.clone(),
            enqueued: counts.enqueued,
            started: counts.started,
            died: counts.died,
            ended: counts.ended.to_vec(),
            wait: counts.wait.to_map(),
            run: counts.run.to_map(),
        }
    }

    fn cell(self) -> Cell {
        let mut ended = [0; Outcome::ALL.len()];
        ended.iter_mut().zip(self.ended).for_each(|(ours, theirs)| *ours = theirs);
        Cell {
            grain: if self.hour { Grain::Hour } else { Grain::Ten },
            start: Timestamp::from_micros(self.at),
            queue: self.queue,
            kind: self.kind,
            counts: Counts {
                enqueued: self.enqueued,
                started: self.started,
                ended,
                died: self.died,
                wait: Histogram::of_map(&self.wait),
                run: Histogram::of_map(&self.run),
            },
        }
    }
}
