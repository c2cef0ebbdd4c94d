//! Limits that are set for queues, kinds and names of keys: so many at once, so many in a time, and nothing for a time after failures.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::error::Refusal;
use crate::limits::{LIMIT_PERIOD, RESERVED_KINDS};
use crate::name::{check_kind, check_queue};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

/// What a limit is set for, written `queue:mail`, `kind:img.resize` or `key:crm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitOn {
    /// All jobs of a queue.
    Queue(String),
    /// All jobs of a kind.
    Kind(String),
    /// Each key of a limit with this name: see [`Limited::named`](crate::job::Limited::named).
    Key(String),
}

impl LimitOn {
    /// The number the stores keep, and the name.
    #[must_use]
    pub fn scope(&self) -> (i16, &str) {
        match self {
            Self::Queue(name) => (0, name),
            Self::Kind(name) => (1, name),
            Self::Key(name) => (2, name),
        }
    }

    /// What a store gave back.
    #[must_use]
    pub fn from_scope(scope: i16, name: String) -> Option<Self> {
        match scope {
            0 => Some(Self::Queue(name)),
            1 => Some(Self::Kind(name)),
            2 => Some(Self::Key(name)),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Queue(name) => check_queue(name)?,
            Self::Kind(name) | Self::Key(name) => check_kind(name)?,
        }
        Ok(())
    }
}

impl fmt::Display for LimitOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => write!(f, "queue:{name}"),
            Self::Kind(name) => write!(f, "kind:{name}"),
            Self::Key(name) => write!(f, "key:{name}"),
        }
    }
}

impl Serialize for LimitOn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that says not what a limit is set for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not what a limit can be set for: {why}expected queue:NAME, kind:NAME or key:NAME"
)]
pub struct ParseLimitOnError {
    text: String,
    /// What is wrong with the name, as a phrase before the rest.
    why: String,
}

impl FromStr for LimitOn {
    type Err = ParseLimitOnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |why| ParseLimitOnError { text: text.to_owned(), why };
        let wrong = || refuse(String::new());
        let (scope, name) = text.split_once(':').ok_or_else(wrong)?;
        let on = match scope {
            "queue" => Self::Queue(name.to_owned()),
            "kind" => Self::Kind(name.to_owned()),
            "key" => Self::Key(name.to_owned()),
            _ => return Err(wrong()),
        };
        let is_pattern = name.contains('*');
        on.check().map(|()| on).map_err(|error| {
            let each = if is_pattern { ", and a limit is of one of them; " } else { "; " };
            refuse(format!("{error}{each}"))
        })
    }
}

/// A limit over all processes. Where several concern a job, all of them hold.
///
/// ```
/// # use std::time::Duration;
/// # use windlass_core::limit::{Limit, LimitOn};
/// let calls = Limit::on(LimitOn::Kind("crm.push".into()))
///     .running(20)
///     .rate(100, Duration::from_secs(60))
///     .burst(10)
///     .break_after(5, Duration::from_secs(60), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// What it is set for.
    pub on: LimitOn,
    /// So many run at once.
    pub running: Option<u32>,
    /// Of those so many are kept for a kind: see [`Limit::reserve`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reserved: BTreeMap<String, u32>,
    /// So many start in a time.
    pub rate: Option<Rate>,
    /// Nothing starts for a time after failures.
    pub breaker: Option<Breaker>,
}

/// A token bucket, on the database's clock: a job takes tokens when it is claimed, one unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// So many tokens come …
    pub tokens: u32,
    /// … in so long, evenly.
    #[serde(serialize_with = "seconds")]
    pub per: Duration,
    /// So many there are at most. A job that costs more starts when the bucket is full.
    pub burst: u32,
}

