//! A viewer: what one of those who watch is told, and when.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::request::Parts;
use futures_util::stream::{Stream, unfold};
use tokio::time::{Instant, sleep_until};
use windlass::JobId;
use windlass::job::JobHead;

use super::cursor::Cursor;
use super::document::{MessageBody, WatchedBody};
use super::format::Format;
use super::open;
use super::pace::Pace;
use super::ring::Placed;
use super::seat::{self, Seat};
use super::wanted::Wants;
use crate::access::Caller;
use crate::api::Api;
use crate::limits::STREAM_SILENCE;
use crate::problem::{Code, Problem};
use crate::who::Who;

/// Events that are gone through at a time.
const PART: usize = 500;
/// How long a caller may be told more where nobody can say whether he still may.
const TRUST: Duration = Duration::from_secs(8);

/// One who watches. It is asked for more when the connection has taken what it was given before: what it has not taken is not
/// even made.
pub(super) struct Viewer {
    api: Api,
    seat: Seat,
    caller: Caller,
    /// Who asked, to be asked again whether they may.
    request: Parts,
    format: Format,
    /// How far the log was gone through, where events are told.
    cursor: Option<Cursor>,
    pace: Pace,
    /// Which look at watched jobs, and which numbers of jobs, were told.
    jobs_seen: u64,
    counts_seen: u64,
    /// Watched jobs of which it was told that they are not there.
    absent: HashSet<JobId>,
    first: Option<Placed>,
    phase: Phase,
    alive_at: Instant,
    check_at: Instant,
    checked_at: Instant,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    Open,
    Ended,
}

impl Viewer {
    /// Takes a seat, and waits until it is known where the stream begins.
    pub(super) async fn join(
        api: &Api,
        (caller, request): (Caller, Parts),
        wants: Wants,
    ) -> Result<Self, Problem> {
        let by = Who::of(api, &request, Some(&caller));
        let seat = api.streams().take(api, by, wants)?;
        let first = match &seat.wants.events {
            Some(following) => Some(seat.session.place(following.from).await?),
            None => None,
        };
        let now = Instant::now();
        Ok(Self {
            api: api.clone(),
            format: Format::accepted(&request.headers),
            check_at: seat.session.next_check(now),
            seat,
            caller,
            request,
            cursor: first.map(|placed| placed.cursor),
            pace: Pace::default(),
            jobs_seen: 0,
            counts_seen: 0,
            absent: HashSet::new(),
            first,
            phase: Phase::Opening,
            alive_at: now + STREAM_SILENCE,
            checked_at: now,
        })
    }

    /// All that it is told.
    pub(super) fn messages(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(self, async |mut viewer| {
            let text = viewer.next().await?;
            Some((Ok(Bytes::from(text)), viewer))
        })
    }

    /// What it is told next; nothing once it has ended.
    async fn next(&mut self) -> Option<String> {
        let mut out = String::new();
        match self.phase {
            Phase::Opening => self.begin(&mut out),
            Phase::Open => {}
            Phase::Ended => return None,
        }
        while out.is_empty() {
            if let Err(problem) = self.check().await {
                self.phase = Phase::Ended;
                self.format.write(&mut out, MessageBody::end(&problem));
                break;
            }
            // What comes while it looks is looked at again.
            self.seat.news.mark_unchanged();
            let now = Instant::now();
            self.tell(&mut out, now);
            if out.is_empty() && self.alive_at <= now {
                self.format.write(&mut out, MessageBody::Alive { cursor: self.told() });
            }
            if out.is_empty() {
                self.wait().await;
            }
        }
        self.alive_at = Instant::now() + STREAM_SILENCE;
        Some(out)
    }

    fn begin(&mut self, out: &mut String) {
        self.phase = Phase::Open;
        let cursor = self.cursor.map(|cursor| cursor.to_string());
        self.format.write(out, MessageBody::Start { cursor });
        if let Some((why, cursor)) = self.first.and_then(|first| first.reset).zip(self.cursor) {
            self.format.write(out, MessageBody::Reset { cursor: cursor.to_string(), why });
        }
    }

