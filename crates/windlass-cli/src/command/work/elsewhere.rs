//! Subscriptions whose jobs this worker does not run: a slip of the finger in a kind or a queue has jobs that nobody runs.

use windlass::subscription::JobTarget;
use windlass::worker::WorkerRecord;
use windlass::{Client, Timestamp};

use super::plan::Plan;
use crate::command::known::did_you_mean;
use crate::output::Output;

/// Says of each subscription of the store, once, which of its jobs no live worker would run, this one included.
pub(super) async fn warn(out: &Output, client: &Client, plan: &Plan) -> anyhow::Result<()> {
    let now = client.store().facts().await?.now;
    let workers = client.workers().await?;
    for one in client.subscriptions().await? {
        let Some(job) = one.definition.target.job() else { continue };
        if let Some(what) = wrong(job, plan).filter(|_| !has_another(job, &workers, now)) {
            out.warn(&format!("subscription {}: {what}", one.name));
        }
    }
    Ok(())
}

/// Whether a live worker runs such jobs.
fn has_another(job: &JobTarget, workers: &[WorkerRecord], now: Timestamp) -> bool {
    workers.iter().filter(|worker| worker.expires_at > now).any(|worker| {
        worker.queues.contains(&job.queue)
            && worker.handlers.iter().any(|handler| handler.kind() == job.kind)
    })
}

/// Why this worker does not run such jobs, and what to do.
fn wrong(job: &JobTarget, plan: &Plan) -> Option<String> {
    let JobTarget { kind, queue, .. } = job;
    let Some(handler) = plan.handlers.iter().find(|handler| handler.kind == *kind) else {
        let kinds: Vec<&str> = plan.handlers.iter().map(|handler| handler.kind.as_str()).collect();
        let what = format!("no handler here runs kind {kind}, and no other live worker does");
        return Some(match did_you_mean(kind, &kinds) {
            near if near.is_empty() => format!("{what}: add one, or start a worker that has it"),
            near => format!("{what}{near}"),
        });
    };
    if plan.queues.iter().any(|(name, _)| name == queue) {
        return None;
    }
    let own = &handler.queue;
    Some(format!(
        "this worker does not serve queue {queue} of its jobs, and no other live worker does: say queue = \"{own}\", as the handler of \
         {kind} does, or start a worker that serves it"
    ))
}
