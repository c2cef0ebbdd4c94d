//! JSON documents: versioned, additive, with the names of the HTTP API. Internal types are not
//! printed; what is printed is promised here.

use windlass::job::Counts;
use windlass::queue::QueueRecord;

pub(crate) use windlass_http::Document;
pub(crate) use windlass_http::job::{JobBody, document as job, duplicates};
pub(crate) use windlass_http::kind::document as kind;
pub(crate) use windlass_http::limit::{
    breaker_closed, document as limit, removed as limit_removed,
};
pub(crate) use windlass_http::queue::QueueBody;
pub(crate) use windlass_http::schedule::{document as schedule, preview};
pub(crate) use windlass_http::worker::{
    document as worker, required_build, required_build_removed,
};

use crate::queue_rules::QueueRules;

/// A queue with the numbers of its jobs, its bound and its aging, as `queue.v1`.
pub(crate) fn queue<'a>(
    queue: &'a QueueRecord,
    counts: &Counts,
    rules: &QueueRules,
) -> Document<QueueBody<'a>> {
    let rules = (rules.bound(&queue.name), rules.aging(&queue.name));
    windlass_http::queue::document(queue, counts, rules)
}
