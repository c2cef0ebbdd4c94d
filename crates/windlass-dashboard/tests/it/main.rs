//! The pages as a browser gets them, without one, on both stores.

mod control;
mod events;
mod fixture;
mod program;
mod schedules;
mod sources;
mod subscriptions;
mod traces;
mod workflows;
