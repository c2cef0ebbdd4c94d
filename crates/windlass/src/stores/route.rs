//! Routes: which job and which event belongs to which store.

use windlass_core::event::NewEvent;
use windlass_core::job::NewJob;
use windlass_core::name::matches;

/// The rules by which jobs and events get to a store: the first that fits counts, and what none fits goes to the store of
/// [`Routes::otherwise`]. `*` stands for any run of characters.
///
/// A rule says where things are written from now on. What is in another store by an earlier rule stays there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    rules: Vec<Rule>,
    otherwise: String,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum On {
    /// A job's queue.
    Queue,
    /// A job's tags, of which one has to fit.
    Tag,
    /// An event's type.
    Event,
    /// What a job or an event is about, such as `customer=42`; one has to fit.
    Subject,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    on: On,
    pattern: String,
    store: String,
}

impl On {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Tag, Self::Event, Self::Subject];

    /// The word for it, as `windlass.toml` has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Tag => "tag",
            Self::Event => "event",
            Self::Subject => "subject",
        }
    }
}

impl Routes {
    /// Everything to this store, unless a rule that is added says otherwise.
    #[must_use]
    pub fn otherwise(store: impl Into<String>) -> Self {
        Self { rules: Vec::new(), otherwise: store.into() }
    }

    /// Jobs of these queues to this store.
    #[must_use]
    pub fn queue(self, pattern: impl Into<String>, store: impl Into<String>) -> Self {
        self.on(On::Queue, pattern, store)
    }

    /// Jobs with such a tag to this store.
    #[must_use]
    pub fn tag(self, pattern: impl Into<String>, store: impl Into<String>) -> Self {
        self.on(On::Tag, pattern, store)
    }

    /// Events of these types to this store.
    #[must_use]
    pub fn event(self, pattern: impl Into<String>, store: impl Into<String>) -> Self {
        self.on(On::Event, pattern, store)
    }

    /// Jobs and events about such a thing to this store.
    #[must_use]
    pub fn subject(self, pattern: impl Into<String>, store: impl Into<String>) -> Self {
        self.on(On::Subject, pattern, store)
    }

    /// One more rule, behind those that are there.
    #[must_use]
    pub fn on(mut self, on: On, pattern: impl Into<String>, store: impl Into<String>) -> Self {
        self.rules.push(Rule { on, pattern: pattern.into(), store: store.into() });
        self
    }

    /// Where a job belongs.
    #[must_use]
    pub fn of_job(&self, job: &NewJob) -> &str {
        self.first(|rule| match rule.on {
            On::Queue => matches(&rule.pattern, &job.queue),
            On::Tag => job.meta.tags.iter().any(|tag| matches(&rule.pattern, tag)),
            On::Subject => rule.fits_one(&job.meta.subjects),
            On::Event => false,
        })
    }

    /// Where an event belongs.
    #[must_use]
    pub fn of_event(&self, event: &NewEvent) -> &str {
        self.first(|rule| match rule.on {
            On::Event => matches(&rule.pattern, &event.event_type),
            On::Subject => rule.fits_one(&event.meta.subjects),
            On::Queue | On::Tag => false,
        })
    }

    /// Where everything belongs that no rule fits.
    #[must_use]
    pub fn default_store(&self) -> &str {
        &self.otherwise
    }

    fn first(&self, fits: impl Fn(&Rule) -> bool) -> &str {
        let rule = self.rules.iter().find(|rule| fits(rule));
        rule.map_or(&self.otherwise, |rule| &rule.store)
    }

    /// What each says, for people, with its pattern and its store.
    pub(super) fn rules(&self) -> impl Iterator<Item = (String, &str, &str)> {
        self.rules.iter().map(|rule| {
            let said = format!("the route {} = {:?}", rule.on.word(), rule.pattern);
            (said, rule.pattern.as_str(), rule.store.as_str())
        })
    }
}

impl Rule {
    fn fits_one(&self, subjects: &[windlass_core::job::Subject]) -> bool {
        subjects.iter().any(|subject| matches(&self.pattern, &subject.to_string()))
    }
}
