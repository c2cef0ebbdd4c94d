//! Subscriptions: which events are wanted, and by whom.
//!
//! [`Filter`] is what a subscription says of it, [`EventView`] the event as a filter sees it, [`Explanation`] why
//! an event is wanted or not. [`TypeIndex`] finds the subscriptions that may want an event of a type.

mod builder;
mod decode;
mod event;
mod explain;
mod filter;
mod index;
mod key;
mod number;
mod pattern;
mod predicate;
#[cfg(test)]
mod random;
mod read;
mod sql;
mod words;

pub use builder::FilterBuilder;
pub use event::{AttributeValue, EventView};
pub use explain::Explanation;
pub use filter::{Filter, FilterError};
pub use index::TypeIndex;
pub use pattern::{ParseTypeError, TypePattern};
pub use sql::SqlError;
