//! Every store against the conformance suite.

mod cluster;
mod list;
mod postgres;
mod sqlite;
