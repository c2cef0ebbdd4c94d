//! The API as its clients see it, on both stores.

mod access;
mod alerts;
mod batches;
mod described;
mod documents;
mod events;
mod extremes;
mod fixture;
mod health;
mod inside;
mod jobs;
mod kinds;
mod lanes;
mod limits;
mod protocol_page;
mod queues;
mod remote;
mod schedules;
mod server;
mod signals;
mod sources;
mod subscriptions;
mod traces;
mod workers;
mod workflows;
