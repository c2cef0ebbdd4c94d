//! The check that stands in each handler's signature.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use windlass::job::HandlerKey;
use windlass::token::Scope;
use windlass::worker::Registration;

use super::Caller;
use crate::api::Api;
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

/// A caller who has the scope everywhere. One who is limited to some queues or kinds is refused: the handler does not look at
/// these.
#[derive(Debug)]
pub(crate) struct May<N> {
    pub(crate) caller: Caller,
    needs: PhantomData<N>,
}

/// A caller who has the scope, perhaps for some queues and kinds only: the handler checks each job.
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
                "{} is limited to some queues or kinds, and this is about all",
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
    /// Refuses a job of this kind on this queue where the caller is limited to others.
    pub(crate) fn check(&self, queue: &str, kind: &str) -> Result<(), Problem> {
        if self.caller.grant().covers(queue, kind) {
            return Ok(());
        }
        let name = self.caller.name();
        let detail =
            format!("{name} is not for jobs of kind {kind} on queue {queue}; nothing was written");
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Refuses a worker that runs kinds or serves queues beyond those that the caller is limited to.
    pub(crate) fn check_worker(&self, worker: &Registration) -> Result<(), Problem> {
        let grant = self.caller.grant();
        let kinds = || worker.handlers.iter().map(HandlerKey::kind);
        let covers = |queue: &String| kinds().all(|kind| grant.covers(queue, kind));
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

    /// Whether such a job is there for the caller.
    pub(crate) fn sees(&self, queue: &str, kind: &str) -> bool {
        self.caller.grant().covers(queue, kind)
    }
}
