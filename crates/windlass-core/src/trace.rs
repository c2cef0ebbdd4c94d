//! Traces: what has come of what, across jobs and events.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::client::Client;
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::{EventId, JobId};
use crate::job::JobRecord;
use crate::limits::{PUBLISH_EVENTS, TRACED};
use crate::store::Now;
use crate::subscription::{event_of, job_of};
use crate::time::Timestamp;

/// A job or an event, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberId {
    /// A job.
    Job(JobId),
    /// An event.
    Event(EventId),
}

impl From<JobId> for MemberId {
    fn from(id: JobId) -> Self {
        Self::Job(id)
    }
}

impl From<EventId> for MemberId {
    fn from(id: EventId) -> Self {
        Self::Event(id)
    }
}

/// A tree of jobs and events: all that has come of one job, event or call, as far as it is still there.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its members, each before what has come of it, brothers by age.
    pub members: Vec<Member>,
    /// Whether there are more, which are not shown.
    pub is_cut: bool,
}

/// A job or an event of a tree.
#[derive(Debug, Clone)]
pub struct Member {
    /// It.
    pub what: What,
    /// How deep it is shown: below as many others, which come before it.
    pub level: usize,
    /// Whether it comes of one that is not there any more.
    pub is_torn_off: bool,
}

/// What a member of a tree is.
#[derive(Debug, Clone)]
pub enum What {
    /// A job.
    Job(Box<JobRecord>),
    /// An event.
    Event(Box<EventRecord>),
}

impl What {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> MemberId {
        match self {
            Self::Job(job) => MemberId::Job(job.id),
            Self::Event(event) => MemberId::Event(event.id),
        }
    }

    fn uuid(&self) -> Uuid {
        match self {
            Self::Job(job) => job.id.as_uuid(),
            Self::Event(event) => event.id.as_uuid(),
        }
    }

    /// What it comes of: a job, or of a job that comes of an event, that event.
    #[must_use]
    pub const fn parent(&self) -> Option<JobId> {
        match self {
            Self::Job(job) => job.parent,
            Self::Event(event) => event.parent,
        }
    }

    const fn root(&self) -> Option<JobId> {
        match self {
            Self::Job(job) => job.root,
            Self::Event(event) => event.root,
        }
    }

    /// When it was written.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Job(job) => job.created_at,
            Self::Event(event) => event.recorded_at.unwrap_or(event.time),
        }
    }
}

/// Traces.
impl Client {
    /// The whole tree that a job or an event belongs to, whichever of its members this is; `None` where there is no such one.
    /// At most 1,000 jobs and 1,000 events of it.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn trace(&self, member: impl Into<MemberId>) -> Result<Option<Trace>, StoreError> {
        let store = self.store();
        // What was just published has its place in the log.
        while store.sequence(PUBLISH_EVENTS, Now::Database).await? >= PUBLISH_EVENTS as u64 {}
        let uuid = match member.into() {
            MemberId::Job(id) => id.as_uuid(),
            MemberId::Event(id) => id.as_uuid(),
        };
        // The root of a tree is told as a job's id, also where it is an event.
        let found = self.member(uuid).await?;
        let root = found.as_ref().and_then(What::root).unwrap_or_else(|| JobId::from_uuid(uuid));
        let mut events = store.events_of_tree(root, TRACED + 1).await?;
        let mut is_cut = events.len() > TRACED;
        events.truncate(TRACED);
        let of_events: Vec<_> = events.iter().filter_map(ids_of_jobs).collect();
        let mut jobs = store.jobs_of_tree(root, &of_events, TRACED + 1).await?;
        is_cut |= jobs.len() > TRACED;
        jobs.truncate(TRACED);
        let events = events.into_iter().map(|event| What::Event(Box::new(event)));
        let jobs = jobs.into_iter().map(|job| What::Job(Box::new(job)));
        let mut all: Vec<What> = events.chain(jobs).collect();
        all.extend(found.filter(|found| !all.iter().any(|one| one.id() == found.id())));
        let lost = self.lost_parents(&all).await?;
        all.extend(lost);
        Ok((!all.is_empty()).then(|| Trace { members: in_order(all), is_cut }))
    }

    /// The job or the event with this id.
    async fn member(&self, uuid: Uuid) -> Result<Option<What>, StoreError> {
        if let Some(job) = self.store().job(JobId::from_uuid(uuid)).await? {
            return Ok(Some(What::Job(Box::new(job))));
        }
        let event = self.store().event(EventId::from_uuid(uuid)).await?;
        Ok(event.map(|event| What::Event(Box::new(event))))
    }

    /// Jobs that came of events are found by these: where one was removed before its job, by what came of the job.
    async fn lost_parents(&self, all: &[What]) -> Result<Vec<What>, StoreError> {
        let known: HashSet<Uuid> = all.iter().map(What::uuid).collect();
        let parents: HashSet<JobId> = all.iter().filter_map(What::parent).collect();
        let is_lost = |id: &JobId| event_of(*id).is_some() && !known.contains(&id.as_uuid());
        let lost: Vec<_> =
            parents.into_iter().filter(is_lost).take(LOST).map(|id| (id, id)).collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        // By their ids alone: no tree has this root.
        let jobs = self.store().jobs_of_tree(JobId::LAST, &lost, LOST).await?;
        Ok(jobs.into_iter().map(|job| What::Job(Box::new(job))).collect())
    }
}

