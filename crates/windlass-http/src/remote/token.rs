//! The lease of one attempt, as a remote worker has it: opaque to it, and all that a server must know of the attempt.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use windlass::job::Claimed;
use windlass::{LeaseId, WorkerId};

const PREFIX: &str = "lse_";
/// Two ids, a place and a number.
const BYTES: usize = 16 + 16 + 2 + 4;

/// Who holds which job of which lease, and the attempt's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LeaseToken {
    pub(crate) worker: WorkerId,
    pub(crate) lease: LeaseId,
    pub(crate) place: i16,
    pub(crate) attempt: u32,
}

/// A text that is not a lease.
#[derive(Debug, thiserror::Error)]
#[error("not a lease: send back what the claim gave")]
pub(crate) struct NotALease;

impl LeaseToken {
    /// The token of a job that this worker has claimed.
    pub(crate) fn of(worker: WorkerId, lease: LeaseId, job: &Claimed) -> Self {
        Self { worker, lease, place: job.position, attempt: job.attempt }
    }
}

impl fmt::Display for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend_from_slice(&self.worker.as_uuid().into_bytes());
        bytes.extend_from_slice(&self.lease.as_uuid().into_bytes());
        bytes.extend_from_slice(&self.place.to_be_bytes());
        bytes.extend_from_slice(&self.attempt.to_be_bytes());
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for LeaseToken {
    type Err = NotALease;

    fn from_str(text: &str) -> Result<Self, NotALease> {
        read(text).ok_or(NotALease)
    }
}

fn read(text: &str) -> Option<LeaseToken> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let bytes: [u8; BYTES] = bytes.try_into().ok()?;
    let (worker, rest) = bytes.split_first_chunk::<16>()?;
    let (lease, rest) = rest.split_first_chunk::<16>()?;
    let (place, rest) = rest.split_first_chunk::<2>()?;
    Some(LeaseToken {
        worker: WorkerId::from_uuid(uuid::Uuid::from_bytes(*worker)),
        lease: LeaseId::from_uuid(uuid::Uuid::from_bytes(*lease)),
        place: i16::from_be_bytes(*place),
        attempt: u32::from_be_bytes(rest.try_into().ok()?),
    })
}

impl Serialize for LeaseToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LeaseToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text_and_nothing_else_is_one() {
        let token =
            LeaseToken { worker: WorkerId::new(), lease: LeaseId::new(), place: 7, attempt: 3 };
        assert_eq!(token.to_string().parse::<LeaseToken>().expect("a lease"), token);
        let text = token.to_string();
        for bad in
            ["", "lse_", "lse_AAAA", &text[..text.len() - 1], &format!("{text}A"), &text[4..]]
        {
            assert!(bad.parse::<LeaseToken>().is_err(), "{bad}");
        }
    }
}
