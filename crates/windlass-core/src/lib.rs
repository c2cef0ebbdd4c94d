//! The domain of Windlass, its store trait, its engine and its client.
//!
//! This crate knows no SQL, no HTTP and no command line. Applications depend on `windlass`,
//! which re-exports what they need.
//!
//! Reading order: [`state`] (what a job can be), [`job`] and [`json`] (what it is made of),
//! [`store`] (every transition as one trait), [`handler`] (what applications write), [`client`],
//! [`engine`].

pub mod client;
pub mod context;
pub mod engine;
pub mod error;
pub mod filter;
pub mod handler;
pub mod id;
pub mod job;
pub mod job_error;
pub mod json;
pub mod limits;
pub mod loss;
pub mod name;
pub mod retry;
pub mod state;
pub mod store;
pub mod time;
pub mod wake;
