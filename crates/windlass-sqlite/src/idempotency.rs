//! The verbs of requests with keys.

mod begin;
mod end;

pub(crate) use end::forget;
use windlass_core::idempotency::{Begun, IdempotencyStore, KeyedRequest, RequestEnd};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl IdempotencyStore for SqliteStore {
    fn begin_request(&self, request: KeyedRequest, now: Now) -> Reply<'_, Begun> {
        Box::pin(self.writer.write(move |c| begin::begin(c, request, at(now))))
    }

    fn end_request<'a>(&'a self, request: KeyedRequest, end: &'a RequestEnd) -> Reply<'a, ()> {
        let end = end.clone();
        Box::pin(self.writer.write(move |c| end::end(c, request, &end)))
    }
}
