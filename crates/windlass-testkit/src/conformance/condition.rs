//! What every store does with conditions.

pub mod declare;
pub mod ended;
pub mod moment;
pub mod signal;
pub mod wait;
pub mod waive;
