//! The check that stands in each handler's signature.

use std::fmt::Display;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use windlass::job::{Claimed, HandlerKey};
use windlass::token::Scope;
use windlass::worker::Registration;
use windlass::{JobRecord, NewJob};

use super::Caller;
use crate::api::Api;
use crate::job::bounds::reach;
use crate::problem::{Code, Problem};

/// What a handler needs its caller to have.
pub(crate) trait Needs: Send {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident),*) => {$(
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

needs!(Read, Enqueue, Publish, Operate, Work, Admin);

/// A caller who has the scope everywhere. One who is limited to some queues, kinds or tags is refused: the handler does not
/// look at these.
#[derive(Debug)]
pub(crate) struct May<N> {
    pub(crate) caller: Caller,
    needs: PhantomData<N>,
}

/// A caller who has the scope, perhaps for some queues, kinds or tags only: the handler checks each job.
#[derive(Debug)]
pub(crate) struct MayIn<N> {
    pub(crate) caller: Caller,
    needs: PhantomData<N>,
}

/// A caller who is known, whatever they may.
#[derive(Debug)]
pub(crate) struct Anybody(pub(crate) Caller);

impl FromRequestParts<Api> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self(api.caller(parts).await?))
    }
}

impl<N: Needs> FromRequestParts<Api> for May<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let MayIn { caller, .. } = MayIn::<N>::from_request_parts(parts, api).await?;
        if caller.grant().is_limited() {
            let detail = format!(
                "{} is limited to some queues, kinds or tags, and this is about all",
                caller.name()
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(Self { caller, needs: PhantomData })
    }
}

impl<N: Needs> FromRequestParts<Api> for MayIn<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = api.caller(parts).await?;
        if caller.grant().has(N::SCOPE) {
            return Ok(Self { caller, needs: PhantomData });
        }
        let detail = format!("{} lacks the scope `{}`", caller.name(), N::SCOPE);
        Err(Problem::new(Code::Forbidden, detail))
    }
}

impl<N> MayIn<N> {
    /// Refuses jobs of this kind on this queue where the caller is limited to others.
    pub(crate) fn check_place(&self, queue: &str, kind: &str) -> Result<(), Problem> {
        if self.caller.grant().covers_place(queue, kind) {
            return Ok(());
        }
        Err(self.refused(format_args!("is not for jobs of kind {kind} on queue {queue}")))
    }

    /// Refuses a job to be written that is not among those that the caller is limited to, or that would reach others.
    pub(crate) fn check_new(&self, job: &NewJob) -> Result<(), Problem> {
        let grant = self.caller.grant();
        self.check_place(&job.queue, &job.kind)?;
        if !grant.may_give(&job.meta.tags) {
            let tags = grant.tags.join(", ");
            return Err(self.refused(format_args!(
                "is limited to tags: each job bears one of {tags}, and no other tag that begins like one of these up to its colon"
            )));
        }
        match reach(grant, job) {
            Some(what) => Err(self.refused(what)),
            None => Ok(()),
        }
    }

    /// Refuses to write for an attempt of a job that the caller is not for. It says nothing of the job.
    pub(crate) fn check_held(&self, job: &Claimed) -> Result<(), Problem> {
        if self.caller.grant().covers(&job.queue, &job.kind, &job.meta.tags) {
            return Ok(());
        }
        Err(self.refused("is not for the job of this lease"))
    }

    fn refused(&self, what: impl Display) -> Problem {
        let detail = format!("{} {what}; nothing was written", self.caller.name());
        Problem::new(Code::Forbidden, detail)
    }

    /// Refuses a worker that runs kinds or serves queues beyond those that the caller is limited to, and any worker of one who is
    /// limited to tags: a claim takes jobs of whole queues and kinds.
    pub(crate) fn check_worker(&self, worker: &Registration) -> Result<(), Problem> {
        let grant = self.caller.grant();
        if grant.is_limited_to_tags() {
            let detail = format!(
                "{} is limited to tags, and a worker claims jobs whatever their tags; limit it to queues or kinds",
                self.caller.name()
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let kinds = || worker.handlers.iter().map(HandlerKey::kind);
        let covers = |queue: &String| kinds().all(|kind| grant.covers_place(queue, kind));
        if worker.queues.iter().all(covers) {
            return Ok(());
        }
        let detail = format!(
            "{} is limited to other queues or kinds than {}",
            self.caller.name(),
            worker.label
        );
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Refuses events of somebody who may not publish, or is limited to some jobs: events are everybody's.
    pub(crate) fn check_publish(&self) -> Result<(), Problem> {
        let grant = self.caller.grant();
        if grant.has(Scope::Publish) && !grant.is_limited() {
            return Ok(());
        }
        let detail = format!("{} may not publish, or is limited to some jobs", self.caller.name());
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Whether this job is there for the caller.
    pub(crate) fn sees(&self, job: &JobRecord) -> bool {
        self.caller.grant().covers(&job.queue, &job.kind, &job.meta.tags)
    }
}
