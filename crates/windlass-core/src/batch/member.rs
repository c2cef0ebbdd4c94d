//! That a job is in a batch, as its meta says it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::Refusal;
use crate::id::BatchId;
use crate::job::check_key;
use crate::limits::STEP_NAME_BYTES;

/// The batch a job is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Membership {
    /// The batch.
    #[serde(rename = "of", serialize_with = "digits", deserialize_with = "id")]
    pub batch: BatchId,
    /// Its name among the jobs of a workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What the batch is like, where it begins with this job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<Box<Begins>>,
}

/// What a batch is like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Begins {
    /// Its name, for people; that of a workflow says which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// There is one batch with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The workflow whose steps it undoes.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "maybe_digits",
        deserialize_with = "maybe_id"
    )]
    pub undoes: Option<BatchId>,
}

impl Membership {
    /// In this batch, which is there or begins in the same call.
    #[must_use]
    pub const fn of(batch: BatchId) -> Self {
        Self { batch, step: None, begins: None }
    }

    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if let Some(step) = &self.step {
            check_name("a step's name", step)?;
        }
        self.begins.as_ref().map_or(Ok(()), |begins| begins.check())
    }
}

impl Begins {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When a name or the key cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        if let Some(name) = &self.name {
            check_name("a batch's name", name)?;
        }
        self.key.as_ref().map_or(Ok(()), |key| check_key("a batch's key", key))
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), Refusal> {
    let limit = STEP_NAME_BYTES;
    if !(1..=limit).contains(&name.len()) {
        return Err(Refusal::Key { what, bytes: name.len(), limit });
    }
    name.find('\0').map_or(Ok(()), |at| Err(Refusal::Nul { what, at }))
}

/// 32 digits, which the SQL of both stores reads.
fn digits<S: Serializer>(id: &BatchId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&id.as_uuid().simple())
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn maybe_digits<S: Serializer>(id: &Option<BatchId>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&id.map_or_else(Uuid::nil, |id| id.as_uuid()).simple())
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BatchId, D::Error> {
    let text = String::deserialize(deserializer)?;
    Uuid::parse_str(&text).map(BatchId::from_uuid).map_err(serde::de::Error::custom)
}

fn maybe_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BatchId>, D::Error> {
    id(deserializer).map(Some)
}
