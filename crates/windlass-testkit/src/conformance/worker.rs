//! What every store does with workers.

pub mod heartbeat;
pub mod list;
