//! What every store does with workers.

pub mod build;
pub mod heartbeat;
pub mod list;
