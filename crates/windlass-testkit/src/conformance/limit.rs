//! What every store does with limits.

pub mod breaker;
pub mod list;
pub mod rate;
pub mod reserve;
pub mod set;
