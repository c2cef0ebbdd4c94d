//! What happens next to a job, when, and what a person may do about it.
use windlass::condition::{ConditionState, Waits};
use windlass::job::HandlerKey;
use windlass::limits::KEEP_FINISHED;
use windlass::queue::QueueRecord;
use windlass::store::{Now, Store};
use windlass::worker::WorkerRecord;
use windlass::{JobRecord, State, StoreError};

use super::super::condition;
use crate::output::Output;
use crate::output::escape::in_one_line;

/// What stands between the job and its end, and the command that changes it.
#[derive(Debug)]
pub(super) struct Next {
    /// What happens next.
    pub(super) what: String,
    /// A command to type, where there is something to do.
    pub(super) command: Option<String>,
}

impl Next {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), command: None }
    }

    fn with(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }
}

/// Looks at what the job waits for.
///
/// # Errors
/// When the store cannot be asked.
pub(super) async fn of(
    job: &JobRecord,
    store: &dyn Store,
    out: &Output,
) -> Result<Next, StoreError> {
    let expires_at = job.meta.expires_at(job.created_at).filter(|_| !job.state.is_terminal());
    if let Some(at) = expires_at.filter(|at| job.state != State::Running && *at <= out.now()) {
        let what = "it never runs, and the next sweep of a worker cancels it";
        return Ok(Next::new(format!("expired {}: {what}", out.moment_in_full(at)))
            .with(format!("windlass job retry {}   (runs it anyway)", job.id)));
    }
    if let Some(next) = awaited(job, store, out).await? {
        return Ok(next);
    }
    if let Some(next) = paused_kind(job, store).await? {
        return Ok(next);
    }
    Ok(match job.state {
        State::Waiting | State::Available => {
            let queues = store.queues(Now::Database).await?;
            let queue = queues.iter().find(|queue| queue.name == job.queue);
            waiting(job, queue, &store.workers().await?)
        }
        State::Scheduled => {
            Next::new(format!("becomes available {}", out.moment_in_full(job.run_at)))
                .with(format!("windlass job retry {}   (runs it now)", job.id))
        }
        State::Retryable => {
            Next::new(format!("attempt {} {}", job.attempt + 1, out.moment_in_full(job.run_at)))
                .with(format!("windlass job retry {}   (runs it now)", job.id))
        }
        State::Running if job.cancel_requested => {
            Next::new("its worker was told to stop it and ends the attempt")
        }
        State::Running => Next::new("its worker settles it; if that worker dies, another gets it")
            .with(format!("windlass job cancel {}", job.id)),
        State::Completed => Next::new(removal(job, out)),
        // What it waited for cannot come: it would run without it, or undo what is not to be undone.
        State::Cancelled if job.meta.waits.as_ref().is_some_and(Waits::may_cancel) => {
            Next::new(removal(job, out))
        }
        State::Cancelled => {
            Next::new(removal(job, out)).with(format!("windlass job retry {}", job.id))
        }
        State::Dead => Next::new("nothing: it is kept until a person decides")
            .with(format!("windlass job retry {}", job.id)),
    })
}

/// What a job waits for that has conditions; one that is parked has met them, and has a reason.
async fn awaited(
    job: &JobRecord,
    store: &dyn Store,
    out: &Output,
) -> Result<Option<Next>, StoreError> {
    if job.state != State::Waiting || job.meta.waits.is_none() || job.reason.is_some() {
        return Ok(None);
    }
    let conditions = store.conditions(job.id).await?;
    let open = conditions.iter().filter(|one| one.state == ConditionState::Open);
    let told: Vec<_> = open.map(|one| condition::told(out, one)).collect();
    let next = Next::new(format!("waits for {}", told.join("; ")));
    Ok(Some(next.with(format!("windlass explain {}", job.id))))
}

/// What keeps a job that its kind's pause holds back.
async fn paused_kind(job: &JobRecord, store: &dyn Store) -> Result<Option<Next>, StoreError> {
    if !matches!(job.state, State::Waiting | State::Available) {
        return Ok(None);
    }
    let paused = store.paused_kinds(Now::Database).await?;
    let found = paused.iter().find(|paused| paused.kind == job.kind).map(|paused| {
        let note = paused
            .note
            .as_deref()
            .map_or_else(String::new, |note| format!(": {}", in_one_line(note)));
        Next::new(format!("waits: kind {} is paused{note}", job.kind))
            .with(format!("windlass kind resume {}", job.kind))
    });
    Ok(found)
}

fn removal(job: &JobRecord, out: &Output) -> String {
    match job.finished_at {
        Some(finished) => format!("removed {}", out.moment_in_full(finished.after(KEEP_FINISHED))),
        None => "removed when its time of keeping is over".to_owned(),
    }
}

fn waiting(job: &JobRecord, queue: Option<&QueueRecord>, workers: &[WorkerRecord]) -> Next {
    if let Some(paused) = queue.filter(|queue| queue.paused_at.is_some()) {
        let note = paused
            .note
            .as_deref()
            .map_or_else(String::new, |note| format!(": {}", in_one_line(note)));
        return Next::new(format!("waits: queue {} is paused{note}", job.queue))
            .with(format!("windlass queue resume {}", job.queue));
    }
    let serving: Vec<&WorkerRecord> =
        workers.iter().filter(|worker| worker.queues.contains(&job.queue)).collect();
    if serving.is_empty() {
        return Next::new(format!("waits: no live worker serves queue {}", job.queue))
            .with("windlass worker list");
    }
    let key = HandlerKey::new(&job.kind, job.version);
    let knowing = serving.iter().filter(|worker| worker.handlers.contains(&key));
    let awake = knowing.clone().filter(|worker| worker.takes_work()).count();
    match (knowing.count(), awake) {
        (0, _) => Next::new(format!(
            "waits: no live worker of queue {} knows {}",
            job.queue,
            key.as_str()
        ))
        .with("windlass doctor"),
        (_, 0) => Next::new("waits: every worker that knows it takes no new work")
            .with("windlass worker list"),
        (_, 1) => Next::new("taken by the next free slot of 1 worker"),
        (_, awake) => Next::new(format!("taken by the next free slot of {awake} workers")),
    }
}
