//! The API as its clients see it, on both stores.

mod access;
mod batches;
mod documents;
mod events;
mod fixture;
mod jobs;
mod remote;
mod signals;
mod sources;
mod subscriptions;
mod traces;
mod workflows;
