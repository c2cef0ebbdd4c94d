//! Gathers attempts until they are a call. Each is an attempt like any other: with its slot, its lease, its time limit and
//! its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::call::{Answer, Call};
use super::{ChunkHandler, Chunks};
use crate::context::AttemptContext;
use crate::handler::{Handler, HandlerFuture};
use crate::job::JobError;
use crate::json::Json;
use crate::panics::Caught;

/// The handler that a worker sees: what it is given waits here for its call.
pub(super) struct Collector(Arc<Shared>);

struct Shared {
    chunks: Chunks,
    handler: Arc<dyn ChunkHandler>,
    open: Mutex<Open>,
}

/// The call that is being gathered.
#[derive(Default)]
struct Open {
    /// Rises with each call, so that who has waited long enough begins no later one.
    number: u64,
    begin_at: Option<Instant>,
    waiting: Vec<Waiting>,
}

/// An attempt that waits for its call.
struct Waiting {
    attempt: Arc<AttemptContext>,
    begun: oneshot::Sender<Running>,
    answer: oneshot::Sender<Answer>,
}

/// A call that runs, held by each attempt of it: with the last of them it is dropped.
#[derive(Clone)]
struct Running {
    call: Arc<Call>,
    #[expect(dead_code, reason = "held, never asked: with it the task ends")]
    task: Arc<JoinSet<()>>,
}

/// The call that an attempt waits for, and when it begins at the latest.
struct Gathering {
    number: u64,
    begin_at: Instant,
}

impl Collector {
    pub(super) fn new(chunks: Chunks, handler: Arc<dyn ChunkHandler>) -> Self {
        Self(Arc::new(Shared { chunks, handler, open: Mutex::default() }))
    }
}

impl Handler for Collector {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.attend(attempt).await })
    }
}

impl Shared {
    /// One attempt, from its coming to its end.
    async fn attend(&self, attempt: Arc<AttemptContext>) -> Result<Option<Json>, JobError> {
        let (begun, mut has_begun) = oneshot::channel();
        let (answer, mut answered) = oneshot::channel();
        let gathering = self.join(Waiting { attempt: Arc::clone(&attempt), begun, answer });
        let must_end = async {
            tokio::select! {
                () = attempt.cancelled() => {}
                () = attempt.stopping() => {}
            }
        };
        let running = tokio::select! {
            biased;
            running = &mut has_begun => running,
            () = must_end => {
                if self.withdraw(&attempt) {
                    // Nothing of it was done: it goes back, or ends as it is told to.
                    attempt.safe_point()?;
                }
                has_begun.await
            }
            () = tokio::time::sleep_until(gathering.begin_at) => {
                self.begin_in_time(gathering.number);
                has_begun.await
            }
        };
        tokio::select! {
            biased;
            end = &mut answered => return end_of(end),
            () = attempt.cancelled() => {}
        }
        if let Ok(running) = &running {
            // Work that was told as done is done, though the call goes on behind it.
            running.call.tell_last();
        }
        end_of(answered.await)
    }

    /// Takes an attempt into the call that is being gathered, and begins that where it is full.
    fn join(&self, waiting: Waiting) -> Gathering {
        let now = Instant::now();
        let mut open = self.open();
        // What failed before may be what makes a call fail: others are not called with it a second time.
        if waiting.attempt.failures() > 0 {
            let number = open.number;
            drop(open);
            self.begin(vec![waiting]);
            return Gathering { number, begin_at: now };
        }
        let begin_at = *open.begin_at.get_or_insert(now + self.chunks.within);
        let gathering = Gathering { number: open.number, begin_at };
        let beside = waiting.attempt.beside();
        open.waiting.push(waiting);
        let most = beside.map_or(self.chunks.most, |beside| self.chunks.most.min(beside));
        if open.waiting.len() >= most {
            let full = open.close();
            drop(open);
            self.begin(full);
        }
        gathering
    }

    /// Begins this call, whose time is over, unless it has begun.
    fn begin_in_time(&self, number: u64) {
        let mut open = self.open();
        if open.number == number {
            let come = open.close();
            drop(open);
            self.begin(come);
        }
    }

    fn begin(&self, mut waiting: Vec<Waiting>) {
        // Some may have been abandoned.
        waiting.retain(|one| !one.begun.is_closed());
        let Some(first) = waiting.first() else { return };
        // Of no attempt: what is logged in it belongs to all.
        let kind = first.attempt.kind();
        let span = tracing::info_span!(parent: None, "chunk", kind, jobs = waiting.len());
        let (mut attempts, mut begun) = (Vec::new(), Vec::new());
        for one in waiting {
            attempts.push((one.attempt, one.answer));
            begun.push(one.begun);
        }
        let (call, items) = Call::of(attempts);
        let handler = Arc::clone(&self.handler);
        let handled = Caught::new(async move { handler.run(items).await });
        let mut task = JoinSet::new();
        let of_task = Arc::clone(&call);
        task.spawn(async move { of_task.end(handled.await) }.instrument(span));
        let running = Running { call, task: Arc::new(task) };
        for one in begun {
            // One that was abandoned meanwhile holds nothing.
            let _ = one.send(running.clone());
        }
    }

    /// Takes an attempt out of the call that is being gathered; `false` where its call has begun.
    fn withdraw(&self, attempt: &Arc<AttemptContext>) -> bool {
        let mut open = self.open();
        let place = open.waiting.iter().position(|one| Arc::ptr_eq(&one.attempt, attempt));
        let Some(place) = place else { return false };
        open.waiting.remove(place);
        if open.waiting.is_empty() {
            open.close();
        }
        true
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn close(&mut self) -> Vec<Waiting> {
        self.number += 1;
        self.begin_at = None;
        std::mem::take(&mut self.waiting)
    }
}

/// The end of an attempt as its handler's result. A panic of the call is this attempt's.
fn end_of(answer: Result<Answer, oneshot::error::RecvError>) -> Result<Option<Json>, JobError> {
    match answer {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(Box::new(panic)),
        Err(_) => Err(JobError::retry("the call that the job was in was dropped before its end")),
    }
}
