//! A standby: a copy of the database that only reads, and how old what it says may be.
//!
//! The primary is asked how far its log is written, and the standby how far it has replayed that log. Where the standby has replayed
//! all that was written when the primary was asked, its answers have everything that was committed before that moment, by this
//! process's own clock. A standby whose primary is cut off, or that replays nothing, looks idle by itself, and so does not count.

mod age;
mod reads;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::reply::Reply;
use crate::store::Store;
use age::Marks;
pub use reads::ReadOnly;

/// How often both are asked at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long each may take to answer.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// How long a standby is not asked that has not answered a read in time: who looks may be answered at once meanwhile.
const REST: Duration = Duration::from_secs(10);
/// How long a standby is given to replay what the primary wrote just now, and how often.
const CATCH_UP: Duration = Duration::from_millis(20);
const CATCH_UPS: usize = 3;

/// A place in a log, and whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPlace {
    /// The cluster that the log is of.
    pub cluster: u64,
    /// The database in it.
    pub database: u32,
    /// The timeline: another one begins when a standby is promoted.
    pub timeline: u32,
    /// Bytes of the log up to there.
    pub bytes: u64,
}

/// How a standby and its primary are asked: for each kind of database that has standbys.
pub trait Follow: Send + Sync + 'static {
    /// How far the log of the primary is written, so that a commit cannot be lost any more.
    fn written(&self) -> Reply<'_, LogPlace>;

    /// How far the standby has replayed it. An error of the kind [`StoreError::Unusable`] says that it is not a standby.
    fn replayed(&self) -> Reply<'_, LogPlace>;

    /// Its store, which is opened where it is not open yet. It takes as long as a connection may.
    fn store(&self) -> Reply<'_, Arc<dyn Store>>;
}

/// How a standby is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can be asked: its answers have all that was committed before this moment.
    Current(Instant),
    /// It is not known to be new enough, and not known to be too old either: nobody has asked for some time.
    Unsure,
    /// It has not replayed for so long what the primary has written.
    Behind(Duration),
    /// It cannot be reached, for this reason.
    Away(String),
    /// It answers, and is not the standby of this primary, for this reason.
    Unfit(String),
}

/// A standby that reads are answered by, while it is new enough.
pub struct Standby {
    follow: Box<dyn Follow>,
    max_age: Duration,
    /// One asks at a time; the others go by what is known.
    looking: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

/// What the looks have found.
struct Known {
    marks: Marks,
    looked_at: Option<Instant>,
    /// Why the primary did not say how far it is, since it last did.
    unasked: Option<String>,
    rests_until: Option<Instant>,
    store: Option<Arc<dyn Store>>,
    failed: Option<Failed>,
    /// What was logged last.
    told: Told,
}

/// Why the standby cannot be used, whatever its age.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failed {
    Away(String),
    Unfit(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Used,
    Unused,
}

impl fmt::Debug for Standby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standby").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

impl Standby {
    /// The age from which it is not asked, unless it is said otherwise.
    pub const MAX_AGE: Duration = Duration::from_secs(10);

    /// One that is asked like this, and is asked once now. One that is away is tried again whenever it is wanted.
    ///
    /// # Errors
    /// Where it answers, and is not the standby of this primary.
    pub async fn of(follow: impl Follow) -> Result<Self, StoreError> {
        let known = Known {
            marks: Marks::default(),
            looked_at: None,
            unasked: None,
            rests_until: None,
            store: None,
            failed: None,
            told: Told::Used,
        };
        let standby = Self {
            follow: Box::new(follow),
            max_age: Self::MAX_AGE,
            looking: tokio::sync::Mutex::new(()),
            known: Mutex::new(known),
        };
        match standby.look().await {
            Err(error @ StoreError::Unusable { .. }) => Err(error),
            Ok(()) | Err(_) => Ok(standby),
        }
    }

    /// The same, which is asked while it is no older than this.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// The age from which it is not asked.
    #[must_use]
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// How it is, after a look where the last one is a second ago.
    pub async fn standing(&self) -> Standing {
        self.look_where_due().await;
        let mut known = self.known();
        let standing = known.standing(self.max_age, Instant::now());
        known.tell(&standing);
        standing
    }

    /// The age of what it would answer: it has all that was committed so long ago. None where that is not known.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.known().marks.as_of().map(|moment| moment.elapsed())
    }

    /// What answers reads, once it has been reached. It refuses to write.
    #[must_use]
    pub fn store(&self) -> Option<Arc<dyn Store>> {
        self.known().store.clone()
    }

    /// It has not answered a read in time: it is not asked for 10 s.
    pub fn rest(&self) {
        self.known().rests_until = Some(Instant::now() + REST);
    }

    /// The next who wants it looks at once.
    pub fn doubt(&self) {
        self.known().looked_at = None;
    }

