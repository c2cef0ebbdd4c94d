//! One call of a handler of chunks, and how each of its jobs ends.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::context::AttemptContext;
use crate::job::{Decision, JobError};
use crate::json::Json;
use crate::panics::Described;

/// How an attempt ends: as a handler's result, or with the panic of the whole call.
pub(super) type Answer = Result<Result<Option<Json>, JobError>, Described>;

/// Where each attempt of a call hears how it ends.
pub(super) struct Call {
    attempts: Vec<Arc<AttemptContext>>,
    answers: Mutex<Answers>,
}

struct Answers {
    open: Vec<Option<oneshot::Sender<Answer>>>,
    /// The last that was told, kept until the call has ended: until then an attempt stands for it, so that a worker which
    /// stops waits for it, and one that is abandoned ends it.
    last: Option<(oneshot::Sender<Answer>, Answer)>,
}

impl Call {
    /// A call for these attempts, with its items.
    pub(super) fn of(
        attempts: Vec<(Arc<AttemptContext>, oneshot::Sender<Answer>)>,
    ) -> (Arc<Self>, Vec<ChunkItem>) {
        let (attempts, open): (Vec<_>, Vec<_>) =
            attempts.into_iter().map(|(attempt, answer)| (attempt, Some(answer))).unzip();
        let answers = Mutex::new(Answers { open, last: None });
        let call = Arc::new(Self { attempts: attempts.clone(), answers });
        let item = |(place, attempt)| ChunkItem { attempt, place, call: Arc::clone(&call) };
        let items = attempts.into_iter().enumerate().map(item).collect();
        (call, items)
    }

    /// The error of a call as that of each job which it said nothing of.
    fn of_all(&self, error: JobError) -> JobError {
        let one_must_end =
            || self.attempts.iter().any(|one| one.is_cancelled() || one.is_stopping());
        match error.decision() {
            // The safe point of one of them: that one ends as it was told, the others run again.
            Decision::Cancelled | Decision::Stopped if one_must_end() => JobError::stopped(),
            Decision::Wait => JobError::dead(
                "a call of many jobs cannot wait for a signal of one: give the error of `wait_signal` to that item",
            ),
            _ => error,
        }
    }

    fn answer(&self, place: usize, result: Result<Option<Json>, JobError>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(to) = answers.open[place].take() else { return };
        // One that was abandoned stands for nothing.
        if answers.open.iter().flatten().any(|to| !to.is_closed()) {
            // One that was abandoned does not listen any more.
            let _ = to.send(Ok(result));
        } else {
            answers.last = Some((to, Ok(result)));
        }
    }

    /// Lets go of the last end that was told, though the call goes on: its attempt must end.
    pub(super) fn tell_last(&self) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((to, answer)) = answers.last.take() {
            let _ = to.send(answer);
        }
    }

    /// The call has ended: with this value, error or panic for all that nothing was said of.
    pub(super) fn end(&self, ended: Result<Result<(), JobError>, String>) {
        let ended = ended.map(|result| result.map_err(|error| self.of_all(error)));
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let rest: Vec<_> = answers.open.iter_mut().filter_map(Option::take).collect();
        let unsaid = match &ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.message()),
            Err(panic) => Some(panic.as_str()),
        };
        if let Some(error) = unsaid.filter(|_| rest.is_empty()) {
            tracing::warn!(error, "a call failed after each of its jobs had its end; these stand");
        }
        for to in rest {
            let answer = match &ended {
                Ok(result) => Ok(result.clone().map(|()| None)),
                Err(panic) => Err(Described(panic.clone())),
            };
            let _ = to.send(answer);
        }
        if let Some((to, answer)) = answers.last.take() {
            let _ = to.send(answer);
        }
    }
}

/// One attempt of a call. Where nothing is said of it, it ends as the call does.
pub struct ChunkItem {
    attempt: Arc<AttemptContext>,
    place: usize,
    call: Arc<Call>,
}

impl ChunkItem {
    /// The attempt.
    #[must_use]
    pub const fn attempt(&self) -> &Arc<AttemptContext> {
        &self.attempt
    }

    /// It is completed, with this output.
    pub fn complete(self, output: Option<Json>) {
        self.call.answer(self.place, Ok(output));
    }

    /// It ends by this error.
    pub fn fail(self, error: JobError) {
        self.call.answer(self.place, Err(error));
    }
}

impl std::fmt::Debug for ChunkItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkItem").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}
