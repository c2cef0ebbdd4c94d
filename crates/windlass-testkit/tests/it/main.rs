//! Every store against the conformance suite.

mod cluster;
mod faults;
mod list;
mod postgres;
mod sqlite;