/// Jobs that are looked for since others came of them.
const LOST: usize = 100;

/// The first and the last id that a job of an event can have.
fn ids_of_jobs(event: &EventRecord) -> Option<(JobId, JobId)> {
    let of = |number| Some(job_of(event.recorded_at?, event.position?, number));
    Some((of(0)?, of(u32::MAX)?))
}

/// Each before what has come of it.
fn in_order(mut all: Vec<What>) -> Vec<Member> {
    all.sort_by_key(|one| (one.at(), one.uuid()));
    let known: HashSet<Uuid> = all.iter().map(What::uuid).collect();
    let mut below: HashMap<Uuid, Vec<What>> = HashMap::new();
    let mut open = Vec::new();
    for one in all {
        match one.parent().map(|id| id.as_uuid()) {
            // One that says it comes of itself comes of nothing.
            Some(parent) if known.contains(&parent) && parent != one.uuid() => {
                below.entry(parent).or_default().push(one);
            }
            parent => open.push(Member { what: one, level: 0, is_torn_off: parent.is_some() }),
        }
    }
    open.reverse();
    let mut members = Vec::with_capacity(known.len());
    while let Some(member) = open.pop() {
        let children = below.remove(&member.what.uuid()).unwrap_or_default();
        let level = member.level + 1;
        let child = |what| Member { what, level, is_torn_off: false };
        open.extend(children.into_iter().rev().map(child));
        members.push(member);
    }
    // Those that come of each other in a ring, as a caller may write them, come of nothing.
    let mut rest: Vec<What> = below.into_values().flatten().collect();
    rest.sort_by_key(|one| (one.at(), one.uuid()));
    members.extend(rest.into_iter().map(|what| Member { what, level: 0, is_torn_off: true }));
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;

    fn event(nth: u128, parent: Option<u128>) -> What {
        let new = NewEvent::bare("it.happened");
        let at = Timestamp::from_micros(i64::try_from(nth).expect("small"));
        let mut record = EventRecord::of(new, at);
        record.id = EventId::from_uuid(Uuid::from_u128(nth));
        record.parent = parent.map(|parent| JobId::from_uuid(Uuid::from_u128(parent)));
        What::Event(Box::new(record))
    }

    fn shown(all: Vec<What>) -> Vec<(u128, usize, bool)> {
        let shown = |one: &Member| (one.what.uuid().as_u128(), one.level, one.is_torn_off);
        in_order(all).iter().map(shown).collect()
    }

    #[test]
    fn each_comes_before_what_has_come_of_it() {
        let all = vec![
            event(5, Some(2)),
            event(4, Some(1)),
            event(2, Some(1)),
            event(3, Some(2)),
            event(1, None),
        ];
        let expected = [(1, 0, false), (2, 1, false), (3, 2, false), (5, 2, false), (4, 1, false)];
        assert_eq!(shown(all), expected);
    }

    #[test]
    fn what_comes_of_one_that_is_gone_stands_alone() {
        let all = vec![event(1, None), event(3, Some(9)), event(4, Some(3))];
        assert_eq!(shown(all), [(1, 0, false), (3, 0, true), (4, 1, false)]);
    }

    #[test]
    fn a_ring_loses_none() {
        let all = vec![event(1, Some(2)), event(2, Some(1)), event(3, Some(3))];
        assert_eq!(shown(all), [(3, 0, true), (1, 0, true), (2, 0, true)]);
    }
}
