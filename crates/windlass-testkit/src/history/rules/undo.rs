//! B: what undoes a workflow.

use std::collections::BTreeMap;

use windlass_core::id::{BatchId, JobId};
use windlass_core::job::State;

use super::batches::was_over;
use crate::history::index::{Index, Life, Together};
use crate::history::record::Wanted;

/// A workflow, and the jobs that undo it.
struct Undone<'i, 'h> {
    index: &'i Index<'h>,
    flow: &'i Together<'h>,
    undos: Vec<(&'h Wanted, &'i Life<'h>)>,
}

/// I-B4: what undoes a step runs only where the step was completed and its workflow has failed, after all steps and after what
/// undoes those behind it, and only one job does it; then it does run, unless somebody cancels it. A workflow of which
/// somebody ran a job again is not judged.
pub(in crate::history) fn failed_workflows_are_undone_in_reverse(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for undone in workflows(index) {
        for (undo, life) in &undone.undos {
            let cases = match life.starts.is_empty() {
                true => undone.missing(undo, life).into_iter().collect(),
                false => undone.wrong(undo, life),
            };
            broken.extend(cases.into_iter().map(|case| format!("{}: {case}", undo.job)));
        }
    }
    broken
}

/// How many steps were undone.
pub(in crate::history) fn undone(index: &Index<'_>) -> usize {
    let undoing = index.batches.values().filter(|one| one.undoes.is_some());
    undoing.flat_map(|one| one.lives(index)).filter(|(_, life)| !life.starts.is_empty()).count()
}

/// Those that have ended, and of which nobody ran a job again.
fn workflows<'i, 'h>(index: &'i Index<'h>) -> impl Iterator<Item = Undone<'i, 'h>> {
    let mut undoing: BTreeMap<BatchId, Vec<&Together<'h>>> = BTreeMap::new();
    for together in index.batches.values() {
        if let Some(workflow) = together.undoes {
            undoing.entry(workflow).or_default().push(together);
        }
    }
    undoing.into_iter().filter_map(move |(workflow, undoing)| {
        let flow = index.batches.get(&workflow)?;
        let is_judged = |one: &Together<'h>| !one.is_revived(index);
        let has_ended = |life: &Life<'_>| life.ended.is_some_and(|ended| ended.state.is_terminal());
        let all_ended = flow.lives(index).all(|(_, life)| has_ended(life));
        let is_judged = all_ended && is_judged(flow) && undoing.iter().all(|one| is_judged(one));
        let undos = undoing.into_iter().flat_map(|one| one.lives(index)).collect();
        is_judged.then_some(Undone { index, flow, undos })
    })
}

impl Undone<'_, '_> {
    /// Why what undoes a step should not have run, or not then.
    fn wrong(&self, undo: &Wanted, life: &Life<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let name = step(undo);
        if !self.is_done(name) {
            wrong.push(format!("undid {name}, which was not done"));
        }
        if !self.has_failed() {
            wrong.push(format!("undid {name}, though nothing had failed"));
        }
        let early = self.flow.lives(self.index).filter(|(_, other)| !self.is_after(life, other));
        wrong.extend(early.map(|(other, _)| format!("undid {name} before {} ended", step(other))));
        for (other, its) in self.undos.iter().filter(|(_, its)| !its.starts.is_empty()) {
            if self.is_behind(step(other), name) && !self.is_after(life, its) {
                wrong.push(format!("undid {name} before {}", step(other)));
            }
            if step(other) == name && other.job != undo.job {
                wrong.push(format!("undid {name}, as {} did", other.job));
            }
        }
        wrong
    }

    /// That a step was not undone which should have been.
    fn missing(&self, undo: &Wanted, life: &Life<'_>) -> Option<String> {
        let is_left = life.ended.is_some_and(|ended| ended.state == State::Cancelled);
        let is_wanted = is_left && !life.is_cancel_asked;
        let name = step(undo);
        let is_broken = is_wanted && self.has_failed() && self.is_done(name);
        is_broken.then(|| format!("did not undo {name}, which was done"))
    }

    fn is_after(&self, life: &Life<'_>, other: &Life<'_>) -> bool {
        was_over(self.index, other, life)
    }

    fn has_failed(&self) -> bool {
        self.flow.lives(self.index).any(|(_, life)| !is_completed(life))
    }

    fn is_done(&self, name: &str) -> bool {
        self.flow.lives(self.index).any(|(one, life)| step(one) == name && is_completed(life))
    }

    /// Whether a step comes after another one, directly or through others.
    fn is_behind(&self, later: &str, earlier: &str) -> bool {
        let find = |name: &str| self.flow.members.iter().find(|one| step(one) == name);
        let (Some(later), Some(earlier)) = (find(later), find(earlier)) else { return false };
        let mut before: Vec<JobId> = later.after.clone();
        let mut nth = 0;
        while let Some(job) = before.get(nth).copied() {
            let its = self.flow.members.iter().filter(|one| one.job == job);
            let more: Vec<JobId> = its.flat_map(|one| one.after.iter().copied()).collect();
            before.extend(more);
            nth += 1;
        }
        before.contains(&earlier.job)
    }
}

fn is_completed(life: &Life<'_>) -> bool {
    life.ended.is_some_and(|ended| ended.state == State::Completed)
}

/// The name of a step, also of the one that a job undoes.
fn step(wanted: &Wanted) -> &str {
    wanted.in_batch.as_ref().and_then(|in_batch| in_batch.step.as_deref()).unwrap_or_default()
}
