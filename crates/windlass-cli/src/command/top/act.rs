//! Changes that a person asks for: done and entered in the audit as the commands that do the same.

use std::sync::Arc;

use windlass::job::Retried;
use windlass::queue::{Pause, Scope};
use windlass::store::{Now, Store};
use windlass::{JobId, StoreError};

use super::model::Change;
use crate::acts::{Asked, Doing, not_entered};
use crate::output::color::Tone;

/// How a change ended, in words.
pub(super) type Said = (Tone, String);

/// Does it.
pub(super) async fn change(store: Arc<dyn Store>, change: Change) -> Said {
    let asked = Asked::by_key(action(&change), target(&change), change.command());
    let doing = Doing::begin_on(asked, Some(Arc::clone(&store))).await;
    match apply(&*store, &change).await {
        Err(error) => (Tone::Bad, format!("failed to {}: {error}", change.command())),
        Ok(Done::Refused(why)) => (Tone::Attention, why),
        Ok(Done::Changed(what)) => match doing.enter(&store).await {
            Ok(()) => (Tone::Good, what),
            Err(error) => (Tone::Attention, not_entered(&error)),
        },
    }
}

enum Done {
    Changed(String),
    Refused(String),
}

async fn apply(store: &dyn Store, change: &Change) -> Result<Done, StoreError> {
    Ok(match change {
        Change::Pause(queue) => {
            store.pause(&Pause::queue(queue), Now::Database).await?;
            Done::Changed(format!("queue {queue} is paused; what runs goes on"))
        }
        Change::Resume(queue) => {
            store.resume(&Scope::Queue(queue.clone()), Now::Database).await?;
            Done::Changed(format!("queue {queue} goes on"))
        }
        Change::Retry(id) => {
            let retried = store.retry(&[*id], Now::Database).await?;
            retried.first().map_or_else(|| gone(*id), |retried| told(*id, *retried))
        }
    })
}

fn told(id: JobId, retried: Retried) -> Done {
    match retried {
        Retried::Now => Done::Changed(format!("{id} runs again")),
        Retried::Unneeded(state) => Done::Refused(format!("{id} is {state} by now")),
        Retried::Held(by) => {
            Done::Refused(format!("{id} stays dead: its unique key is held by {by}"))
        }
        Retried::Undone(workflow) => Done::Refused(format!(
            "{id} stays dead: it is a step of {workflow}, which is undone; see `windlass workflow show {workflow}`"
        )),
        Retried::Missing => gone(id),
        _ => Done::Refused(format!("{id} was not retried; see `windlass explain {id}`")),
    }
}

fn gone(id: JobId) -> Done {
    Done::Refused(format!("{id} is gone"))
}

const fn action(change: &Change) -> &'static str {
    match change {
        Change::Pause(_) => "queues.pause",
        Change::Resume(_) => "queues.resume",
        Change::Retry(_) => "jobs.retry",
    }
}

fn target(change: &Change) -> String {
    match change {
        Change::Pause(queue) | Change::Resume(queue) => format!("queues/{queue}"),
        Change::Retry(id) => format!("jobs/{id}"),
    }
}
