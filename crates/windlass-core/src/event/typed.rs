//! A type whose values are events.

use std::error::Error;

use serde::Serialize;

use super::{DEFAULT_SOURCE, NewEvent};
use crate::error::Refusal;
use crate::job::Subject;
use crate::json::{Json, JsonError};

/// A type whose values are events. Derive it:
///
/// ```ignore
/// #[derive(Serialize, Deserialize, Event)]
/// #[event(type = "order.paid", source = "/shop", subject = "order/{order}", about(customer = customer_id))]
/// struct OrderPaid { order: i64, customer_id: i64, total: i64 }
/// ```
///
/// The type is always written out: renaming the struct must not orphan stored events. What is only published may borrow, and
/// what is read again is `DeserializeOwned` too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "derive it: `#[derive(Serialize, Deserialize, Event)] #[event(type = \"…\")]`"
)]
pub trait EventType: Serialize {
    /// What has happened, such as `order.paid`. Subscriptions choose by it.
    const TYPE: &'static str;
    /// The shape of the data, raised when it changes incompatibly.
    const VERSION: u16 = 1;
    /// Where such events come from, as a URI reference such as `/shop`.
    const SOURCE: &'static str = DEFAULT_SOURCE;
    /// Fields that are not shown, by their paths, such as `card.number`: see [`FieldPath`](crate::redact::FieldPath). They are
    /// stored with each event.
    const REDACT: &'static [&'static str] = &[];

    /// What it has happened to. The derive takes fields: `#[event(type = "order.paid", subject = "order/{order}")]`.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn subject(&self) -> Result<Option<String>, JsonError> {
        Ok(None)
    }

    /// What it is about, and is found by, as the jobs that come of it are. The derive takes fields:
    /// `#[event(type = "order.paid", about(customer = customer_id))]`.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn about(&self) -> Result<Vec<Subject>, JsonError> {
        Ok(Vec::new())
    }

    /// Turns data of an older version into this one; `None` where there is no way, and such events then cannot be decoded.
    #[must_use]
    fn upgrade() -> Option<Upgrade<Self>>
    where
        Self: Sized,
    {
        None
    }

    /// This value as an event, to be adjusted and published. One that is `null` as JSON, such as a struct without fields, has
    /// no data.
    ///
    /// # Errors
    /// When its data cannot be stored.
    fn event(&self) -> Result<NewEvent, Refusal> {
        let data = Json::args_of(self).map_err(Refusal::Data)?;
        let mut event = match data.as_str() {
            "null" => NewEvent::bare(Self::TYPE),
            _ => NewEvent::new(Self::TYPE, data),
        };
        event.subject = self.subject().map_err(Refusal::Data)?;
        event.meta.subjects = self.about().map_err(Refusal::Data)?;
        event.meta.redact = Self::REDACT.iter().map(|mark| (*mark).to_owned()).collect();
        event.meta.version = (Self::VERSION != 1).then_some(Self::VERSION);
        Ok(event.source(Self::SOURCE))
    }
}

/// Turns data of an older version into the present value. Any error goes through `?`.
pub type Upgrade<E> = fn(version: u16, data: &Json) -> Result<E, Box<dyn Error + Send + Sync>>;

impl<E: EventType + ?Sized> EventType for &E {
    const TYPE: &'static str = E::TYPE;
    const VERSION: u16 = E::VERSION;
    const SOURCE: &'static str = E::SOURCE;
    const REDACT: &'static [&'static str] = E::REDACT;

    fn subject(&self) -> Result<Option<String>, JsonError> {
        (**self).subject()
    }

    fn about(&self) -> Result<Vec<Subject>, JsonError> {
        (**self).about()
    }
}
