//! Args that are encrypted before they are written. How, is not known here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{NewJob, OnConflict};
use crate::error::Refusal;
use crate::id::JobId;
use crate::json::{Json, JsonError};
use crate::limits::ARGS_BYTES;
use crate::subscription::NO_ARGS;

/// How the text of encrypted args begins. It is written here alone, so this tells them from all others.
const MARK: &str = r#"{"windlass_encrypted":"#;
/// How what stands for a unique key begins.
const STAND_IN: &str = "encrypted:";
/// How long the rest of it is.
const STAND_IN_BYTES: usize = 24;

/// Encrypts the args of jobs before they are written, and decrypts them for handlers: see
/// [`Client::encrypting`](crate::client::Client::encrypting).
pub trait Cipher: Send + Sync + 'static {
    /// Whether the args of this kind are encrypted.
    fn covers(&self, kind: &str) -> bool;

    /// Encrypts a text with the key that writes.
    ///
    /// # Errors
    /// Why it cannot be encrypted: the job is not written then.
    fn encrypt(&self, text: &str, owner: &Owner<'_>) -> Result<Encrypted, String>;

    /// Decrypts what was encrypted for this owner.
    ///
    /// # Errors
    /// [`Undecryptable::NoKey`] or [`Undecryptable::Broken`].
    fn decrypt(&self, encrypted: &Encrypted, owner: &Owner<'_>) -> Result<String, Undecryptable>;

    /// What stands for a name that may be made of args: the same for the same, and it tells nothing of it. 24 signs of Base64.
    fn stand_in(&self, kind: &str, name: &str) -> String;
}

/// Whose args they are. What was encrypted for one is not decrypted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The kind of the job.
    pub kind: &'a str,
    /// The job; `None` for args that may go over to the job that holds a unique key.
    pub job: Option<JobId>,
}

/// Encrypted args as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encrypted {
    /// The name of the key.
    #[serde(rename = "windlass_encrypted")]
    pub key: String,
    /// What the cipher has made of the text, in Base64.
    pub text: String,
    /// Whether they belong to the kind and not to the job.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_kind: bool,
}

/// Why encrypted args cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecryptable {
    /// There is no such key here.
    #[error(
        "the args are encrypted with the key {key}, which this program does not have: give it that key too"
    )]
    NoKey {
        /// Its name.
        key: String,
    },
    /// They are not what was encrypted.
    #[error(
        "the args cannot be decrypted with the key {key}: they were changed, belong to another job, or another key had that name"
    )]
    Broken {
        /// The name of the key.
        key: String,
    },
}

impl Encrypted {
    /// The encrypted args, where these are.
    #[must_use]
    pub fn of(args: &Json) -> Option<Self> {
        is_encrypted(args).then(|| args.read().ok()).flatten()
    }

    /// Args that go over to the job that holds a unique key are of the kind: of one job alone, the other one's could not be read.
    fn check_owner(&self, goes_over: bool) -> Result<(), Refusal> {
        if self.of_kind || !goes_over {
            return Ok(());
        }
        let reason = "the args were encrypted for this job alone, and replace those of the job that holds its unique key: encrypt them for the kind, with \"of_kind\": true";
        Err(Refusal::Layer { layer: "encryption", reason: reason.to_owned() })
    }

    fn owner<'a>(&self, kind: &'a str, job: JobId) -> Owner<'a> {
        Owner { kind, job: (!self.of_kind).then_some(job) }
    }
}

/// Whether this was made of a unique key already: of one of a job that was exported, say.
fn is_stand_in(key: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.strip_prefix(STAND_IN)
        .is_some_and(|rest| rest.len() == STAND_IN_BYTES && rest.bytes().all(is_base64))
}

/// Whether args are encrypted.
#[must_use]
pub fn is_encrypted(args: &Json) -> bool {
    args.as_str().starts_with(MARK)
}

/// Encrypts the args of a job that is to be written, and lets something else stand for its unique key, which may be made of them.
/// What its program has encrypted stays as it is.
pub(crate) fn encrypt(cipher: &dyn Cipher, job: &mut NewJob) -> Result<(), Refusal> {
    let before = Encrypted::of(&job.args);
    if before.is_none() && !cipher.covers(&job.kind) {
        return Ok(());
    }
    if let Some(unique) = &mut job.meta.unique
        && !is_stand_in(unique.key())
    {
        let stand_in = cipher.stand_in(&job.kind, unique.key());
        *unique = unique.with_key(format!("{STAND_IN}{stand_in}"));
    }
    // That there are none is told by the kind already.
    if job.args.as_str() == NO_ARGS {
        return Ok(());
    }
    let unique = job.meta.unique.as_ref();
    let of_kind = unique.is_some_and(|unique| unique.on_conflict() == OnConflict::Replace);
    if let Some(before) = before {
        return before.check_owner(of_kind);
    }
    let owner = Owner { kind: &job.kind, job: (!of_kind).then_some(job.id) };
    let encrypted = cipher.encrypt(job.args.as_str(), &owner);
    let encrypted = encrypted.map_err(|reason| Refusal::Layer { layer: "encryption", reason })?;
    let text = serde_json::to_string(&Encrypted { of_kind, ..encrypted });
    let text = text.map_err(|error| JsonError::Syntax(error.to_string()))?;
    if text.len() > ARGS_BYTES {
        return Err(JsonError::Large { bytes: text.len(), limit: ARGS_BYTES }.into());
    }
    job.args = Json::stored(text);
    Ok(())
}

/// The args of a job as they were before; `None` where they are not encrypted.
pub(crate) fn decrypted(
    cipher: Option<&dyn Cipher>,
    (kind, job): (&str, JobId),
    args: &Json,
) -> Option<Result<Json, Undecryptable>> {
    if !is_encrypted(args) {
        return None;
    }
    let broken = |key: &str| Undecryptable::Broken { key: key.to_owned() };
    let Some(encrypted) = Encrypted::of(args) else { return Some(Err(broken("?"))) };
    let Some(cipher) = cipher else {
        return Some(Err(Undecryptable::NoKey { key: encrypted.key }));
    };
    let text = cipher.decrypt(&encrypted, &encrypted.owner(kind, job));
    Some(text.and_then(|text| Json::args(text).map_err(|_| broken(&encrypted.key))))
}

impl fmt::Debug for dyn Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}