/// A circuit breaker: after so many failures within a time nothing starts for a time; then one job does, and its end says
/// whether the others follow. Jobs that wait for it lose no attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Breaker {
    /// Failures: errors, timeouts and panics, not lost workers.
    pub failures: u32,
    /// Within so long.
    #[serde(serialize_with = "seconds")]
    pub within: Duration,
    /// Open for so long: nothing starts.
    #[serde(serialize_with = "seconds")]
    pub open_for: Duration,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl Limit {
    /// A limit that limits nothing yet.
    #[must_use]
    pub const fn on(on: LimitOn) -> Self {
        Self { on, running: None, reserved: BTreeMap::new(), rate: None, breaker: None }
    }

    /// At most so many run at once.
    #[must_use]
    pub const fn running(mut self, jobs: u32) -> Self {
        self.running = Some(jobs);
        self
    }

    /// Of the places of a queue's limit so many are reserved for a kind: as long as fewer of it run, other kinds leave
    /// them free. The kind may use the others too.
    ///
    /// ```
    /// # use windlass_core::limit::{Limit, LimitOn};
    /// // At most 15 jobs of other kinds run at once, so that a welcome letter never waits for a slow newsletter.
    /// let mail = Limit::on(LimitOn::Queue("mail".into())).running(20).reserve("welcome", 5);
    /// # mail.check().unwrap();
    /// ```
    #[must_use]
    pub fn reserve(mut self, kind: impl Into<String>, jobs: u32) -> Self {
        self.reserved.insert(kind.into(), jobs);
        self
    }

    /// At most so many tokens in a time, evenly, and as many at once unless [`Limit::burst`] says otherwise.
    #[must_use]
    pub const fn rate(mut self, tokens: u32, per: Duration) -> Self {
        self.rate = Some(Rate { tokens, per, burst: tokens });
        self
    }

    /// Of the rate at most so many at once.
    #[must_use]
    pub const fn burst(mut self, tokens: u32) -> Self {
        if let Some(rate) = &mut self.rate {
            rate.burst = tokens;
        }
        self
    }

    /// After so many failures within a time nothing starts for a time.
    #[must_use]
    pub const fn break_after(
        mut self,
        failures: u32,
        within: Duration,
        open_for: Duration,
    ) -> Self {
        self.breaker = Some(Breaker { failures, within, open_for });
        self
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When it limits nothing, when a number is 0, when a time is shorter than a millisecond or longer than a day, and
    /// when the name is not one; also when places are reserved that there are not, or in the limit of a kind or a key.
    pub fn check(&self) -> Result<(), Refusal> {
        self.on.check()?;
        if self.running.is_none() && self.rate.is_none() && self.breaker.is_none() {
            return Err(Refusal::LimitsNothing);
        }
        number("a limit", self.running)?;
        self.check_reserved()?;
        number("a rate", self.rate.map(|rate| rate.tokens))?;
        number("a burst", self.rate.map(|rate| rate.burst))?;
        number("the failures of a breaker", self.breaker.map(|breaker| breaker.failures))?;
        period("the time of a rate", self.rate.map(|rate| rate.per))?;
        period("the time in which a breaker counts", self.breaker.map(|breaker| breaker.within))?;
        period("the time for which a breaker is open", self.breaker.map(|breaker| breaker.open_for))
    }
}

impl Limit {
    fn check_reserved(&self) -> Result<(), Refusal> {
        if self.reserved.is_empty() {
            return Ok(());
        }
        let LimitOn::Queue(_) = self.on else {
            return Err(Refusal::ReservedOutsideQueue { on: self.on.to_string() });
        };
        let Some(running) = self.running else { return Err(Refusal::ReservedOfNothing) };
        if self.reserved.len() > RESERVED_KINDS {
            return Err(Refusal::ReservedKinds { limit: RESERVED_KINDS });
        }
        for (kind, jobs) in &self.reserved {
            check_kind(kind)?;
            number("the number of reserved places", Some(*jobs))?;
        }
        let reserved = self.reserved.values().map(|jobs| u64::from(*jobs)).sum();
        if reserved > u64::from(running) {
            return Err(Refusal::ReservedTooMany { reserved, running });
        }
        Ok(())
    }
}

fn number(what: &'static str, number: Option<u32>) -> Result<(), Refusal> {
    let (number, limit) = (u64::from(number.unwrap_or(1)), u64::from(i32::MAX.cast_unsigned()));
    if (1..=limit).contains(&number) { Ok(()) } else { Err(Refusal::Range { what, number, limit }) }
}

fn period(what: &'static str, time: Option<Duration>) -> Result<(), Refusal> {
    let shortest = Duration::from_millis(1);
    match time {
        Some(time) if time < shortest || time > LIMIT_PERIOD => Err(Refusal::LimitPeriod { what }),
        _ => Ok(()),
    }
}

/// Who set something that code, a file and a person can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SetBy {
    /// A program, when its worker started.
    Code,
    /// `windlass.toml`.
    Config,
    /// A person, or a program on a person's behalf: what neither code nor a file overwrites.
    Person,
}

impl SetBy {
    /// The number the stores keep.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Code => 0,
            Self::Config => 1,
            Self::Person => 2,
        }
    }

    /// The one with this number.
    #[must_use]
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            0 => Some(Self::Code),
            1 => Some(Self::Config),
            2 => Some(Self::Person),
            _ => None,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Config => "config",
            Self::Person => "person",
        }
    }
}

/// A limit as others see it.
#[derive(Debug, Clone, Serialize)]
pub struct LimitRecord {
    /// The limit.
    #[serde(flatten)]
    pub limit: Limit,
    /// Who set it.
    pub set_by: SetBy,
    /// Why.
    pub note: Option<String>,
    /// When.
    pub set_at: Timestamp,
    /// How many run now, where that is limited; over all keys of a name.
    pub running_now: Option<u64>,
    /// Of the keys of a name, how many have as many running as they may; null where it is not one or that is not limited.
    pub full_keys: Option<u64>,
    /// Tokens there are now; null for the keys of a name.
    pub tokens_now: Option<f64>,
    /// Since when its breaker is open; for the keys of a name, the first of them.
    pub open_since: Option<Timestamp>,
}

