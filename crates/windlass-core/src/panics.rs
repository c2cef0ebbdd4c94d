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
pub(crate) fn install() {
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

/// A panic that was caught elsewhere, as the payload of one that stands for it here.
pub(crate) struct Described(pub(crate) String);

/// What a function returns, or its panic.
pub(crate) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Described> {
    let outer = WATCHED.replace(Some(None));
    let ran = panic::catch_unwind(AssertUnwindSafe(run));
    let seen = WATCHED.replace(outer).flatten();
    ran.map_err(|payload| Described(describe(payload.as_ref(), seen)))
}

/// A future whose panic is its value: message, place and backtrace as one text.
pub(crate) struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch(|| self.0.as_mut().poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(Described(panic)) => Poll::Ready(Err(panic)),
        }
    }
}

fn describe(payload: &(dyn Any + Send), seen: Option<String>) -> String {
    if let Some(Described(text)) = payload.downcast_ref() {
        return text.clone();
    }
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
