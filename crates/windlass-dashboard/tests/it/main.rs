//! The pages as a browser gets them, without one, on both stores.

mod audit;
mod bounds;
mod events;
mod fixture;
mod jobs;
mod limits;
mod operations;
mod program;
mod schedules;
mod settings;
mod sources;
mod subjects;
mod subscriptions;
mod traces;
mod workers;
mod workflows;
