//! The API as its clients see it, on both stores.

mod documents;
mod fixture;
mod jobs;
mod remote;
