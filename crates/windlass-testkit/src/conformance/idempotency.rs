//! What every store does with requests that may come twice.

pub mod begin;
