//! What every store does with the steps of jobs.

pub mod record;
