//! Before, after and on error: the common layers, without futures to pin.

use std::future::Future;
use std::sync::Arc;

use super::{HandlerFuture, HandlerLayer, Next};
use crate::context::AttemptContext;
use crate::job::JobError;

/// What is done before and after every attempt. [`Hooked`] makes a layer of it: of several the first begins first and
/// ends last.
///
/// ```
/// # use windlass_core::context::AttemptContext;
/// # use windlass_core::handler::Hooks;
/// # use windlass_core::job::JobError;
/// struct Audit;
///
/// impl Hooks for Audit {
///     async fn before(&self, attempt: &AttemptContext) -> Result<(), JobError> {
///         println!("{} begins", attempt.job_id());
///         Ok(())
///     }
///
///     async fn on_error(&self, attempt: &AttemptContext, error: &JobError) {
///         println!("{} failed: {error}", attempt.job_id());
///     }
/// }
/// ```
///
/// Neither `after` nor `on_error` sees an attempt that panics or is abandoned: see [`HandlerLayer`], and
/// [`Worker::on_failure`](crate::engine::Worker::on_failure), which is told of these too. What is to change a result, or to
/// run the handler twice, is a [`HandlerLayer`].
pub trait Hooks: Send + Sync + 'static {
    /// Before the handler. An error ends the attempt as if the handler had returned it: what is further in does not begin,
    /// and only those further out see the error.
    fn before(
        &self,
        _attempt: &AttemptContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send {
        async { Ok(()) }
    }

    /// After a handler that returned a value.
    fn after(&self, _attempt: &AttemptContext) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// After a handler that returned an error, or a layer further in that did. A snooze is one too: see
    /// [`JobError::decision`].
    fn on_error(
        &self,
        _attempt: &AttemptContext,
        _error: &JobError,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// [`Hooks`] as a [`HandlerLayer`].
#[derive(Debug, Clone)]
pub struct Hooked<H>(Arc<H>);

impl<H: Hooks> Hooked<H> {
    /// A layer that calls these hooks.
    pub fn new(hooks: H) -> Self {
        Self(Arc::new(hooks))
    }
}

impl<H: Hooks> HandlerLayer for Hooked<H> {
    fn around(&self, attempt: Arc<AttemptContext>, next: Next) -> HandlerFuture {
        let hooks = Arc::clone(&self.0);
        Box::pin(async move {
            hooks.before(&attempt).await?;
            let result = next.run(Arc::clone(&attempt)).await;
            match &result {
                Ok(_) => hooks.after(&attempt).await,
                Err(error) => hooks.on_error(&attempt, error).await,
            }
            result
        })
    }
}
