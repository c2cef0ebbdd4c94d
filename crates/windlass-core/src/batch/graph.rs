//! A workflow as it is shown: its steps in their order, what each waits for, what blocks it, and the way that took longest.
//! Pure, except the reading.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::BatchRecord;
use crate::client::Client;
use crate::condition::{Awaited, ConditionRecord, ConditionState};
use crate::error::StoreError;
use crate::id::{BatchId, JobId};
use crate::job::{JobRecord, State};
use crate::limits::LISTED;
use crate::time::Timestamp;

/// A workflow with its steps.
#[derive(Debug, Clone, Serialize)]
pub struct WorkflowRecord {
    /// The batch of its steps.
    #[serde(flatten)]
    pub batch: BatchRecord,
    /// Its steps, each behind those it waits for.
    pub steps: Vec<WorkflowStep>,
    /// The names of the steps on the way that took, or takes, longest.
    pub critical_path: Vec<String>,
}

/// A step of a workflow as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct WorkflowStep {
    /// Its name.
    pub step: String,
    /// Its job.
    pub job: JobId,
    /// Where the job stands; of one that was pruned, how it ended.
    pub state: State,
    /// The steps it waits for, or has waited for.
    pub after: Vec<String>,
    /// How many steps lie before it, on the longest way.
    pub depth: usize,
    /// Where it waits: the steps at the root of it, which have failed, or else have not ended.
    pub blocked_by: Vec<String>,
    /// What else it waits for.
    pub waits_for: Vec<ConditionRecord>,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it ended so, or its last error.
    pub reason: Option<String>,
}

/// What was read of one step.
struct Read {
    step: String,
    job: JobId,
    ended: Option<State>,
    record: Option<JobRecord>,
    conditions: Vec<ConditionRecord>,
}

impl Client {
    /// A workflow with its steps, at most 1,000 of them: each by the job's name in the batch. `None` where there is no such
    /// batch.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn workflow(&self, id: BatchId) -> Result<Option<WorkflowRecord>, StoreError> {
        let Some(batch) = self.batch(id).await? else { return Ok(None) };
        let mut steps = Vec::new();
        for member in self.members(id, None, LISTED).await? {
            let record = self.job(member.job).await?;
            let conditions = self.conditions(member.job).await?;
            let step = member.step.unwrap_or_else(|| member.job.to_string());
            steps.push(Read { step, job: member.job, ended: member.ended, record, conditions });
        }
        let (steps, critical_path) = drawn(steps);
        Ok(Some(WorkflowRecord { batch, steps, critical_path }))
    }
}

fn drawn(read: Vec<Read>) -> (Vec<WorkflowStep>, Vec<String>) {
    let places: HashMap<JobId, usize> =
        read.iter().enumerate().map(|(nth, one)| (one.job, nth)).collect();
    let before: Vec<Vec<usize>> = read.iter().map(|one| before(one, &places)).collect();
    let depths = depths(&before);
    let mut steps: Vec<(usize, WorkflowStep)> = Vec::with_capacity(read.len());
    for (nth, one) in read.iter().enumerate() {
        let name = |other: &usize| read[*other].step.clone();
        let mut blocking = BTreeSet::new();
        if state(one) == State::Waiting {
            roots(&read, (&before, nth), &mut blocking, &mut BTreeSet::new());
        }
        let own = |one: &&ConditionRecord| {
            let of_step =
                matches!(one.awaits, Awaited::Job { job, .. } if places.contains_key(&job));
            !of_step && one.state == ConditionState::Open
        };
        let waits_for = one.conditions.iter().filter(own).cloned().collect();
        let record = one.record.as_ref();
        let error = record.and_then(|record| record.history.last()?.error.clone());
        steps.push((
            nth,
            WorkflowStep {
                step: one.step.clone(),
                job: one.job,
                state: state(one),
                after: before[nth].iter().map(name).collect(),
                depth: depths[nth],
                blocked_by: blocking.iter().map(name).collect(),
                waits_for,
                started_at: record.and_then(|record| record.started_at),
                finished_at: record.and_then(|record| record.finished_at),
                reason: record.and_then(|record| record.reason.clone()).or(error),
            },
        ));
    }
    let path = longest(&steps, &before);
    steps.sort_by_key(|(nth, step)| (step.depth, *nth));
    (steps.into_iter().map(|(_, step)| step).collect(), path)
}

fn state(one: &Read) -> State {
    let ended = one.ended.unwrap_or(State::Completed);
    one.record.as_ref().map_or(ended, |record| record.state)
}

/// The steps that this one waits for.
fn before(one: &Read, places: &HashMap<JobId, usize>) -> Vec<usize> {
    let place = |condition: &ConditionRecord| match condition.awaits {
        Awaited::Job { job, .. } => places.get(&job).copied(),
        _ => None,
    };
    one.conditions.iter().filter_map(place).collect()
}

/// How many steps lie before each, on the longest way. Steps wait for none that come later, so this ends.
fn depths(before: &[Vec<usize>]) -> Vec<usize> {
    let mut depths = vec![0; before.len()];
    for _ in 0..before.len() {
        let mut is_settled = true;
        for (nth, others) in before.iter().enumerate() {
            let depth = others.iter().map(|other| depths[*other] + 1).max().unwrap_or_default();
            is_settled &= depth == depths[nth];
            depths[nth] = depth.min(before.len());
        }
        if is_settled {
            break;
        }
    }
    depths
}

/// Adds the steps at the root of why this one waits: back along what is open, to what has failed or goes on by itself.
fn roots(
    read: &[Read],
    (before, nth): (&[Vec<usize>], usize),
    found: &mut BTreeSet<usize>,
    seen: &mut BTreeSet<usize>,
) {
    let open: Vec<JobId> = read[nth]
        .conditions
        .iter()
        .filter(|one| one.state == ConditionState::Open)
        .filter_map(|one| match one.awaits {
            Awaited::Job { job, .. } => Some(job),
            _ => None,
        })
        .collect();
    for other in before[nth].iter().filter(|other| open.contains(&read[**other].job)) {
        if !seen.insert(*other) {
            continue;
        }
        match state(&read[*other]) {
            State::Waiting => roots(read, (before, *other), found, seen),
            _ => {
                found.insert(*other);
            }
        }
    }
}

/// From the step that ended last, or has not ended, back along those that kept it for longest.
fn longest(steps: &[(usize, WorkflowStep)], before: &[Vec<usize>]) -> Vec<String> {
    let end = |nth: &usize| {
        let step = &steps[*nth].1;
        (step.finished_at.is_none(), step.finished_at, step.depth)
    };
    let mut path = Vec::new();
    // What was cancelled has not taken any time.
    let took = |nth: &usize| steps[*nth].1.state != State::Cancelled;
    let mut at = (0..steps.len()).filter(took).max_by_key(end);
    while let Some(nth) = at {
        path.push(steps[nth].1.step.clone());
        at = before[nth].iter().copied().max_by_key(end).filter(|_| path.len() <= steps.len());
    }
    path.reverse();
    path
}
