//! What every store does with users and their sessions.

pub mod keep;
pub mod session;
