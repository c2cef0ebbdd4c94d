//! What every store does with changes that expect something.

pub mod change;