    /// Whether it may be told anything more.
    async fn check(&mut self) -> Result<(), Problem> {
        let is_over = self.api.stopping().is_cancelled() || self.seat.session.ended.is_cancelled();
        if is_over {
            return Err(Problem::new(Code::Unavailable, "the server stops; connect again"));
        }
        if self.seat.lost().is_cancelled() {
            return Err(seat::given_up());
        }
        if self.check_at <= Instant::now() {
            self.check_rights().await?;
        }
        Ok(())
    }

    async fn check_rights(&mut self) -> Result<(), Problem> {
        // All ask at the same moment and one after the other: the first one's answer is good for the others with its token.
        let _one = self.seat.session.checking.lock().await;
        let asked = self.api.caller(&self.request).await;
        let now = Instant::now();
        self.check_at = self.seat.session.next_check(now);
        match asked {
            Ok(caller) => {
                (self.caller, self.checked_at) = (caller, now);
                open::check(&self.caller, &self.seat.wants)
            }
            // Nobody can say for the moment; what was true a moment ago holds a little longer.
            Err(problem)
                if problem.code() == Code::Unavailable && now < self.checked_at + TRUST =>
            {
                Ok(())
            }
            Err(problem) => Err(problem),
        }
    }

    /// Returns when there may be something to tell.
    async fn wait(&mut self) {
        let lost = self.seat.lost().clone();
        let due = self.pace.due().into_iter().chain([self.alive_at, self.check_at]).min();
        tokio::select! {
            _ = self.seat.news.changed() => {}
            () = sleep_until(due.unwrap_or(self.alive_at)) => {}
            () = self.api.stopping().cancelled() => {}
            () = self.seat.session.ended.cancelled() => {}
            () = lost.cancelled() => {}
        }
    }

    /// Writes all there is to tell now.
    fn tell(&mut self, out: &mut String, now: Instant) {
        self.tell_events(out, now);
        self.tell_jobs(out);
        self.tell_counts(out);
    }

    fn tell_events(&mut self, out: &mut String, now: Instant) {
        let Self { seat, cursor, pace, format, .. } = self;
        let Some((cursor, following)) = cursor.as_mut().zip(seat.wants.events.as_ref()) else {
            return;
        };
        if let Some(merged) = pace.flush(now) {
            let end = Cursor { position: merged.last, ..*cursor };
            format.write(out, MessageBody::merged(end, &merged));
        }
        loop {
            match seat.session.events_after(*cursor, PART) {
                Ok(part) if part.is_empty() => return,
                Ok(part) => {
                    for event in part {
                        cursor.position = event.position;
                        if following.wants(&event) && pace.tells(&event, now) {
                            format.write(out, MessageBody::event(*cursor, &event));
                        }
                    }
                }
                Err((why, end)) => {
                    pace.forget();
                    *cursor = end;
                    format.write(out, MessageBody::Reset { cursor: end.to_string(), why });
                }
            }
        }
    }

    fn tell_jobs(&mut self, out: &mut String) {
        let (changed, version) =
            self.seat.session.jobs_since(&self.seat.wants.jobs, self.jobs_seen);
        self.jobs_seen = version;
        let grant = self.caller.grant();
        let mut jobs = Vec::new();
        for (id, head) in &changed {
            let is_theirs = |head: &&JobHead| grant.covers(&head.queue, &head.kind, &head.tags);
            let head = head.as_deref().filter(is_theirs);
            // Of a job that is not there for the caller it is told once, whatever happens to it.
            let is_told = match head {
                Some(_) => {
                    self.absent.remove(id);
                    false
                }
                None => !self.absent.insert(*id),
            };
            if !is_told {
                jobs.push(WatchedBody::of(*id, head));
            }
        }
        if !jobs.is_empty() {
            self.format.write(out, MessageBody::Jobs { jobs });
        }
    }

    fn tell_counts(&mut self, out: &mut String) {
        if !self.seat.wants.counts {
            return;
        }
        if let Some((counts, version)) = self.seat.session.counts_since(self.counts_seen) {
            self.counts_seen = version;
            self.format.write(out, MessageBody::counts(&counts));
        }
    }

    /// The cursor behind what was told: not behind what is counted and will be told.
    fn told(&self) -> Option<String> {
        let cursor = self.cursor?;
        let position = self.pace.untold().map_or(cursor.position, |first| first - 1);
        Some(Cursor { position, ..cursor }.to_string())
    }
}
