//! Requests that may come twice: what was answered the first time.
//!
//! Who calls over a network cannot know whether a call that was not answered has been carried out, and sends it again with
//! the same key. A store remembers keys for a day, each with the digest of what was asked, so that one key is one request.

use uuid::Uuid;

use crate::reply::{Now, Reply};

/// The SHA-256 of a key, together with who gave it and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey([u8; 32]);

impl RequestKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A request with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Its key.
    pub key: RequestKey,
    /// The SHA-256 of what it asks for.
    pub asked: [u8; 32],
    /// What ids are made of that the request needs, unless it was begun before: then those of that time are made again. No other
    /// coming of the request has it.
    pub seed: Uuid,
}

/// What was answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The type of its body.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of a request that comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// It is to be carried out, with the ids that this makes: for the first time, or since nobody knows how far it came.
    Go(Uuid),
    /// It was carried out before, and this was the answer.
    Answered(Answer),
    /// It is being carried out.
    Running,
    /// Its key stands for another request.
    Other,
}

/// How a request has ended that was to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestEnd {
    /// With this answer, which is kept.
    Answered(Answer),
    /// It was refused and has changed nothing: its key is free again.
    Refused,
    /// Nobody knows whether it was carried out: the next one with its key goes on with the same ids, and need not wait.
    Unknown,
}

/// The verbs of requests with keys.
pub trait IdempotencyStore: Send + Sync {
    /// Begins a request, unless it is known. One that was begun and has not ended is taken to have died after a minute.
    fn begin_request(&self, request: KeyedRequest, now: Now) -> Reply<'_, Begun>;

    /// Ends a request. One that has an answer keeps it. Where another has taken it over meanwhile, that one alone says that it was
    /// refused or that nobody knows.
    fn end_request<'a>(&'a self, request: KeyedRequest, end: &'a RequestEnd) -> Reply<'a, ()>;
}
