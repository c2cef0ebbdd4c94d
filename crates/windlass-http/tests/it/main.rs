//! The API as its clients see it, on both stores.

mod batches;
mod documents;
mod events;
mod fixture;
mod jobs;
mod signals;
mod sources;
mod subscriptions;
mod traces;
mod workflows;
