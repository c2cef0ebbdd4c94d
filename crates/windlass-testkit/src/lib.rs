//! Conformance suite, model, fixtures and fault tools of Windlass. Not published.
//!
//! [`mod@conformance`] states what every store does, one behaviour to a function; [`model`] drives a
//! store at random against the domain's rules; [`cluster`] starts PostgreSQL for tests. A test
//! stands on a [`fixture::StoreFixture`]: a store on a database of its own and a clock moved by hand. Where
//! processes die, it stands on a [`fault::process_fixture::ProcessFixture`] instead, and [`history`] judges what
//! everybody wrote down.

pub mod cluster;
pub mod conformance;
pub mod database;
pub mod draft;
pub mod fault;
pub mod fixture;
pub mod history;
pub mod line;
pub mod meter;
pub mod model;
pub mod torture;
pub mod verdicts;
pub mod worker;
