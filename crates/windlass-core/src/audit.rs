//! The audit: which acts people have done, and what each has changed.
//!
//! Entries are only ever added. Each has the digest of the one before it, so that one that was changed, removed or moved later
//! is found by [`Chain`], unless all that came after it was written again as well: who keeps the last digest elsewhere finds that too.

use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::error::Refusal;
use crate::json::Json;
use crate::limits::{ACT_BYTES, ACT_DOCUMENT_BYTES};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

/// By which way an act came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Via {
    /// Over HTTP.
    Api,
    /// By the command line.
    Cli,
    /// By a `windlass.toml` that a worker was started with.
    Config,
}

impl Via {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Config => "config",
        }
    }

    /// The way in with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Api, Self::Cli, Self::Config].into_iter().find(|via| via.word() == word)
    }
}

/// What somebody has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who: the name of a token, of a user of the host program, or of a user of the machine.
    pub actor: String,
    /// By which way in.
    pub via: Via,
    /// From where: an address, a machine.
    pub origin: Option<String>,
    /// What was done, such as `queues.pause`.
    pub action: String,
    /// To what, such as `queues/mail`.
    pub target: String,
    /// What was asked for.
    pub asked: Option<Json>,
    /// What of it was another before.
    pub before: Option<Json>,
    /// The same as it was afterwards.
    pub after: Option<Json>,
}

impl Act {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When a text is empty or too long.
    pub fn check(&self) -> Result<(), Refusal> {
        let texts =
            [("an actor", &self.actor), ("an action", &self.action), ("a target", &self.target)];
        for (what, text) in texts {
            let bytes = text.len();
            if !(1..=ACT_BYTES).contains(&bytes) || text.contains('\0') {
                return Err(Refusal::Key { what, bytes, limit: ACT_BYTES });
            }
        }
        let documents = [&self.asked, &self.before, &self.after].into_iter().flatten();
        for bytes in documents.map(|json| json.as_str().len()) {
            if bytes > ACT_DOCUMENT_BYTES {
                return Err(Refusal::Key {
                    what: "what an act changes",
                    bytes,
                    limit: ACT_DOCUMENT_BYTES,
                });
            }
        }
        Ok(())
    }
}

/// The SHA-256 of an entry, together with that of the entry before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryDigest([u8; 32]);

impl EntryDigest {
    /// What stands before the first entry.
    pub const NONE: Self = Self([0; 32]);

    /// The digest with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for EntryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An act as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number; they have no holes.
    pub number: u64,
    /// When it was done.
    pub at: Timestamp,
    /// The act.
    pub act: Act,
    /// The digest of the entry before it.
    pub previous: EntryDigest,
    /// Its own.
    pub digest: EntryDigest,
}

impl Entry {
    /// The entry of an act, behind one that has this number and digest.
    #[must_use]
    pub fn behind((number, previous): (u64, EntryDigest), act: Act, at: Timestamp) -> Self {
        let mut entry = Self { number: number + 1, at, act, previous, digest: EntryDigest::NONE };
        entry.digest = entry.computed();
        entry
    }

    /// The digest that it must have. Each part is preceded by its length, so that no two entries have one text.
    #[must_use]
    pub fn computed(&self) -> EntryDigest {
        let Act { actor, via, origin, action, target, asked, before, after } = &self.act;
        let document = |json: &Option<Json>| json.as_ref().map(|json| json.as_str().to_owned());
        let parts = [
            Some(self.number.to_string()),
            Some(self.at.as_micros().to_string()),
            Some(actor.clone()),
            Some(via.word().to_owned()),
            origin.clone(),
            Some(action.clone()),
            Some(target.clone()),
            document(asked),
            document(before),
            document(after),
        ];
        let mut hash = Sha256::new();
        hash.update(self.previous.as_bytes());
        for part in parts {
            let length =
                part.as_ref().map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
            hash.update(length.to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        EntryDigest(hash.finalize().into())
    }
}

/// Which entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntriesWanted {
    /// Before this number; from the newest on unless given.
    pub before: Option<u64>,
    /// Of this actor.
    pub actor: Option<String>,
    /// Done to this.
    pub target: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// What is wrong with the entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// An entry's text is not what its digest was made of.
    #[error("entry {number} was changed after it was written")]
    Changed {
        /// Its number.
        number: u64,
    },
    /// Entries are not there.
    #[error("entries {from} to {to} are missing")]
    Missing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// An entry is not what was written behind the one before it.
    #[error("entry {number} does not continue the one before it")]
    Unlinked {
        /// Its number.
        number: u64,
    },
}

/// A walk over entries in their order that looks whether they are what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The last entry that was looked at.
    pub number: u64,
    /// Its digest.
    pub digest: EntryDigest,
}

