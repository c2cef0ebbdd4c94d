//! Users: people who sign in with a password, or whom a proxy names, and their sessions.
//!
//! A store keeps the hash of a password and the digest of a session's secret: who has a copy of the database can sign in with
//! neither.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::Refusal;
use crate::limits::{SESSION_IDLE, SESSION_TIME};
use crate::name::nearest;
use crate::reply::{Now, Reply};
use crate::time::Timestamp;
use crate::token::{Grant, GrantChange, Scope, TokenDigest, check_name};

/// What somebody is to the team: a word for scopes that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and changes jobs, queues and what else runs.
    Operator,
    /// Everything, users and tokens included.
    Admin,
}

impl Role {
    /// All of them, from the least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The scopes that it stands for.
    #[must_use]
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Viewer => &[Scope::Read],
            Self::Operator => &[Scope::Read, Scope::Enqueue, Scope::Publish, Scope::Operate],
            Self::Admin => &[Scope::Admin],
        }
    }

    /// The role that stands for exactly these scopes.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Option<Self> {
        let same = |role: &Self| {
            let own = role.scopes();
            own.len() == scopes.len() && own.iter().all(|scope| scopes.contains(scope))
        };
        Self::ALL.into_iter().find(same)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a role: viewer, operator or admin{hint}")]
pub struct ParseRoleError {
    word: String,
    hint: String,
}

impl FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(word: &str) -> Result<Self, ParseRoleError> {
        let found = Self::ALL.into_iter().find(|role| role.word() == word);
        found.ok_or_else(|| {
            let near = nearest(word, &Self::ALL.map(Self::word));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            ParseRoleError { word: word.to_owned(), hint }
        })
    }
}

/// The hash of a password, as a text that names its function and its salt (the PHC string format).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash with this text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Somebody to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their name, as they write it when they sign in, and as a proxy says it.
    pub name: String,
    /// What their password is compared with; somebody without one is let in by a proxy alone.
    pub password: Option<PasswordHash>,
    /// What they may do.
    pub grant: Grant,
}

impl User {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the name cannot be used, or there is no scope, or there are too many patterns.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name("a user's name", &self.name)?;
        self.grant.check()
    }
}

/// What is to be different of a user; the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserChange {
    /// Another password.
    pub password: Option<PasswordHash>,
    /// What they may do from now on.
    pub grant: GrantChange,
}

impl UserChange {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When there is no scope, or there are too many patterns.
    pub fn check(&self) -> Result<(), Refusal> {
        self.grant.check()
    }
}

/// Somebody as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The user.
    pub user: User,
    /// When they were added.
    pub created_at: Timestamp,
}

/// A session to be started: its secret lies in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session<'a> {
    /// The digest of its secret.
    pub digest: TokenDigest,
    /// Whose it is.
    pub user: &'a str,
    /// The hash that their password was compared with.
    pub password: &'a PasswordHash,
}

/// A password that its user changes: the session that asks for it gives way to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnPassword<'a> {
    /// The session that asks.
    pub session: TokenDigest,
    /// The hash that the old password was compared with.
    pub old: &'a PasswordHash,
    /// The hash of the new one.
    pub new: &'a PasswordHash,
    /// The digest of the new session's secret.
    pub next: TokenDigest,
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose it is, as they are now.
    pub user: User,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was used last, to a minute.
    pub used_at: Timestamp,
}

impl SessionRecord {
    /// Until when it can be used if it is not used meanwhile.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.used_at.after(SESSION_IDLE).min(self.created_at.after(SESSION_TIME))
    }

    /// Whether it can be used at this moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.ends_at()
    }

    /// Whether its use at this moment is worth a write.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.used_at.after(Duration::from_secs(60)) <= now
    }
}

/// The verbs of users.
pub trait UserStore: Send + Sync {
    /// Keeps somebody; `false` where there is a user or a token with their name: that stays as it is.
    fn add_user<'a>(&'a self, user: &'a User, now: Now) -> Reply<'a, bool>;

    /// The user with this name.
    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<UserRecord>>;

    /// All users, by name.
    fn users(&self) -> Reply<'_, Vec<UserRecord>>;

    /// Changes somebody, and ends their sessions; `false` where there is nobody with this name.
    fn change_user<'a>(&'a self, name: &'a str, change: &'a UserChange) -> Reply<'a, bool>;

    /// Takes somebody away with their sessions; `false` where there is nobody with this name.
    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;

    /// Starts a session, unless its user is gone or has another password by now: then `false`. The user's oldest ends where they
    /// would have more than [`SESSIONS`](crate::limits::SESSIONS), and those of anybody that are over are forgotten.
    fn start_session<'a>(&'a self, session: &'a Session<'a>, now: Now) -> Reply<'a, bool>;

    /// Changes the password of a session's user, ends all their sessions and starts the next one: all or nothing. `false` where the
    /// session is over or the password another one by then.
    fn change_own_password<'a>(&'a self, change: &'a OwnPassword<'a>, now: Now) -> Reply<'a, bool>;

    /// The session whose secret has this digest, over or not.
    fn session(&self, digest: TokenDigest) -> Reply<'_, Option<SessionRecord>>;

    /// Says that a session is in use.
    fn use_session(&self, digest: TokenDigest, now: Now) -> Reply<'_, ()>;

    /// Ends a session; `false` where there is none.
    fn end_session(&self, digest: TokenDigest) -> Reply<'_, bool>;

    /// Ends all sessions of somebody, those that are being started too, and says how many.
    fn end_sessions<'a>(&'a self, name: &'a str) -> Reply<'a, u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_stands_for_its_scopes() {
        for role in Role::ALL {
            assert_eq!(Role::of(role.scopes()), Some(role));
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert_eq!(Role::of(&[Scope::Read, Scope::Work]), None);
        assert_eq!(Role::of(&[]), None);
        let error = "operater".parse::<Role>().expect_err("no role");
        assert!(error.to_string().ends_with("did you mean `operator`?"), "{error}");
    }

    /// S-12: a session ends half an hour after its last use, and 12 hours after its start.
    #[test]
    fn a_session_ends_when_it_idles_and_when_it_is_old() {
        let start = Timestamp::from_micros(1_000_000);
        let minutes = |minutes: u64| start.after(Duration::from_secs(60 * minutes));
        let user = User {
            name: "ana".to_owned(),
            password: Some(PasswordHash::new("$argon2id$x".to_owned())),
            grant: Grant::everywhere(Role::Viewer.scopes()),
        };
        assert!(!format!("{user:?}").contains("argon2"));
        let mut session = SessionRecord { user, created_at: start, used_at: start };
        assert!(session.holds(minutes(29)) && !session.holds(minutes(30)));
        assert!(!session.is_stale(start) && session.is_stale(minutes(1)));
        session.used_at = minutes(715);
        assert!(session.holds(minutes(719)) && !session.holds(minutes(720)));
    }
}
