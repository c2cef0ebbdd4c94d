//! What every Rust peer shares: the command line, the four measurements, and the one JSON line.
//!
//! A peer implements [`Peer`] and calls [`drive`]; nothing here knows any queue.

mod job;
mod measure;
mod options;
mod peer;
mod report;
mod server;
mod tally;
mod usage;

pub use job::Job;
pub use options::{Config, Mode, Options};
pub use peer::{Peer, drive};
pub use tally::ran;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
