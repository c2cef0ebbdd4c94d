//! The check that stands in each handler's signature.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::{Caller, Scope};
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

needs!(Read, Enqueue, Publish, Operate);

/// A caller who has the scope.
#[derive(Debug)]
pub(crate) struct May<N> {
    pub(crate) caller: Caller,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<Api> for May<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let caller = api.access().caller(parts).await?;
        if caller.has(N::SCOPE) {
            return Ok(Self { caller, needs: PhantomData });
        }
        let detail = format!("{} lacks the scope `{}`", caller.name(), N::SCOPE.word());
        Err(Problem::new(Code::Forbidden, detail))
    }
}
