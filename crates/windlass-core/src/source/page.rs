//! A page of a feed, and how far a feed was read.

use serde::{Deserialize, Serialize};

use crate::event::NewEvent;

/// How far a feed was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// What the feed said to ask with; none to begin with the oldest that it has.
    pub cursor: Option<String>,
    /// The number of the last record, where its records have numbers.
    pub number: Option<u64>,
    /// How often the feed has begun again.
    pub generation: u32,
}

/// What a feed gave when it was asked.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its records, and what could not be read.
    pub records: Vec<Read>,
    /// What to ask with next; none to ask with the last record's number, or as before where that has none.
    pub cursor: Option<String>,
    /// Whether there is more behind it now.
    pub has_more: bool,
    /// The number of the oldest record that the feed still has.
    pub oldest: Option<u64>,
    /// The number of the newest record that the feed has.
    pub head: Option<u64>,
    /// The feed says that it does not have what was behind the cursor any more.
    pub is_lost: bool,
}

impl Page {
    /// A page with these records.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = Read>) -> Self {
        Self { records: records.into_iter().collect(), ..Self::default() }
    }

    /// What to ask with next.
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// There is more behind it: the feed is asked again at once.
    #[must_use]
    pub fn and_more(mut self) -> Self {
        self.has_more = true;
        self
    }

    /// The number of the oldest record that the feed still has.
    #[must_use]
    pub fn oldest(mut self, number: u64) -> Self {
        self.oldest = Some(number);
        self
    }

    /// The number of the newest record that the feed has.
    #[must_use]
    pub fn head(mut self, number: u64) -> Self {
        self.head = Some(number);
        self
    }

    /// The feed does not have what was behind the cursor any more.
    #[must_use]
    pub fn lost(mut self) -> Self {
        self.is_lost = true;
        self
    }
}

/// One record of a page.
#[derive(Debug, Clone)]
pub enum Read {
    /// It is an event.
    Record(Box<Record>),
    /// It is none that is known here.
    Unreadable(Unreadable),
}

impl Read {
    /// An event of a record with this number.
    #[must_use]
    pub fn numbered(number: u64, event: NewEvent) -> Self {
        Self::Record(Box::new(Record { number: Some(number), event }))
    }

    /// An event of a record that has no number.
    #[must_use]
    pub fn event(event: NewEvent) -> Self {
        Self::Record(Box::new(Record { number: None, event }))
    }

    /// A record that is put aside, with what it was and why.
    #[must_use]
    pub fn unreadable(
        number: Option<u64>,
        body: impl Into<String>,
        reason: impl std::fmt::Display,
    ) -> Self {
        let (body, reason) = (body.into(), reason.to_string());
        Self::Unreadable(Unreadable { number, body, reason, is_whole: true })
    }

    /// A record that is put aside since it is not a text: with what can be shown of it, of which no event is made later either.
    #[must_use]
    pub fn no_text(bytes: &[u8]) -> Self {
        let (body, reason) = (String::from_utf8_lossy(bytes).into_owned(), "not UTF-8".to_owned());
        Self::Unreadable(Unreadable { number: None, body, reason, is_whole: false })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Record(record) => record.number,
            Self::Unreadable(unreadable) => unreadable.number,
        }
    }
}

/// A record that is an event.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number in the feed; numbers rise.
    pub number: Option<u64>,
    /// The event. Where it has no id of its source's, the record's number is its id; where it does not say where it comes
    /// from, its source is `/sources/` and the name.
    pub event: NewEvent,
}

/// A record that is not an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its number in the feed, where that could be read.
    pub number: Option<u64>,
    /// What the feed gave.
    pub body: String,
    /// Why it is none.
    pub reason: String,
    /// Whether the body is what the feed gave: where it is not, it cannot be read again.
    pub is_whole: bool,
}
