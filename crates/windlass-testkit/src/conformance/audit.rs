//! What every store does with acts of people.

pub mod keep;
