//! What every store does as time goes by.

pub mod age;
pub mod leader;
pub mod losses;
pub mod park;
pub mod promote;
pub mod prune;
pub mod rescue;
