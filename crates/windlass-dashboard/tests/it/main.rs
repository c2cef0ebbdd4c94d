//! The dashboard over a database of a test's own, without a browser.

mod fixture;
mod jobs;
mod operations;
