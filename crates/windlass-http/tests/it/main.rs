//! The API as its clients see it, on both stores.

mod alerts;
mod described;
mod documents;
mod extremes;
mod fixture;
mod health;
mod inside;
mod jobs;
mod kinds;
mod lanes;
mod limits;
mod queues;
mod schedules;
mod workers;
