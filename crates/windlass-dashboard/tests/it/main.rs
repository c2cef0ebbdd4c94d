//! The pages as a browser gets them, without one, on both stores.

mod events;
mod fixture;
mod subscriptions;
mod traces;