    async fn look_where_due(&self) {
        let is_due = |at: Option<Instant>| at.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
        let looked_at = self.known().looked_at;
        if !is_due(looked_at) {
            return;
        }
        // Who comes while another looks goes by what is known, where anything is.
        let _looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            Err(_) if looked_at.is_some() => return,
            Err(_) => self.looking.lock().await,
        };
        if is_due(self.known().looked_at) {
            // Why it failed is kept with what is known.
            let _ = self.look().await;
        }
    }

    /// Asks both, and keeps what they say.
    async fn look(&self) -> Result<(), StoreError> {
        let looked = match self.open().await {
            Ok(()) => self.ask().await,
            Err(error) => Err(error),
        };
        let mut known = self.known();
        known.looked_at = Some(Instant::now());
        known.failed = looked.as_ref().err().map(|error| match error {
            StoreError::Unusable { reason, .. } => Failed::Unfit(reason.clone()),
            error => Failed::Away(error.to_string()),
        });
        looked
    }

    /// Opens its store, unless that is open. This is bounded by what a connection may take, and not by the time of a look: of a
    /// standby in another region the way alone takes longer, and what is given up begins again from nothing.
    async fn open(&self) -> Result<(), StoreError> {
        if self.known().store.is_some() {
            return Ok(());
        }
        let store = self.follow.store().await?;
        self.known().store.get_or_insert(store);
        Ok(())
    }

    async fn ask(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let (written, found) =
            tokio::join!(in_time(self.follow.written()), in_time(self.follow.replayed()));
        match &written {
            Ok(written) => self.known().written(asked_at, *written),
            Err(error) => self.known().unasked = Some(error.to_string()),
        }
        let mut looked = found.and_then(|replayed| self.replayed(replayed));
        for _ in 0..CATCH_UPS {
            let is_behind = looked.is_ok() && written.is_ok() && self.known().marks.is_behind();
            if !is_behind || self.age().is_some_and(|age| age < LOOK_EVERY * 2) {
                break;
            }
            tokio::time::sleep(CATCH_UP).await;
            let found = in_time(self.follow.replayed()).await;
            looked = found.and_then(|replayed| self.replayed(replayed));
        }
        looked
    }

    fn replayed(&self, replayed: LogPlace) -> Result<(), StoreError> {
        self.known().marks.replayed(replayed)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn written(&mut self, asked_at: Instant, place: LogPlace) {
        self.marks.written(asked_at, place);
        self.unasked = None;
    }

    fn standing(&self, max_age: Duration, now: Instant) -> Standing {
        match &self.failed {
            Some(Failed::Away(reason)) => return Standing::Away(reason.clone()),
            Some(Failed::Unfit(reason)) => return Standing::Unfit(reason.clone()),
            None => {}
        }
        if self.rests_until.is_some_and(|until| now < until) {
            return Standing::Away("it has not answered a read in time".to_owned());
        }
        let is_new = |moment: &Instant| now.duration_since(*moment) <= max_age;
        if let Some(moment) = self.marks.as_of().filter(is_new) {
            return Standing::Current(moment);
        }
        match (self.marks.waits_for(now), &self.unasked) {
            (Some(behind), _) if behind > max_age => Standing::Behind(behind),
            (_, Some(reason)) => {
                Standing::Away(format!("the primary does not say how far it is: {reason}"))
            }
            _ => Standing::Unsure,
        }
    }

    /// Logs that it is not used, and that it is again, once each.
    fn tell(&mut self, standing: &Standing) {
        let why = match standing {
            Standing::Unsure => return,
            Standing::Current(_) => {
                if self.told == Told::Unused {
                    tracing::info!("the standby answers reads again");
                }
                self.told = Told::Used;
                return;
            }
            Standing::Behind(behind) => format!("it is {} s behind", behind.as_secs()),
            Standing::Away(reason) | Standing::Unfit(reason) => reason.clone(),
        };
        if self.told == Told::Used {
            tracing::warn!(%why, "the standby is not asked: the primary answers reads until it can be");
        }
        self.told = Told::Unused;
    }
}

/// What somebody answers within the time of a look.
async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| {
        Err(StoreError::Unavailable { reason: format!("it has not answered within {LOOK_TIME:?}") })
    };
    tokio::time::timeout(LOOK_TIME, asked).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discard::DiscardStore;

    const PLACE: LogPlace = LogPlace { cluster: 7, database: 1, timeline: 1, bytes: 50 };

    /// A standby that has replayed all, of a primary that answers or does not.
    struct Pair {
        answers: Arc<Mutex<bool>>,
    }

    impl Follow for Pair {
        fn written(&self) -> Reply<'_, LogPlace> {
            let answers = *self.answers.lock().expect("not poisoned");
            let refused = || StoreError::Unavailable { reason: "too many connections".to_owned() };
            Box::pin(std::future::ready(if answers { Ok(PLACE) } else { Err(refused()) }))
        }

        fn replayed(&self) -> Reply<'_, LogPlace> {
            Box::pin(std::future::ready(Ok(PLACE)))
        }

        fn store(&self) -> Reply<'_, Arc<dyn Store>> {
            let store: Arc<dyn Store> = Arc::new(DiscardStore::open());
            Box::pin(std::future::ready(Ok(store)))
        }
    }

    /// Of a primary that cannot be asked nobody knows how old the standby is, and that is said, with the reason.
    #[tokio::test]
    async fn a_primary_that_cannot_be_asked_is_the_reason() {
        let answers = Arc::new(Mutex::new(false));
        let pair = Pair { answers: Arc::clone(&answers) };
        let standby = Standby::of(pair).await.expect("it may come back");
        let Standing::Away(reason) = standby.standing().await else { panic!("it is not known") };
        assert!(reason.contains("the primary") && reason.contains("too many"), "{reason}");
        *answers.lock().expect("not poisoned") = true;
        standby.doubt();
        assert!(matches!(standby.standing().await, Standing::Current(_)));
    }

    /// One that answers who looks, and no read, is not asked for some time.
    #[tokio::test]
    async fn one_that_answers_no_read_rests() {
        let pair = Pair { answers: Arc::new(Mutex::new(true)) };
        let standby = Standby::of(pair).await.expect("it is there");
        assert!(matches!(standby.standing().await, Standing::Current(_)));
        standby.rest();
        standby.doubt();
        assert!(matches!(standby.standing().await, Standing::Away(_)));
        let later = Instant::now() + REST;
        assert!(matches!(standby.known().standing(Duration::MAX, later), Standing::Current(_)));
    }
}
