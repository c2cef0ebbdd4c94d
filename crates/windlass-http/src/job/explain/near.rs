//! What may have been meant by a queue, a kind or a version that no worker knows.

use windlass::job::{Explanation, Gate};
use windlass::name::nearest;
use windlass::worker::WorkerRecord;

/// A sentence for each name that is near to one that is known, and the versions that are known of its kind.
pub(super) fn notes(explained: &Explanation, workers: &[WorkerRecord]) -> Vec<String> {
    explained.shut().filter_map(|gate| note(explained, workers, gate)).collect()
}

fn note(explained: &Explanation, workers: &[WorkerRecord], gate: &Gate) -> Option<String> {
    match gate {
        Gate::Workers { .. } => {
            let known: Vec<&str> =
                workers.iter().flat_map(|worker| &worker.queues).map(String::as_str).collect();
            let near = nearest(&explained.queue, &known)?;
            let id = explained.job;
            Some(format!("was queue `{near}` meant? windlass job move {id} --to {near}"))
        }
        Gate::Handler { workers: elsewhere, .. } if elsewhere.is_empty() => {
            versions(&explained.kind, workers).or_else(|| near_kind(&explained.kind, workers))
        }
        _ => None,
    }
}

/// Each kind and version that a worker knows, with the worker.
fn known(workers: &[WorkerRecord]) -> impl Iterator<Item = (&str, &str, &str)> {
    workers.iter().flat_map(|worker| {
        let keys = worker.handlers.iter().filter_map(|key| key.as_str().rsplit_once('@'));
        keys.map(|(kind, version)| (kind, version, worker.label.as_str()))
    })
}

fn versions(kind: &str, workers: &[WorkerRecord]) -> Option<String> {
    let of_kind = known(workers).filter(|(other, ..)| *other == kind);
    let each: Vec<String> =
        of_kind.map(|(kind, version, worker)| format!("{kind}@{version} by {worker}")).collect();
    (!each.is_empty()).then(|| format!("other versions are known: {}", each.join(", ")))
}

fn near_kind(kind: &str, workers: &[WorkerRecord]) -> Option<String> {
    let kinds: Vec<&str> = known(workers).map(|(kind, ..)| kind).collect();
    nearest(kind, &kinds).map(|near| format!("was kind `{near}` meant? {kind} is not known"))
}