impl Chain {
    /// A walk that begins behind an entry.
    #[must_use]
    pub const fn behind((number, digest): (u64, EntryDigest)) -> Self {
        Self { number, digest }
    }

    /// Looks at the next entry and goes on behind it, whatever is wrong.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn next(&mut self, entry: &Entry) -> Result<(), Broken> {
        let Self { number, digest } =
            std::mem::replace(self, Self::behind((entry.number, entry.digest)));
        if entry.number > number + 1 {
            return Err(Broken::Missing { from: number + 1, to: entry.number - 1 });
        }
        if entry.digest != entry.computed() {
            return Err(Broken::Changed { number: entry.number });
        }
        if entry.previous != digest {
            return Err(Broken::Unlinked { number: entry.number });
        }
        Ok(())
    }
}

/// The verbs of the audit.
pub trait AuditStore: Send + Sync {
    /// Adds the entry of an act.
    fn add_act<'a>(&'a self, act: &'a Act, now: Now) -> Reply<'a, Entry>;

    /// Entries, the newest first.
    fn acts<'a>(&'a self, wanted: &'a EntriesWanted) -> Reply<'a, Vec<Entry>>;

    /// Entries after a number, in their order; at most so many.
    fn acts_after(&self, number: u64, limit: usize) -> Reply<'_, Vec<Entry>>;

    /// Behind which entry the chain begins: the last that was removed since its time of keeping was over.
    fn audit_start(&self) -> Reply<'_, (u64, EntryDigest)>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(target: &str) -> Act {
        Act {
            actor: "ana".to_owned(),
            via: Via::Cli,
            origin: None,
            action: "queues.pause".to_owned(),
            target: target.to_owned(),
            asked: None,
            before: None,
            after: Json::args(r#"{"paused":true}"#).ok(),
        }
    }

    fn chain() -> Vec<Entry> {
        let mut last = (0, EntryDigest::NONE);
        let mut next = |target| {
            let entry = Entry::behind(last, act(target), Timestamp::from_micros(7));
            last = (entry.number, entry.digest);
            entry
        };
        ["queues/a", "queues/b", "queues/c", "queues/d"].map(&mut next).to_vec()
    }

    fn wrong(entries: &[Entry]) -> Vec<Broken> {
        let mut chain = Chain::behind((0, EntryDigest::NONE));
        entries.iter().filter_map(|entry| chain.next(entry).err()).collect()
    }

    /// S-53: what was changed, removed or moved is found.
    #[test]
    fn what_was_meddled_with_is_found() {
        let whole = chain();
        assert_eq!(wrong(&whole), []);
        let mut changed = whole.clone();
        changed[1].act.actor = "bob".to_owned();
        assert_eq!(wrong(&changed), [Broken::Changed { number: 2 }]);
        changed[1].digest = changed[1].computed();
        assert_eq!(wrong(&changed), [Broken::Unlinked { number: 3 }]);
        let mut removed = whole.clone();
        removed.remove(2);
        assert_eq!(wrong(&removed), [Broken::Missing { from: 3, to: 3 }]);
        removed[2].number = 3;
        assert_eq!(wrong(&removed), [Broken::Changed { number: 3 }]);
        let mut moved = whole.clone();
        (moved[1].act, moved[2].act) = (whole[2].act.clone(), whole[1].act.clone());
        assert_eq!(wrong(&moved), [Broken::Changed { number: 2 }, Broken::Changed { number: 3 }]);
    }

    #[test]
    fn no_two_acts_have_one_digest() {
        let one = act("ab");
        let mut other = act("b");
        other.action.push('a');
        let digest =
            |act| Entry::behind((0, EntryDigest::NONE), act, Timestamp::from_micros(7)).digest;
        assert_ne!(digest(one.clone()), digest(other));
        let empty = Act { origin: Some(String::new()), ..one.clone() };
        assert_ne!(digest(one), digest(empty));
    }
}
