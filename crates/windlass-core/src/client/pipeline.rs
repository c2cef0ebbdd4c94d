//! What every job passes on its way to a store, whichever call enqueues it.

use std::sync::Arc;

use crate::condition::{Signal, check_order};
use crate::error::Refusal;
use crate::event::{IntoEvent, NewEvent};
use crate::id::JobId;
use crate::job::{Cipher, IntoDraft, NewJob, Undecryptable, decrypted, encrypt};
use crate::json::Json;
use crate::limits;

/// Sees every job that a [`Client`](super::Client) enqueues, and every event that it publishes, before it is written; may change or
/// refuse it.
pub trait EnqueueLayer: Send + Sync + 'static {
    /// The layer's name, for refusals.
    fn name(&self) -> &'static str;

    /// Looks at a job. Jobs that come of events pass no layer: a subscription makes them.
    ///
    /// # Errors
    /// A reason for which the job must not be written.
    fn on_enqueue(&self, job: &mut NewJob) -> Result<(), String> {
        let _ = job;
        Ok(())
    }

    /// Looks at an event.
    ///
    /// # Errors
    /// A reason for which the event must not be published.
    fn on_publish(&self, event: &mut NewEvent) -> Result<(), String> {
        let _ = event;
        Ok(())
    }
}

/// A job whose handler enqueues and publishes: what it writes comes of it.
#[derive(Debug, Clone)]
pub struct Parent {
    /// The job.
    pub job: JobId,
    /// The job or event at the root of its tree.
    pub root: JobId,
    /// Its W3C trace context.
    pub traceparent: Option<String>,
    /// How many jobs and events there are between it and the root, and itself; 0 for the root.
    pub depth: u16,
}

impl Parent {
    /// How deep below the root its children are, and what is stored of that.
    fn depth_below(&self) -> Result<Option<u16>, Refusal> {
        let depth = self.depth.saturating_add(1);
        if depth > limits::TREE_DEPTH {
            let (parent, depth, limit) = (self.job, self.depth, limits::TREE_DEPTH);
            return Err(Refusal::Depth { parent, depth, limit });
        }
        Ok(stored_depth(depth))
    }
}

/// What is stored of a depth: one of 1 is told by the parent.
pub(crate) fn stored_depth(depth: u16) -> Option<u16> {
    (depth > 1).then_some(depth)
}

/// The depth of a job or an event, of what is stored of it.
pub(crate) fn depth_of(stored: Option<u16>, parent: Option<JobId>) -> u16 {
    stored.unwrap_or_else(|| parent.is_some().into())
}

/// Layers, origin, parent and checks. A client has one, and so has a transaction seen through a
/// client.
#[derive(Clone, Default)]
pub struct EnqueuePipeline {
    layers: Arc<[Arc<dyn EnqueueLayer>]>,
    origin: Option<Arc<str>>,
    parent: Option<Arc<Parent>>,
    cipher: Option<Arc<dyn Cipher>>,
}

impl std::fmt::Debug for EnqueuePipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layers: Vec<&str> = self.layers.iter().map(|layer| layer.name()).collect();
        f.debug_struct("EnqueuePipeline")
            .field("layers", &layers)
            .field("origin", &self.origin)
            .field("parent", &self.parent.as_ref().map(|parent| parent.job))
            .field("encrypts", &self.cipher.is_some())
            .finish()
    }
}

impl EnqueuePipeline {
    /// Who enqueues and publishes, for the records of jobs and events.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<Arc<str>>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    pub(super) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Adds a layer, behind those that are there.
    #[must_use]
    pub fn with_layer(mut self, layer: Arc<dyn EnqueueLayer>) -> Self {
        self.layers = self.layers.iter().cloned().chain([layer]).collect();
        self
    }

    /// What jobs and events come of.
    #[must_use]
    pub fn with_parent(mut self, parent: Parent) -> Self {
        self.parent = Some(Arc::new(parent));
        self
    }

    /// Encrypts the args of jobs.
    #[must_use]
    pub fn with_cipher(mut self, cipher: Arc<dyn Cipher>) -> Self {
        self.cipher = Some(cipher);
        self
    }

    /// The args of this job before they were encrypted; `None` where they are not.
    pub(crate) fn decrypted(
        &self,
        job: (&str, JobId),
        args: &Json,
    ) -> Option<Result<Json, Undecryptable>> {
        decrypted(self.cipher.as_deref(), job, args)
    }

