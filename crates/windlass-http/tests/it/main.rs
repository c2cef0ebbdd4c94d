//! The API as its clients see it, on both stores.

mod documents;
mod events;
mod fixture;
mod jobs;
mod sources;
mod subscriptions;
