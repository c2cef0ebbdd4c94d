//! The verbs of requests with keys.

mod begin;
mod end;

pub(crate) use end::forget;
use windlass_core::idempotency::{Begun, IdempotencyStore, KeyedRequest, RequestEnd};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl IdempotencyStore for PostgresStore {
    fn begin_request(&self, request: KeyedRequest, now: Now) -> Reply<'_, Begun> {
        Box::pin(begin::begin(&self.writes, request, now))
    }

    fn end_request<'a>(&'a self, request: KeyedRequest, end: &'a RequestEnd) -> Reply<'a, ()> {
        Box::pin(end::end(&self.writes, request, end))
    }
}
