//! Conformance suite, model, fixtures and fault tools of Windlass. Not published.
//!
//! [`conformance`] states what every store does, one behaviour to a function; [`model`] drives a
//! store at random against the domain's rules; [`cluster`] starts PostgreSQL for tests. A test
//! stands on a [`bench::Bench`]: a store on a database of its own and a clock moved by hand.

pub mod bench;
pub mod cluster;
pub mod conformance;
pub mod database;
pub mod draft;
pub mod line;
pub mod model;
pub mod verdicts;
pub mod worker;
