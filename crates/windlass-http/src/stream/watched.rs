//! The watched jobs of all viewers, as they were seen last.

use std::collections::HashMap;
use std::sync::Arc;

use windlass::JobId;
use windlass::job::JobHead;

/// Jobs that somebody watches. No I/O.
#[derive(Debug, Default)]
pub(super) struct Watched {
    jobs: HashMap<JobId, Seen>,
    /// Rises with each look that found a change.
    version: u64,
}

#[derive(Debug, Default)]
struct Seen {
    viewers: usize,
    /// The look that found it like this; 0 where it was not looked at yet.
    version: u64,
    /// `None` where there is no such job.
    head: Option<Arc<JobHead>>,
}

/// Jobs that have changed, as they are now.
pub(super) type Changed = Vec<(JobId, Option<Arc<JobHead>>)>;

impl Watched {
    /// Somebody more watches these.
    pub(super) fn add(&mut self, jobs: &[JobId]) {
        jobs.iter().for_each(|id| self.jobs.entry(*id).or_default().viewers += 1);
    }

    /// Somebody does not watch these any more.
    pub(super) fn remove(&mut self, jobs: &[JobId]) {
        for id in jobs {
            if let Some(seen) = self.jobs.get_mut(id) {
                seen.viewers -= 1;
            }
        }
        self.jobs.retain(|_, seen| seen.viewers > 0);
    }

    /// All of them.
    pub(super) fn ids(&self) -> Vec<JobId> {
        self.jobs.keys().copied().collect()
    }

    /// Whether some were never looked at.
    pub(super) fn has_new(&self) -> bool {
        self.jobs.values().any(|seen| seen.version == 0)
    }

    /// What a look at these has found; whether anything has changed.
    pub(super) fn note(&mut self, asked: &[JobId], found: Vec<JobHead>) -> bool {
        let mut found: HashMap<JobId, JobHead> =
            found.into_iter().map(|head| (head.id, head)).collect();
        let (version, mut has_changed) = (self.version + 1, false);
        for id in asked {
            let Some(seen) = self.jobs.get_mut(id) else { continue };
            let head = found.remove(id);
            if seen.version == 0 || seen.head.as_deref() != head.as_ref() {
                (seen.version, seen.head, has_changed) = (version, head.map(Arc::new), true);
            }
        }
        self.version = version;
        has_changed
    }

    /// Those of these that have changed since a look, and the look that this is of.
    pub(super) fn since(&self, jobs: &[JobId], version: u64) -> (Changed, u64) {
        let changed = jobs.iter().filter_map(|id| {
            let seen = self.jobs.get(id).filter(|seen| seen.version > version)?;
            Some((*id, seen.head.clone()))
        });
        (changed.collect(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use windlass::State;

    use super::*;

    fn head(id: JobId, state: State) -> JobHead {
        let (kind, queue) = ("k".to_owned(), "q".to_owned());
        JobHead { id, kind, queue, state, attempt: 1, tags: Vec::new(), progress: None }
    }

    #[test]
    fn what_has_changed_since_a_look_is_told() {
        let (mut watched, a, b) = (Watched::default(), JobId::new(), JobId::new());
        watched.add(&[a, b]);
        assert!(watched.has_new() && watched.since(&[a, b], 0).0.is_empty());
        assert!(watched.note(&[a, b], vec![head(a, State::Available)]));
        let (first, seen) = watched.since(&[a, b], 0);
        assert_eq!((first.len(), first[1].1.is_none(), watched.has_new()), (2, true, false));
        assert!(!watched.note(&[a, b], vec![head(a, State::Available)]));
        assert!(watched.since(&[a, b], seen).0.is_empty());
        assert!(watched.note(&[a, b], vec![head(a, State::Running)]));
        let (changed, _) = watched.since(&[a, b], seen);
        assert_eq!(changed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [a]);
    }

    #[test]
    fn a_job_is_looked_at_as_long_as_somebody_watches_it() {
        let (mut watched, job) = (Watched::default(), JobId::new());
        watched.add(&[job]);
        watched.add(&[job]);
        watched.remove(&[job]);
        assert_eq!(watched.ids(), [job]);
        watched.remove(&[job]);
        assert!(watched.ids().is_empty());
    }
}
