//! What every store does with queues.

pub mod aging;
pub mod bound;
pub mod list;
pub mod pause;
pub mod unserved;