    /// The job to be written.
    ///
    /// # Errors
    /// When the job cannot be stored or a layer refuses it.
    pub fn prepare(&self, draft: impl IntoDraft) -> Result<NewJob, Refusal> {
        let mut job = draft.into_draft().into_new_job()?;
        if job.parent.is_none() {
            self.adopt(&mut job)?;
        }
        for layer in self.layers.iter() {
            layer
                .on_enqueue(&mut job)
                .map_err(|reason| Refusal::Layer { layer: layer.name(), reason })?;
        }
        job.check()?;
        if let Some(cipher) = &self.cipher {
            encrypt(&**cipher, &mut job)?;
        }
        Ok(job)
    }

    /// The jobs of one call.
    ///
    /// # Errors
    /// As [`EnqueuePipeline::prepare`], and when there are more than one call may have.
    pub fn prepare_all<D: IntoDraft>(
        &self,
        drafts: impl IntoIterator<Item = D>,
    ) -> Result<Vec<NewJob>, Refusal> {
        let limit = limits::ENQUEUE_JOBS;
        let mut drafts = drafts.into_iter();
        let jobs = drafts.by_ref().take(limit).map(|draft| self.prepare(draft));
        let jobs: Vec<NewJob> = jobs.collect::<Result<_, _>>()?;
        if drafts.next().is_some() {
            let more = drafts.size_hint().0.saturating_add(1);
            return Err(Refusal::Many { jobs: jobs.len().saturating_add(more), limit });
        }
        check_order(jobs.iter().map(|job| (job.id, job.meta.waits.as_ref())))?;
        Ok(jobs)
    }

    /// A signal as it is told: by whom, where it does not say so itself.
    ///
    /// # Errors
    /// When its key cannot be used.
    pub fn prepare_signal(&self, mut signal: Signal) -> Result<Signal, Refusal> {
        signal.check()?;
        if signal.origin.is_none() {
            let parent = self.parent.as_ref().map(|parent| parent.job.to_string());
            signal.origin = parent.or_else(|| self.origin.as_deref().map(str::to_owned));
        }
        Ok(signal)
    }

    /// An event as it is published: by whom, where it does not say so itself.
    ///
    /// # Errors
    /// What of it cannot be stored.
    pub fn prepare_event(&self, event: impl IntoEvent) -> Result<NewEvent, Refusal> {
        let mut event = event.into_event()?;
        if let Some(parent) = self.parent.as_ref().filter(|_| event.parent.is_none()) {
            event.parent = Some(parent.job);
            event.root = Some(parent.root);
            event.meta.depth = parent.depth_below()?;
            if event.meta.traceparent.is_none() {
                event.meta.traceparent.clone_from(&parent.traceparent);
            }
        } else if event.meta.origin.is_none() {
            event.meta.origin = self.origin.as_deref().map(str::to_owned);
        }
        for layer in self.layers.iter() {
            layer
                .on_publish(&mut event)
                .map_err(|reason| Refusal::Layer { layer: layer.name(), reason })?;
        }
        event.check_from_outside()?;
        Ok(event)
    }

    /// The events of one call.
    ///
    /// # Errors
    /// As [`EnqueuePipeline::prepare_event`], and when there are more than one call may have.
    pub fn prepare_events<E: IntoEvent>(
        &self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<NewEvent>, Refusal> {
        let limit = limits::PUBLISH_EVENTS;
        let mut events = events.into_iter();
        let prepared = events.by_ref().take(limit).map(|event| self.prepare_event(event));
        let prepared: Vec<NewEvent> = prepared.collect::<Result<_, _>>()?;
        if events.next().is_some() {
            let more = events.size_hint().0.saturating_add(1);
            return Err(Refusal::ManyEvents { events: prepared.len().saturating_add(more), limit });
        }
        Ok(prepared)
    }

    /// Says where the job comes from: the job that enqueues it, or else who this client is.
    fn adopt(&self, job: &mut NewJob) -> Result<(), Refusal> {
        if let Some(parent) = &self.parent {
            job.parent = Some(parent.job);
            job.root = Some(parent.root);
            if let Some(depth) = parent.depth_below()? {
                job.meta.depth = Some(depth);
            }
            if job.meta.traceparent.is_none() && parent.traceparent.is_some() {
                job.meta.traceparent.clone_from(&parent.traceparent);
            }
        } else if job.origin.is_none() {
            job.origin = self.origin.as_deref().map(str::to_owned);
        }
        Ok(())
    }
}
