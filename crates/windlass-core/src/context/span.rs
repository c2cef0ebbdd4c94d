//! Which attempt a span is of, for those who see spans being made.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::AttemptContext;

thread_local! {
    /// A field of a span holds only plain values. Who sees the span being made is called by the macro that makes it, on the
    /// same thread: so what it needs can wait here.
    static MAKING: RefCell<Option<Weak<AttemptContext>>> = const { RefCell::new(None) };
}

/// Makes the span of an attempt.
pub(crate) fn in_new_span<T>(attempt: &Arc<AttemptContext>, make: impl FnOnce() -> T) -> T {
    MAKING.set(Some(Arc::downgrade(attempt)));
    let made = make();
    MAKING.set(None);
    made
}

/// The attempt whose span is being made on this thread; `None` where none is.
#[must_use]
pub fn attempt_of_new_span() -> Option<Weak<AttemptContext>> {
    MAKING.with_borrow(Clone::clone)
}
