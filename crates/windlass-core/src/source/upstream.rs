//! Whom a source asks.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Page, Position, Read};

/// Somebody who keeps records that become events.
///
/// ```
/// # use windlass_core::event::NewEvent;
/// # use windlass_core::source::{Page, Position, Read, Upstream, UpstreamError};
/// struct Counter;
///
/// impl Upstream for Counter {
///     async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
///         let next = after.number.unwrap_or(0) + 1;
///         Ok(Page::new([Read::numbered(next, NewEvent::bare("counted"))]))
///     }
/// }
/// ```
pub trait Upstream: Send + Sync + 'static {
    /// What there is behind this position, from the oldest on where it has neither a cursor nor a number. It may wait until there
    /// is something. A page that is asked for again is imported once, so asking changes nothing.
    fn page(&self, after: &Position) -> impl Future<Output = Result<Page, UpstreamError>> + Send;

    /// Whether it waits itself until there is something, so that it may be asked again at once.
    fn waits(&self) -> bool {
        false
    }

    /// What a body that was put aside is now.
    ///
    /// # Errors
    /// Why it is still none, or that this cannot be said.
    fn reread(&self, body: &str) -> Result<Read, UpstreamError> {
        let _ = body;
        Err(UpstreamError::new("this source cannot read again what was put aside"))
    }

    /// What is read, for people.
    fn about(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }
}

/// The same as an object.
pub(crate) trait AnyUpstream: Send + Sync {
    fn page<'a>(&'a self, after: &'a Position) -> BoxFuture<'a, Result<Page, UpstreamError>>;
}

impl<U: Upstream> AnyUpstream for U {
    fn page<'a>(&'a self, after: &'a Position) -> BoxFuture<'a, Result<Page, UpstreamError>> {
        Box::pin(Upstream::page(self, after))
    }
}

/// Why a feed gave no page. Every error turns into one by `?`.
#[derive(Debug)]
pub struct UpstreamError {
    pub(crate) text: String,
    pub(crate) again: Option<Duration>,
}

impl UpstreamError {
    /// It did not, for this reason.
    #[must_use]
    pub fn new(reason: impl fmt::Display) -> Self {
        Self { text: reason.to_string(), again: None }
    }

    /// It wants to be asked again after so long, at the earliest.
    #[must_use]
    pub fn again_after(mut self, wait: Duration) -> Self {
        self.again = Some(wait);
        self
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for UpstreamError {
    fn from(error: E) -> Self {
        let error = error.into();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        Self::new(text)
    }
}
