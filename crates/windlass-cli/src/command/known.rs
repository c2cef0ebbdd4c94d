//! Names that somebody knows: a slip of the finger should not go unseen.

use windlass::name::nearest;
use windlass::store::{Now, Store};

use crate::output::Output;

/// Warns where no job or worker knows a queue yet: it may be named before.
pub(super) async fn warn_of_queue(
    out: &Output,
    store: &dyn Store,
    name: &str,
) -> anyhow::Result<()> {
    let queues = store.queues(Now::Database).await?;
    let known: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
    if !known.contains(&name) {
        out.warn(&format!("no job or worker knows queue {name} yet{}", did_you_mean(name, &known)));
    }
    Ok(())
}

/// Warns where no live worker knows a kind.
pub(super) async fn warn_of_kind(
    out: &Output,
    store: &dyn Store,
    kind: &str,
) -> anyhow::Result<()> {
    let workers = store.workers().await?;
    let known: Vec<&str> = workers
        .iter()
        .flat_map(|worker| &worker.handlers)
        .filter_map(|handler| handler.as_str().rsplit_once('@'))
        .map(|(kind, _)| kind)
        .collect();
    if !known.contains(&kind) {
        out.warn(&format!("no live worker knows kind {kind} now{}", did_you_mean(kind, &known)));
    }
    Ok(())
}

/// What may have been meant, as a phrase to append.
pub(super) fn did_you_mean(name: &str, known: &[&str]) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
