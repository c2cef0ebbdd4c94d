//! Panics of handlers: caught, with message, place and backtrace.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

thread_local! {
    /// While a handler is polled on this thread: what the hook saw of its panic.
    static WATCHED: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Adds our look at panics to the process's hook, once. The former hook still runs, so the
/// panic is printed as before.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            WATCHED.with_borrow_mut(|watched| {
                if let Some(seen) = watched {
                    let place = info.location().map(|at| format!(" at {at}")).unwrap_or_default();
                    *seen = Some(format!("{place}\n{}", Backtrace::force_capture()));
                }
            });
            former(info);
        }));
    });
}

/// A future whose panic is its value: message, place and backtrace as one text.
pub(super) struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Caught<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        WATCHED.set(Some(None));
        let polled = panic::catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx)));
        let seen = WATCHED.take().flatten();
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(describe(payload.as_ref(), seen))),
        }
    }
}

fn describe(payload: &(dyn Any + Send), seen: Option<String>) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned());
    format!("panicked: {message}{}", seen.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C12: the panic's text, place and backtrace are kept.
    #[tokio::test]
    async fn a_panic_becomes_a_text() {
        install();
        let text = Caught::new(async { panic!("no {}", "luck") }).await.expect_err("a panic");
        assert!(text.starts_with("panicked: no luck at "), "{text}");
        let (place, backtrace) = text.split_once('\n').expect("a backtrace below");
        assert!(place.contains("panics.rs"), "{text}");
        assert!(backtrace.contains("a_panic_becomes_a_text"), "{text}");
        assert_eq!(Caught::new(async { 7 }).await, Ok(7));
    }
}
