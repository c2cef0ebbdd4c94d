//! What every store says of itself, and whom it wakes.

pub mod facts;
pub mod wake;
