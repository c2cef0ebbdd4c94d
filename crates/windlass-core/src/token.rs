//! Tokens: who may use the API of a store, and for what.
//!
//! A store keeps the digest of a token's secret, never the secret: who has a copy of the database can use none.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::job::{Field, Filter};
use crate::limits::{TOKEN_NAME_BYTES, TOKEN_PATTERNS};
use crate::name::{matches, nearest};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scope {
    /// Look at what is there.
    Read,
    /// Write jobs, tell signals.
    Enqueue,
    /// Publish events.
    Publish,
    /// Claim and settle jobs.
    Work,
    /// Change what is there: cancel, retry, pause.
    Operate,
    /// Everything, tokens included.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Enqueue, Self::Publish, Self::Work, Self::Operate, Self::Admin];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Enqueue => "enqueue",
            Self::Publish => "publish",
            Self::Work => "work",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a scope: read, enqueue, publish, work, operate or admin{hint}")]
pub struct ParseScopeError {
    word: String,
    hint: String,
}

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(word: &str) -> Result<Self, ParseScopeError> {
        let words = Self::ALL.map(Self::word);
        let found = Self::ALL.into_iter().find(|scope| scope.word() == word);
        found.ok_or_else(|| {
            let near = nearest(word, &words).map(|near| format!("; did you mean `{near}`?"));
            ParseScopeError { word: word.to_owned(), hint: near.unwrap_or_default() }
        })
    }
}

/// The SHA-256 of a token's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
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

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

/// What a token's owner may do, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Queues, or patterns of queues, that they are limited to; none sets no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// Kinds, or patterns of kinds, that they are limited to; none sets no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

impl Grant {
    /// These scopes, everywhere.
    pub fn everywhere(scopes: impl Into<Vec<Scope>>) -> Self {
        Self { scopes: scopes.into(), queues: Vec::new(), kinds: Vec::new() }
    }

    /// Checks what the types leave open.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        check_scopes(&self.scopes)?;
        check_patterns(&self.queues)?;
        check_patterns(&self.kinds)
    }

    /// Whether they may.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| *own == scope || *own == Scope::Admin)
    }

    /// Whether they are limited to some queues or kinds.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !(self.queues.is_empty() && self.kinds.is_empty())
    }

    /// Whether this queue is among those that they are limited to.
    #[must_use]
    pub fn covers_queue(&self, queue: &str) -> bool {
        self.queues.is_empty() || self.queues.iter().any(|pattern| matches(pattern, queue))
    }

    /// Whether every job that a filter can match is among those that they are limited to, as one of its terms says.
    #[must_use]
    pub fn covers_filter(&self, filter: &Filter) -> bool {
        let is_one = |patterns: &[String], named: &String| {
            let fits = |pattern: &String| {
                pattern == named || (!named.contains('*') && matches(pattern, named))
            };
            patterns.iter().any(fits)
        };
        let covers = |patterns: &[String], pick: fn(&Field) -> Option<&Vec<String>>| {
            let named = filter.terms.iter().filter(|term| !term.negated);
            let mut named = named.filter_map(|term| pick(&term.field));
            patterns.is_empty() || named.any(|all| all.iter().all(|one| is_one(patterns, one)))
        };
        let queue: fn(&Field) -> Option<&Vec<String>> = |field| match field {
            Field::Queue(patterns) => Some(patterns),
            _ => None,
        };
        let kind: fn(&Field) -> Option<&Vec<String>> = |field| match field {
            Field::Kind(patterns) => Some(patterns),
            _ => None,
        };
        covers(&self.queues, queue) && covers(&self.kinds, kind)
    }

    /// Whether jobs of this kind on this queue are among those that they are limited to.
    #[must_use]
    pub fn covers(&self, queue: &str, kind: &str) -> bool {
        let covers = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
        };
        covers(&self.queues, queue) && covers(&self.kinds, kind)
    }
}

fn check_scopes(scopes: &[Scope]) -> Result<(), Refusal> {
    if scopes.is_empty() { Err(Refusal::NoScope) } else { Ok(()) }
}

fn check_patterns(patterns: &[String]) -> Result<(), Refusal> {
    let is_good = |pattern: &String| (1..=TOKEN_NAME_BYTES).contains(&pattern.len());
    if patterns.len() > TOKEN_PATTERNS || !patterns.iter().all(is_good) {
        return Err(Refusal::Patterns { limit: TOKEN_PATTERNS });
    }
    Ok(())
}

