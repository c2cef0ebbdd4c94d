//! What stands around every attempt of a worker.

use std::sync::Arc;

use super::{Handler, HandlerFuture};
use crate::context::AttemptContext;

/// Stands around every attempt: before, after and instead of the handler. The layer that was added first is
/// the outermost: it begins first and ends last.
///
/// ```
/// # use std::sync::Arc;
/// # use windlass_core::context::AttemptContext;
/// # use windlass_core::handler::{HandlerFuture, HandlerLayer, Next};
/// struct Timing;
///
/// impl HandlerLayer for Timing {
///     fn around(&self, attempt: Arc<AttemptContext>, next: Next) -> HandlerFuture {
///         Box::pin(async move {
///             let start = std::time::Instant::now();
///             let result = next.run(Arc::clone(&attempt)).await;
///             println!("{} took {:?}: {:?}", attempt.kind(), start.elapsed(), result.is_ok());
///             result
///         })
///     }
/// }
/// ```
///
/// An attempt that is abandoned or that panics does not come back to its layers: their futures are
/// dropped.
pub trait HandlerLayer: Send + Sync + 'static {
    /// Runs one attempt; `next` is what it stands around.
    fn around(&self, attempt: Arc<AttemptContext>, next: Next) -> HandlerFuture;
}

/// The layers further in, and the handler.
#[must_use = "the handler does not run unless this does"]
pub struct Next(Arc<dyn Handler>);

impl Next {
    /// Runs them.
    pub fn run(self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        self.0.run(attempt)
    }
}

struct Layered {
    layer: Arc<dyn HandlerLayer>,
    inner: Arc<dyn Handler>,
}

impl Handler for Layered {
    fn run(&self, attempt: Arc<AttemptContext>) -> HandlerFuture {
        self.layer.around(attempt, Next(Arc::clone(&self.inner)))
    }
}

/// The handler with these layers around it, the first of them outermost.
pub(crate) fn layered(
    layers: &[Arc<dyn HandlerLayer>],
    handler: Arc<dyn Handler>,
) -> Arc<dyn Handler> {
    layers
        .iter()
        .rev()
        .fold(handler, |inner, layer| Arc::new(Layered { layer: Arc::clone(layer), inner }))
}