impl LimitRecord {
    /// Whether as many run as may; of the keys of a name, those of one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match (&self.limit.on, self.limit.running) {
            (_, None) => false,
            (LimitOn::Key(_), Some(_)) => self.full_keys.is_some_and(|keys| keys > 0),
            (_, Some(most)) => self.running_now.is_some_and(|now| now >= u64::from(most)),
        }
    }

    /// Until when nothing starts; then one job probes. `None` where its breaker is not open.
    #[must_use]
    pub fn open_until(&self) -> Option<Timestamp> {
        let breaker = self.limit.breaker?;
        self.open_since.map(|since| since.after(breaker.open_for))
    }
}

/// The result of setting a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LimitSet {
    /// It holds from now on, for jobs that are claimed from now on.
    Now,
    /// A person has set another one, which stays.
    Kept,
}

/// The verbs of limits.
pub trait LimitStore: Send + Sync {
    /// Sets a limit in place of what was set before. Jobs that run count at once. What a person set, only a person changes.
    fn set_limit<'a>(
        &'a self,
        limit: &'a Limit,
        by: SetBy,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, LimitSet>;

    /// Removes a limit. `false` where there was none.
    fn remove_limit<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool>;

    /// Closes the breaker of a limit, for a name those of all its keys, and forgets the failures that it has counted.
    /// `false` where none was open.
    fn close_breaker<'a>(&'a self, on: &'a LimitOn) -> Reply<'a, bool>;

    /// The limits that are set.
    fn limits(&self, now: Now) -> Reply<'_, Vec<LimitRecord>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn kind() -> Limit {
        Limit::on(LimitOn::Kind("crm.push".to_owned()))
    }

    fn refused(limit: &Limit) -> String {
        limit.check().expect_err("it is refused").to_string()
    }

    #[test]
    fn what_a_limit_is_on_is_read_back_from_its_text() {
        for text in ["queue:mail", "kind:crm.push", "key:crm"] {
            assert_eq!(text.parse::<LimitOn>().expect("it is one").to_string(), text);
        }
        for text in ["mail", "task:mail", "kind:", "kind:no kind"] {
            let wrong = text.parse::<LimitOn>().expect_err("it is none").to_string();
            assert!(wrong.contains(text) && wrong.contains("queue:NAME"), "{wrong}");
        }
        let pattern = "kind:crm.*".parse::<LimitOn>().expect_err("it is a pattern").to_string();
        assert!(pattern.contains("has the character '*' at 4"), "{pattern}");
        assert!(pattern.contains("a limit is of one of them"), "{pattern}");
    }

    #[test]
    fn reserved_places_that_make_no_sense_are_refused() {
        let mail = || Limit::on(LimitOn::Queue("mail".to_owned())).running(4);
        mail().reserve("welcome", 3).reserve("alert", 1).check().expect("it makes sense");
        let of_kind = refused(&kind().running(4).reserve("welcome", 1));
        assert!(of_kind.contains("kind:crm.push") && of_kind.contains("queue:NAME"), "{of_kind}");
        let unlimited = Limit { running: None, ..mail() }.rate(1, MINUTE).reserve("welcome", 1);
        assert!(refused(&unlimited).contains("say how many run"), "{}", refused(&unlimited));
        let none = refused(&mail().reserve("welcome", 0));
        assert!(none.starts_with("the number of reserved places of 0"), "{none}");
        let many = refused(&mail().reserve("welcome", 3).reserve("alert", 2));
        assert!(many.contains("5 reserved places are more than the 4"), "{many}");
        assert!(refused(&mail().reserve("", 1)).contains("needs a name"));
        assert!(refused(&mail().reserve("no\0kind", 1)).contains("character"));
        assert!(refused(&mail().reserve("x".repeat(10_000), 1)).contains("above the limit"));
        let kinds = |n: u32| (0..n).fold(mail().running(99), |l, n| l.reserve(format!("k{n}"), 1));
        kinds(16).check().expect("16 are fine");
        assert!(refused(&kinds(17)).contains("more kinds than 16"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(refused(&kind()), "a limit says how many run, a rate or when to break");
        assert_eq!(refused(&kind().running(0)), "a limit of 0 is outside of 1 to 2147483647");
        assert!(refused(&kind().rate(0, MINUTE)).starts_with("a rate of 0"));
        assert!(refused(&kind().rate(1, MINUTE).burst(0)).starts_with("a burst of 0"));
        let long = refused(&kind().rate(1, MINUTE * 60 * 25));
        assert_eq!(long, "the time of a rate is a millisecond at least and a day at most");
        assert!(refused(&kind().break_after(0, MINUTE, MINUTE)).contains("breaker of 0"));
        assert!(refused(&kind().break_after(1, Duration::ZERO, MINUTE)).contains("counts"));
        assert!(refused(&kind().break_after(1, MINUTE, Duration::MAX)).contains("is open"));
        kind().rate(10, MINUTE).burst(3).running(4).check().expect("it makes sense");
    }
}
