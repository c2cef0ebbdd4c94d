//! Tokens: who may use the API of a store, and for what.
//!
//! A store keeps the digest of a token's secret, never the secret: who has a copy of the database can use none.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::job::{Field, Filter, Term};
use crate::limits::{TOKEN_NAME_BYTES, TOKEN_PATTERNS};
use crate::name::{check_word, matches, nearest};
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
///
/// A stored grant with a member that is not known cannot be used: it may limit more than this program knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Queues, or patterns of queues, that they are limited to; none sets no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// Kinds, or patterns of kinds, that they are limited to; none sets no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Tags that they are limited to, letter by letter: they see and touch only jobs that bear one of them. None sets no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Grant {
    /// These scopes, everywhere.
    pub fn everywhere(scopes: impl Into<Vec<Scope>>) -> Self {
        Self { scopes: scopes.into(), queues: Vec::new(), kinds: Vec::new(), tags: Vec::new() }
    }

    /// Checks what the types leave open.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        check_scopes(&self.scopes)?;
        check_patterns(&self.queues)?;
        check_patterns(&self.kinds)?;
        check_grant_tags(&self.tags)
    }

    /// Whether they may.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| *own == scope || *own == Scope::Admin)
    }

    /// Whether they are limited to some queues, kinds or tags.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !(self.queues.is_empty() && self.kinds.is_empty() && self.tags.is_empty())
    }

    /// Whether they are limited to jobs that bear some tags.
    #[must_use]
    pub fn is_limited_to_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Whether this queue is among those that they are limited to.
    #[must_use]
    pub fn covers_queue(&self, queue: &str) -> bool {
        self.queues.is_empty() || self.queues.iter().any(|pattern| matches(pattern, queue))
    }

    /// Whether every job that a filter can match is among those that they are limited to, as one of its terms says, and it asks
    /// for no tag of others.
    #[must_use]
    pub fn covers_filter(&self, filter: &Filter) -> bool {
        let is_within = |patterns: &[String], named: &String| {
            let fits = |pattern: &String| {
                pattern == named || (!named.contains('*') && matches(pattern, named))
            };
            patterns.iter().any(fits)
        };
        let says = |limits: &[String], is_kept: &dyn Fn(&Field) -> bool| {
            let mut terms = filter.terms.iter().filter(|term| !term.negated);
            limits.is_empty() || terms.any(|term| is_kept(&term.field))
        };
        let queue = |field: &Field| match field {
            Field::Queue(all) => all.iter().all(|one| is_within(&self.queues, one)),
            _ => false,
        };
        let kind = |field: &Field| match field {
            Field::Kind(all) => all.iter().all(|one| is_within(&self.kinds, one)),
            _ => false,
        };
        let tag = |field: &Field| match field {
            Field::Tag(all) => all.iter().all(|one| self.tags.contains(one)),
            _ => false,
        };
        let is_of_others = |term: &Term| {
            let tags = match &term.field {
                Field::Tag(tags) if !term.negated => tags.as_slice(),
                _ => &[],
            };
            tags.iter().any(|tag| self.is_of_others(tag))
        };
        says(&self.queues, &queue)
            && says(&self.kinds, &kind)
            && says(&self.tags, &tag)
            && !filter.terms.iter().any(is_of_others)
    }

    /// Whether jobs of this kind on this queue with these tags are among those that they are limited to.
    #[must_use]
    pub fn covers(&self, queue: &str, kind: &str, tags: &[String]) -> bool {
        self.covers_place(queue, kind)
            && (self.tags.is_empty() || tags.iter().any(|tag| self.tags.contains(tag)))
    }

    /// Whether jobs of this kind on this queue may be among those that they are limited to, whatever their tags.
    #[must_use]
    pub fn covers_place(&self, queue: &str, kind: &str) -> bool {
        let covers = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
        };
        covers(&self.queues, queue) && covers(&self.kinds, kind)
    }

    /// Whether they may write a job with these tags: it bears one that they are limited to, and none that begins like one of
    /// these up to the first colon and is another. Who is limited to `tenant:acme` gives no job to `tenant:other`.
    #[must_use]
    pub fn may_give(&self, tags: &[String]) -> bool {
        let has_own = tags.iter().any(|tag| self.tags.contains(tag));
        self.tags.is_empty() || (has_own && !tags.iter().any(|tag| self.is_of_others(tag)))
    }

    /// Whether a tag begins like one of theirs up to the first colon, and is none of theirs.
    fn is_of_others(&self, tag: &str) -> bool {
        let Some((family, _)) = tag.split_once(':') else { return false };
        let is_like = |own: &String| own.split_once(':').is_some_and(|(own, _)| own == family);
        self.tags.iter().any(is_like) && !self.tags.iter().any(|own| own == tag)
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

fn check_grant_tags(tags: &[String]) -> Result<(), Refusal> {
    check_patterns(tags)?;
    Ok(tags.iter().try_for_each(|tag| check_word("tag", tag))?)
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
    /// Tags that they are limited to, letter by letter; none sets no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

impl GrantChange {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let Self { scopes, queues, kinds, tags } = self;
        scopes.as_deref().map_or(Ok(()), check_scopes)?;
        tags.as_deref().map_or(Ok(()), check_grant_tags)?;
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
        assert!(grant.covers("any", "thing", &[]));
        grant.queues = vec!["mail".to_owned(), "img-*".to_owned()];
        assert!(
            grant.is_limited() && grant.covers("mail", "k", &[]) && grant.covers("img-1", "k", &[])
        );
        assert!(!grant.covers("mailbox", "k", &[]));
        grant.kinds = vec!["crm.*".to_owned()];
        assert!(grant.covers("mail", "crm.sync", &[]) && !grant.covers("mail", "k", &[]));
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

    fn of_tags(tags: &[&str]) -> Grant {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Grant { tags, ..Grant::everywhere([Scope::Operate]) }
    }

    /// S-14: a job is covered where it bears one of the tags, letter by letter, and a filter where it names no other.
    #[test]
    fn a_grant_covers_the_tags_that_it_names() {
        let grant = of_tags(&["tenant:acme", "tenant:beta"]);
        assert!(grant.is_limited() && grant.is_limited_to_tags() && grant.covers_queue("any"));
        let covers = |tags: &[&str]| grant.covers("q", "k", &of_tags(tags).tags);
        assert!(covers(&["bulk", "tenant:acme"]) && covers(&["tenant:beta"]));
        for foreign in [&[][..], &["bulk"], &["tenant:acmes", "tenant:"], &["Tenant:acme"]] {
            assert!(!covers(foreign), "{foreign:?}");
        }
        let covers = |text: &str| grant.covers_filter(&text.parse().expect(text));
        for text in
            ["tag:tenant:acme", "tag:tenant:beta,tenant:acme state:dead", "tag:x tag:tenant:acme"]
        {
            assert!(covers(text), "{text}");
        }
        for text in [
            "",
            "queue:q",
            "-tag:tenant:acme",
            "tag:tenant:acme,other",
            "tag:tenant:other tag:tenant:acme",
            "tag:tenant:*",
            "tag:*",
        ] {
            assert!(!covers(text), "{text}");
        }
        let both = Grant { queues: vec!["q".to_owned()], ..grant };
        assert!(!both.covers("other", "k", &both.tags) && both.covers("q", "k", &both.tags));
        assert!(!both.covers_filter(&"tag:tenant:acme".parse().expect("a filter")));
    }

    /// S-14: a job is given no tag of another one of the same family, so that nobody else gets to see it.
    #[test]
    fn a_grant_gives_its_own_tags() {
        let grant = of_tags(&["tenant:acme", "vip"]);
        let gives = |tags: &[&str]| grant.may_give(&of_tags(tags).tags);
        assert!(
            gives(&["tenant:acme"]) && gives(&["vip"]) && gives(&["bulk", "a:b", "tenant:acme"])
        );
        assert!(!gives(&[]) && !gives(&["bulk"]) && !gives(&["tenant:other"]));
        assert!(!gives(&["tenant:acme", "tenant:other"]) && !gives(&["vip", "tenant:other"]));
        assert!(gives(&["tenant:acme", "tenants"]) && gives(&["vip", "vips"]));
        assert!(Grant::everywhere([Scope::Enqueue]).may_give(&of_tags(&["tenant:other"]).tags));
    }

    /// S-14: a stored grant that says more than is known is not one that says less.
    #[test]
    fn a_grant_with_an_unknown_limit_cannot_be_read() {
        let read = |text: &str| serde_json::from_str::<Grant>(text);
        let stored = serde_json::to_string(&of_tags(&["a"])).expect("JSON");
        assert_eq!(read(&stored).expect("a grant"), of_tags(&["a"]));
        let before = read(r#"{"scopes": ["read"]}"#).expect("a grant of a time before tags");
        assert!(!before.is_limited());
        assert!(read(r#"{"scopes": ["read"], "regions": ["eu"]}"#).is_err());
    }

    /// Bad input: what no job can bear is refused as a limit.
    #[test]
    fn a_grant_of_what_is_no_tag_is_refused() {
        for bad in ["tenant:*", "", "a b", "a\0", &"x".repeat(101)] {
            assert!(of_tags(&[bad]).check().is_err(), "{bad}");
            let tags = Some(of_tags(&[bad]).tags);
            assert!(GrantChange { tags, ..GrantChange::default() }.check().is_err(), "{bad}");
        }
        assert!(of_tags(&["tenant:acme"]).check().is_ok());
    }

    #[test]
    fn a_wrong_scope_gets_a_suggestion() {
        let error = "opperate".parse::<Scope>().expect_err("no scope");
        assert!(error.to_string().ends_with("did you mean `operate`?"), "{error}");
        assert!(Scope::ALL.iter().all(|scope| scope.word().parse() == Ok(*scope)));
    }
}
