//! The dashboard over a database of a test's own, without a browser.

mod audit;
mod fixture;
mod jobs;
mod limits;
mod operations;
mod settings;
mod subjects;