/// What is to be different of a grant; the rest stays. As JSON it has what is given alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct GrantChange {
    /// What they may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// Queues, or patterns of queues, that they are limited to; none sets no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<String>>,
    /// Kinds, or patterns of kinds, that they are limited to; none sets no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
}

impl GrantChange {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let Self { scopes, queues, kinds } = self;
        scopes.as_deref().map_or(Ok(()), check_scopes)?;
        [queues, kinds].into_iter().flatten().try_for_each(|patterns| check_patterns(patterns))
    }
}

/// A token to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name, for people: who uses it.
    pub name: String,
    /// The digest of its secret.
    pub digest: TokenDigest,
    /// The last letters of its secret, so that a person can tell which one it is.
    pub hint: String,
    /// What it is good for.
    pub grant: Grant,
    /// Until when it can be used.
    pub expires_at: Option<Timestamp>,
}

impl Token {
    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the name cannot be used, or there is no scope, or there are too many patterns.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name("a token's name", &self.name)?;
        self.grant.check()
    }
}

/// Refuses a name that people cannot tell apart.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Refusal> {
    let bytes = name.len();
    if !(1..=TOKEN_NAME_BYTES).contains(&bytes) || name.chars().any(char::is_control) {
        return Err(Refusal::Key { what, bytes, limit: TOKEN_NAME_BYTES });
    }
    Ok(())
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// The token.
    pub token: Token,
    /// When it was made.
    pub created_at: Timestamp,
}

impl TokenRecord {
    /// Whether it can be used at this moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.token.expires_at.is_none_or(|until| now < until)
    }
}

/// The verbs of tokens.
pub trait TokenStore: Send + Sync {
    /// Keeps a token; `false` where there is a token or a user with its name: that stays as it is.
    fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool>;

    /// The token whose secret has this digest, expired or not.
    fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>>;

    /// All tokens, by name.
    fn tokens(&self) -> Reply<'_, Vec<TokenRecord>>;

    /// Takes a token away; `false` where there is none with this name.
    fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_what_it_names() {
        let mut grant = Grant::everywhere([Scope::Read, Scope::Work]);
        assert!(grant.has(Scope::Work) && !grant.has(Scope::Operate) && !grant.is_limited());
        assert!(grant.covers("any", "thing"));
        grant.queues = vec!["mail".to_owned(), "img-*".to_owned()];
        assert!(grant.is_limited() && grant.covers("mail", "k") && grant.covers("img-1", "k"));
        assert!(!grant.covers("mailbox", "k"));
        grant.kinds = vec!["crm.*".to_owned()];
        assert!(grant.covers("mail", "crm.sync") && !grant.covers("mail", "k"));
        assert!(Grant::everywhere([Scope::Admin]).has(Scope::Publish));
    }

    /// S-14: a filter is covered where one of its terms keeps it within each limit.
    #[test]
    fn a_grant_covers_filters_that_stay_within_it() {
        let mut grant = Grant::everywhere([Scope::Operate]);
        let covers = |grant: &Grant, text: &str| grant.covers_filter(&text.parse().expect(text));
        assert!(covers(&grant, "state:dead"));
        grant.queues = vec!["mail".to_owned(), "img-*".to_owned()];
        for text in ["queue:mail", "queue:mail,img-*", "kind:x queue:img-1", "queue:* queue:mail"] {
            assert!(covers(&grant, text), "{text}");
        }
        for text in
            ["", "kind:x", "queue:*", "queue:mail,other", "queue:i*", "-queue:mail", "queue:m*"]
        {
            assert!(!covers(&grant, text), "{text}");
        }
        grant.kinds = vec!["crm.*".to_owned()];
        assert!(covers(&grant, "queue:mail kind:crm.sync") && !covers(&grant, "queue:mail"));
        assert!(grant.covers_queue("img-7") && !grant.covers_queue("other"));
    }

    #[test]
    fn a_wrong_scope_gets_a_suggestion() {
        let error = "opperate".parse::<Scope>().expect_err("no scope");
        assert!(error.to_string().ends_with("did you mean `operate`?"), "{error}");
        assert!(Scope::ALL.iter().all(|scope| scope.word().parse() == Ok(*scope)));
    }
}
