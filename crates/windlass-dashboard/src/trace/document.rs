//! What pages show of `trace.v1`.

use serde::Deserialize;
use windlass::{State, Timestamp};

/// A tree of jobs and events.
#[derive(Debug, Deserialize)]
pub(crate) struct Trace {
    pub(crate) members: Vec<Member>,
    pub(crate) is_cut: bool,
}

/// A job, which has a state, or an event.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) level: usize,
    pub(crate) is_torn_off: bool,
    pub(crate) name: String,
    pub(crate) queue: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) failures: Option<u32>,
    pub(crate) source: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
}

impl Trace {
    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// When the first of them was written.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.members.iter().map(|member| member.at).min()
    }

    /// When the last of them ended; now, where some have not.
    pub(crate) fn ends(&self, now: Timestamp) -> Timestamp {
        if self.is_under_way() {
            return now;
        }
        let ends = self.members.iter().map(|member| member.finished_at.unwrap_or(member.at));
        ends.max().unwrap_or(now)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.members.iter().any(Member::is_open)
    }

    pub(crate) fn jobs_in(&self, state: State) -> usize {
        self.members.iter().filter(|member| member.state == Some(state)).count()
    }

    pub(crate) fn events(&self) -> usize {
        self.members.iter().filter(|member| member.state.is_none()).count()
    }
}

impl Member {
    /// Whether it is a job that has not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.state.is_some_and(|state| !state.is_terminal())
    }

    /// Its page.
    pub(crate) fn href(&self) -> String {
        let folder = if self.state.is_some() { "jobs" } else { "events" };
        format!("{folder}/{}", crate::filter::encoded(&self.id))
    }
}
