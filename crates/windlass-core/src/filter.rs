//! The grammar of filters, the same over jobs and events: `state:dead kind:img.* -queue:bulk error:"timed out" since:24h`.
//!
//! A filter has terms with blanks between, all of which must hold. A term is a name, a colon and values with commas between,
//! of which one must fit; `-` in front negates it. A value with blanks or commas stands in quotes, in which `\"` is a quote
//! and `\\` a backslash. Which names there are, and what they mean, is said by each noun in its own `filter.rs`.

mod error;
mod found;
mod moment;
mod path;
mod scalar;
mod words;

pub use error::ParseFilterError;
pub use found::{Bound, Found, JobCount, Looked};
pub use moment::{Moment, ParseMomentError};
pub use path::Path;
pub use scalar::Scalar;
pub(crate) use words::{Known, Word, parse, value, written};
