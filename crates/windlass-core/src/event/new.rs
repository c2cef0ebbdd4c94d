//! An event as it is published.

use crate::alert::OWN_TYPES;
use crate::error::Refusal;
use crate::event::{EventMeta, EventType, Extension};
use crate::id::{EventId, JobId};
use crate::job::{Subject, check_key};
use crate::json::Json;
use crate::name::check_event_type;
use crate::time::Timestamp;

/// An event to be published. Required things are arguments of [`NewEvent::new`], the rest has defaults.
///
/// ```
/// # use windlass_core::event::NewEvent;
/// # use windlass_core::json::Json;
/// let paid = NewEvent::new("order.paid", Json::args(r#"{"order":42,"total":1299}"#)?)
///     .subject("order/42")
///     .source("/shop");
/// # Ok::<(), windlass_core::json::JsonError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id, made by the client.
    pub id: EventId,
    /// The id that its source gave it, where it gave one: the source publishes it once.
    pub given: Option<String>,
    /// Where it comes from, as a URI reference.
    pub source: String,
    /// What has happened, such as `order.paid`.
    pub event_type: String,
    /// What it has happened to, such as `order/42`.
    pub subject: Option<String>,
    /// When it happened, where that is not when it was published.
    pub time: Option<Timestamp>,
    /// What there is to know of it.
    pub data: Option<Json>,
    /// The job or event at the root of what it comes of; none for one that is a root itself.
    pub root: Option<JobId>,
    /// The job that published it.
    pub parent: Option<JobId>,
    /// Rare properties.
    pub meta: EventMeta,
}

/// The source of an event whose publisher does not say where it comes from.
pub const DEFAULT_SOURCE: &str = "/";

impl NewEvent {
    /// An event of this type with these data.
    #[must_use]
    pub fn new(event_type: impl Into<String>, data: Json) -> Self {
        Self { data: Some(data), ..Self::bare(event_type) }
    }

    /// An event of this type without data.
    #[must_use]
    pub fn bare(event_type: impl Into<String>) -> Self {
        Self {
            id: EventId::new(),
            given: None,
            source: DEFAULT_SOURCE.to_owned(),
            event_type: event_type.into(),
            subject: None,
            time: None,
            data: None,
            root: None,
            parent: None,
            meta: EventMeta::default(),
        }
    }

    /// Where it comes from, as a URI reference such as `/shop` or `https://example.org/ci`.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// The id that its source gave it: published again with the same, it is there already.
    #[must_use]
    pub fn given(mut self, id: impl Into<String>) -> Self {
        self.given = Some(id.into());
        self
    }

    /// What it has happened to.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// When it happened.
    #[must_use]
    pub fn time(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// What it is about, such as `customer` and 42: it is found by that, and so are the jobs that come of it.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.meta.subjects.push(subject);
        self
    }

    /// Marks a field of its data that is not shown, by its path such as `card.number`.
    #[must_use]
    pub fn redact(mut self, path: impl Into<String>) -> Self {
        self.meta.redact.push(path.into());
        self
    }

    /// An extension attribute.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<Extension>) -> Self {
        self.meta.extensions.insert(name.into(), value.into());
        self
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// What of it cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        check_event_type(&self.event_type)?;
        check_key("an event's source", &self.source)?;
        if let Some(given) = &self.given {
            check_key("an event's id", given)?;
        }
        if let Some(subject) = &self.subject {
            check_key("an event's subject", subject)?;
        }
        self.meta.check()
    }

    /// Checks an event that somebody else than Windlass publishes: as [`NewEvent::check`], and that it does not speak for Windlass.
    ///
    /// # Errors
    /// What of it cannot be stored, and where its type begins with `windlass.`.
    pub fn check_from_outside(&self) -> Result<(), Refusal> {
        self.check()?;
        match self.event_type.starts_with(OWN_TYPES) {
            true => Err(Refusal::OwnType { event_type: self.event_type.clone() }),
            false => Ok(()),
        }
    }
}

/// What can be published: a value whose type is an [`EventType`], by reference or not, or a [`NewEvent`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be published: it is not an event",
    label = "not an event",
    note = "derive it: `#[derive(Serialize, Deserialize, Event)] #[event(type = \"…\")]`"
)]
pub trait IntoEvent {
    /// The event.
    ///
    /// # Errors
    /// When its data cannot be stored.
    fn into_event(self) -> Result<NewEvent, Refusal>;
}

impl IntoEvent for NewEvent {
    fn into_event(self) -> Result<NewEvent, Refusal> {
        Ok(self)
    }
}

impl<E: EventType> IntoEvent for E {
    fn into_event(self) -> Result<NewEvent, Refusal> {
        self.event()
    }
}
