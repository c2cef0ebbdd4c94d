//! What every store does with tokens.

pub mod keep;
