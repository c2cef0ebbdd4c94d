//! The pages as a browser gets them, without one, on both stores.

mod audit;
mod bounds;
mod choices;
mod completions;
mod downloads;
mod events;
mod fixture;
mod jobs;
mod limits;
mod operations;
mod places;
mod program;
mod reads;
mod refused;
mod schedules;
mod settings;
mod sources;
mod subjects;
mod subscriptions;
mod traces;
mod tries;
mod viewers;
mod workers;
mod workflows;
