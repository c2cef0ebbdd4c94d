//! Work that computes or waits without yielding, from within a handler.

use std::future;
use std::panic;

use tokio_util::task::AbortOnDropHandle;
use tracing::Span;

use super::Context;
use crate::panics;

impl<App: Send + Sync + 'static> Context<App> {
    /// Runs work that computes, or waits without `.await`, on the runtime's threads for that, so that it holds up no other
    /// handler. It is in the attempt's span, and its panic is the attempt's.
    ///
    /// Nothing can end such work from outside: an attempt that is cancelled or runs too long is told, and abandoned 2 s
    /// later, while the work goes on and its value is dropped. So it should ask now and then whether to end, with
    /// [`is_cancelled`](super::AttemptContext::is_cancelled) or [`safe_point`](super::AttemptContext::safe_point).
    ///
    /// ```
    /// # use windlass_core::context::Context;
    /// # use windlass_core::job::JobError;
    /// async fn primes(cx: Context) -> Result<u64, JobError> {
    ///     cx.blocking(|cx| {
    ///         let mut found = 0;
    ///         for number in 2..1_000_000_u64 {
    ///             cx.safe_point()?;
    ///             found += u64::from((2..=number.isqrt()).all(|by| number % by != 0));
    ///         }
    ///         Ok(found)
    ///     })
    ///     .await
    /// }
    /// ```
    pub async fn blocking<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce(Self) -> T + Send + 'static,
    {
        let (cx, span) = (self.clone(), Span::current());
        let work = move || span.in_scope(|| panics::catch(|| work(cx)));
        match AbortOnDropHandle::new(tokio::task::spawn_blocking(work)).await {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => panic::resume_unwind(Box::new(panic)),
            // The runtime is going away, and this attempt with it.
            Err(_) => future::pending().await,
        }
    }
}
