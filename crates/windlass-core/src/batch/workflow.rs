//! Workflows: batches whose jobs have names and wait for each other, as they are made.

use std::collections::HashMap;

use super::order::{descendants_with, ordered};
use super::{Begins, Membership};
use crate::condition::{Ends, Waits};
use crate::error::Refusal;
use crate::id::BatchId;
use crate::job::{Draft, IntoDraft, NewJob};
use crate::limits::EDGES;

/// A graph of jobs, written in one transaction. Each step has a name, runs after those it names, and reads their outputs
/// by their names with [`AttemptContext::input`].
///
/// [`AttemptContext::input`]: crate::context::AttemptContext::input
#[derive(Debug, Clone)]
#[must_use = "a workflow does nothing until it is started"]
pub struct Workflow {
    id: BatchId,
    begins: Begins,
    steps: Vec<Step>,
}

/// One step of a workflow.
#[derive(Debug, Clone)]
#[must_use = "a step does nothing until it is part of a workflow"]
pub struct Step {
    name: String,
    draft: Draft<()>,
    after: Vec<(String, Ends)>,
    undo: Option<Draft<()>>,
}

impl Step {
    /// A step with this name: a payload, or its draft.
    pub fn new<J>(name: impl Into<String>, draft: impl IntoDraft<Payload = J>) -> Self {
        let draft = draft.into_draft().any_kind();
        Self { name: name.into(), draft, after: Vec::new(), undo: None }
    }

    /// Not before these steps are completed. Where one of them is dead it waits: a retry of that one lets it go on.
    pub fn after<N: Into<String>>(self, steps: impl IntoIterator<Item = N>) -> Self {
        self.after_ends(steps, Ends::COMPLETED)
    }

    /// Not before these steps have ended, however: it goes on where they have failed.
    pub fn after_any_end<N: Into<String>>(self, steps: impl IntoIterator<Item = N>) -> Self {
        self.after_ends(steps, Ends::ANY)
    }

    /// Not before these steps have ended so.
    pub fn after_ends<N: Into<String>>(
        mut self,
        steps: impl IntoIterator<Item = N>,
        ends: Ends,
    ) -> Self {
        self.after.extend(steps.into_iter().map(|step| (step.into(), ends)));
        self
    }

    /// What undoes it, where it was completed and the workflow fails: these jobs run in the reverse order of the steps, once
    /// all steps have ended. A workflow that has any does not wait for retries of a step that is dead: what comes after that
    /// step is cancelled. It reads the step's output by the step's name.
    pub fn undo<J>(mut self, draft: impl IntoDraft<Payload = J>) -> Self {
        self.undo = Some(draft.into_draft().any_kind());
        self
    }
}

impl Workflow {
    /// A workflow of this name, which says which one it is, such as `vm.provision`.
    pub fn new(name: impl Into<String>) -> Self {
        let begins = Begins { name: Some(name.into()), ..Begins::default() };
        Self { id: BatchId::new(), begins, steps: Vec::new() }
    }

    /// There is one batch or workflow with this key, as long as it is kept: starting another answers with the first, and
    /// writes nothing.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.begins.key = Some(key.into());
        self
    }

    /// The id of the caller's choice.
    pub const fn with_id(mut self, id: BatchId) -> Self {
        self.id = id;
        self
    }

    /// Its id. Another job waits for its end with [`Waits::batch`].
    #[must_use]
    pub const fn id(&self) -> BatchId {
        self.id
    }

    /// One more step, in whatever order.
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// More steps.
    pub fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self
    }

    /// What is written, each job behind those it waits for.
    pub(crate) fn into_jobs(self) -> Result<Vec<NewJob>, Refusal> {
        if self.steps.is_empty() {
            return Err(Refusal::EmptyBatch);
        }
        let edges = self.steps.iter().map(|step| step.after.len()).sum::<usize>();
        if edges > EDGES {
            return Err(Refusal::Edges { edges, limit: EDGES });
        }
        self.begins.check()?;
        let graph: Vec<(&str, Vec<&str>)> = self
            .steps
            .iter()
            .map(|step| (&*step.name, step.after.iter().map(|(name, _)| &**name).collect()))
            .collect();
        let order = ordered(&graph)?;
        let undone = descendants_with(&graph, &order, |nth| self.steps[nth].undo.is_some());
        let may_undo = self.steps.iter().any(|step| step.undo.is_some());
        let mut writing = Writing {
            id: self.id,
            undoing: BatchId::new(),
            begins: Some(self.begins),
            may_undo,
            jobs: HashMap::new(),
            undos: HashMap::new(),
        };
        let mut steps: Vec<Option<Step>> = self.steps.into_iter().map(Some).collect();
        let mut undos = Vec::new();
        let mut written = Vec::with_capacity(steps.len());
        for nth in &order {
            let Some(mut step) = steps[*nth].take() else { continue };
            let undo = step.undo.take();
            let name = step.name.clone();
            written.push(writing.step(step)?);
            undos.extend(undo.map(|draft| (*nth, name, draft)));
        }
        for (nth, name, draft) in undos.into_iter().rev() {
            written.push(writing.undo((nth, name), draft, &undone[nth])?);
        }
        Ok(written)
    }
}

/// The jobs that were made, by their steps.
struct Writing {
    id: BatchId,
    undoing: BatchId,
    begins: Option<Begins>,
    may_undo: bool,
    jobs: HashMap<String, crate::id::JobId>,
    undos: HashMap<usize, (String, crate::id::JobId)>,
}

impl Writing {
    fn step(&mut self, step: Step) -> Result<NewJob, Refusal> {
        let mut waits = Waits::all();
        for (other, ends) in &step.after {
            // Steps come in their order, so it is there.
            if let Some(job) = self.jobs.get(other) {
                waits = waits.job_ended(other.clone(), *job, *ends);
            }
        }
        let waits = if self.may_undo { waits.or_cancel() } else { waits };
        let draft = if step.after.is_empty() { step.draft } else { step.draft.waits_too(waits) };
        let mut job = draft.into_new_job()?;
        self.jobs.insert(step.name.clone(), job.id);
        let begins = self.begins.take().map(Box::new);
        job.meta.member = Some(Membership { batch: self.id, step: Some(step.name), begins });
        Ok(job)
    }

    /// Runs where the workflow has failed and the step was completed, after what undoes the steps behind it.
    fn undo(
        &mut self,
        (nth, name): (usize, String),
        draft: Draft<()>,
        behind: &[usize],
    ) -> Result<NewJob, Refusal> {
        let mut waits = Waits::all().batch_ended("the workflow has failed", self.id, Ends::DEAD);
        if let Some(job) = self.jobs.get(&name) {
            waits = waits.job(name.clone(), *job);
        }
        for other in behind {
            if let Some((step, job)) = self.undos.get(other) {
                waits = waits.job_ended(format!("undo {step}"), *job, Ends::ANY);
            }
        }
        let mut job = draft.waits_too(waits.or_cancel()).into_new_job()?;
        let begins = self
            .undos
            .is_empty()
            .then(|| Box::new(Begins { undoes: Some(self.id), ..Begins::default() }));
        job.meta.member =
            Some(Membership { batch: self.undoing, step: Some(name.clone()), begins });
        self.undos.insert(nth, (name, job.id));
        Ok(job)
    }
}
