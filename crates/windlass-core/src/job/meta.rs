//! What few jobs have.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Fair, Lane, Limited, Subject, Unique};
use crate::batch::Membership;
use crate::condition::Waits;
use crate::schedule::Occurrence;

/// Rare properties of a job, stored together and absent where none is set: see [`MetaFields`].
///
/// ```
/// # use windlass_core::job::{Meta, MetaFields};
/// let mut meta = Meta::default();
/// assert_eq!(meta.to_stored(), None);
/// meta.timeout_ms = Some(5_000);
/// assert_eq!(meta, Meta::from(MetaFields { timeout_ms: Some(5_000), ..MetaFields::default() }));
/// ```
// A job is moved many times on its way: one that has nothing of this moves a pointer.
#[derive(Clone, Default)]
pub struct Meta(Option<Box<MetaFields>>);

/// What a [`Meta`] is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetaFields {
    /// How long its handler may run, in milliseconds; wins over the handler's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Worker deaths after which it is dead, 0 for no limit; wins over its kind's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_losses: Option<u16>,
    /// W3C trace context of the enqueuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How many jobs and events there are between it and the root of its tree, and itself, where these are 2 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u16>,
    /// What makes it the only one of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<Unique>,
    /// From this moment on it does not start any more, in microseconds since 1970: see [`Meta::expires_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// The same, in microseconds after it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_us: Option<i64>,
    /// The due time of the schedule that enqueued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Occurrence>,
    /// Words it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What it is about, which it is found by too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// Fields that are not shown, by their paths: see [`FieldPath`](crate::redact::FieldPath).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// The jobs it runs one after the other with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// Whose turns it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair: Option<Fair>,
    /// The key of which only so many run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited: Option<Limited>,
    /// What it takes of the rates that concern it; 1 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u16>,
    /// Where it stands in line, as a store keeps it: see [`Meta::line_of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The priority it was written with, where it has a smaller one since it has waited for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aged: Option<i16>,
    /// The queue its kind declares, where the caller chose another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_queue: Option<String>,
    /// What it waits for before a worker may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// The batch it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Membership>,
}

impl Meta {
    /// The JSON that is stored, `None` where nothing is set.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        let fields = self.0.as_deref().filter(|fields| **fields != NOTHING)?;
        serde_json::to_string(fields).ok()
    }

    /// What a store gave back; a text nobody here wrote reads as nothing set.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

static NOTHING: MetaFields = MetaFields {
    timeout_ms: None,
    max_losses: None,
    traceparent: None,
    depth: None,
    unique: None,
    expires_at: None,
    expires_in_us: None,
    schedule: None,
    tags: Vec::new(),
    subjects: Vec::new(),
    redact: Vec::new(),
    lane: None,
    fair: None,
    limited: None,
    cost: None,
    line: None,
    aged: None,
    declared_queue: None,
    waits: None,
    member: None,
};

impl Deref for Meta {
    type Target = MetaFields;

    fn deref(&self) -> &MetaFields {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Meta {
    fn deref_mut(&mut self) -> &mut MetaFields {
        self.0.get_or_insert_default()
    }
}

impl From<MetaFields> for Meta {
    fn from(fields: MetaFields) -> Self {
        Self((fields != NOTHING).then(|| Box::new(fields)))
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for Meta {
    fn eq(&self, other: &Self) -> bool {
        (self.0.is_none() && other.0.is_none()) || **self == **other
    }
}

impl Eq for Meta {}

impl Hash for Meta {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Serialize for Meta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MetaFields::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_and_taken_back_is_nothing() {
        let mut meta = Meta::from_stored(None);
        meta.cost = Some(2);
        assert_eq!(meta.to_stored().as_deref(), Some(r#"{"cost":2}"#));
        assert_ne!(meta, Meta::default());
        meta.cost = None;
        assert_eq!(meta.to_stored(), None);
        assert_eq!(meta, Meta::default());
        assert_eq!(NOTHING, MetaFields::default());
    }

    #[test]
    fn a_plain_job_carries_one_pointer() {
        assert_eq!(size_of::<Meta>(), size_of::<usize>());
    }
}
