//! What every store does with what running attempts say of themselves.

pub mod report;
