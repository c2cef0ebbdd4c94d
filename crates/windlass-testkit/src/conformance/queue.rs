//! What every store does with queues.

pub mod bound;
pub mod list;
pub mod pause;
pub mod unserved;
