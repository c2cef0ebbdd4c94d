//! Every store against the conformance suite.

mod list;
// mod postgres;
mod sqlite;
