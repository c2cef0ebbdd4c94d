//! Alerts: what Windlass says of itself, as events that subscriptions want.
//!
//! What lasts, such as a kind whose jobs keep failing, has a key. It is told once when it begins and once when it is over,
//! however many processes look. What happens at a moment, such as the death of a job, is told in the transaction that makes it
//! true. Neither is told where no subscription wants it, and what comes of jobs that come of such events is not told either.

mod ask;
mod decide;
mod found;
mod mark;
mod mute;
mod record;
mod types;
mod watch;

pub use mark::{is_own, own_id};
pub use mute::{Mute, MuteError, MuteName, MuteRecord};
pub use record::{AlertChange, AlertRecord, Alerts, Fact, NewAlert, OWN_SOURCE};
pub use types::AlertType;
pub(crate) use types::OWN_TYPES;
pub use watch::{Alerted, Watch};

use crate::reply::{Now, Reply};

/// The verbs of alerts.
pub trait AlertStore: Send + Sync {
    /// What lasts and has been told, or is muted, and what is muted, with the round that a change must name.
    fn alerts(&self) -> Reply<'_, Alerts>;

    /// Writes changes and publishes the events that they bring, all in one transaction. `false` where another process has written
    /// since the round that was seen: nothing was written then. A change that finds nothing to change publishes nothing.
    fn alert<'a>(&'a self, changes: &'a [AlertChange], seen: u64, now: Now) -> Reply<'a, bool>;

    /// Mutes, in place of the mute of this name that a person has set before.
    fn mute_alerts<'a>(&'a self, mute: &'a Mute, now: Now) -> Reply<'a, ()>;

    /// Takes away what a person has muted; `false` where there is nothing.
    fn unmute_alerts<'a>(&'a self, name: &'a MuteName) -> Reply<'a, bool>;

    /// Mutes these kinds as the workers say it, and no others.
    fn declare_mutes<'a>(&'a self, kinds: &'a [String], now: Now) -> Reply<'a, ()>;
}
