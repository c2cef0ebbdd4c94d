//! Every store against the conformance suite.

mod cluster;
mod documents;
mod faults;
mod list;
mod notify;
mod postgres;
mod sqlite;
mod statements;
mod storage;
