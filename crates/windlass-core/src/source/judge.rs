//! What a page means: which records are new, what is lacking, and where the source is then. No I/O.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::{
    GAP_EVENT, ImportPage, Lack, NewGap, Numbers, OnGap, Page, Position, Quarantined, Read,
    SourceOptions, Stop,
};
use crate::event::{DEFAULT_SOURCE, NewEvent};
use crate::json::Json;
use crate::limits::{CURSOR_BYTES, SOURCE_PAGE, SOURCE_PAGE_BYTES};

/// Numbers are stored with a sign.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// What is to be written for a page, in this order, each in a transaction of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The parts; none where the page had nothing new.
    pub imports: Vec<ImportPage>,
    /// Whether the feed is to be asked again at once.
    pub has_more: bool,
}

impl Judged {
    /// Whether the source would stand where it stood, and events be published that nothing knows again: the same page would be
    /// imported at each look.
    #[must_use]
    pub fn repeats_itself(&self) -> bool {
        let stands = self.imports.first().map(|first| &first.from)
            == self.imports.last().map(|last| &last.to);
        let is_nameless = |event: &NewEvent| event.given.is_none() && event.event_type != GAP_EVENT;
        stands && self.imports.iter().flat_map(|part| &part.events).any(is_nameless)
    }
}

/// The feed ends before what was read. One that is asked through several servers may do so for a moment, so this counts only where
/// it is seen twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the feed ends at {head}, before {number}, which was read: if it does so when it is asked again, it counts as reset"
)]
pub struct Behind {
    /// The number with which the feed ends.
    pub head: u64,
    /// The number up to which it was read.
    pub number: u64,
}

/// A source as a page is judged for it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its name.
    pub name: &'a str,
    /// The epoch in which it is held.
    pub epoch: u64,
    /// How it is read.
    pub options: &'a SourceOptions,
    /// Where it was asked behind.
    pub position: &'a Position,
    /// What was seen of it the last time, where it ended before what was read.
    pub behind: Option<Behind>,
}

/// What a page means.
///
/// # Errors
/// The feed ends before what was read, and is to be asked once more before that counts.
pub fn judge(asked: Asked<'_>, page: Page) -> Result<Judged, Behind> {
    // A number that no store can keep tells nothing.
    let page = Page { oldest: page.oldest.filter(|oldest| *oldest <= LARGEST), ..page };
    let ends = page.records.iter().filter_map(Read::number).max().filter(|_| !page.has_more);
    if let (Some(head), Some(number)) = (page.head.or(ends), asked.position.number)
        && head < number
    {
        return match asked.behind {
            None => Err(Behind { head, number }),
            Some(_) => Ok(Judged { imports: vec![asked.reset(number, head)], has_more: true }),
        };
    }
    let loss = asked.loss(&page);
    let is_beginning = *asked.position == asked.beginning();
    let mut parts = Parts::new(asked, page.head);
    if let Some(gap) = loss {
        let then = Position { cursor: None, number: gap.to, ..asked.position.clone() };
        parts.last = gap.to.or(parts.last);
        if !parts.gap(gap, asked.position.clone(), then.clone()) {
            return Ok(Judged { imports: parts.imports, has_more: false });
        }
        if page.records.is_empty() {
            parts.end(then);
            return Ok(Judged { imports: parts.imports, has_more: true });
        }
    } else if page.is_lost && !is_beginning && page.records.is_empty() {
        // Nothing is lacking, and what it was asked with is worth nothing any more.
        let number = asked.position.number.filter(|_| page.oldest.is_some());
        parts.end(Position { cursor: None, number, ..asked.position.clone() });
        return Ok(Judged { imports: parts.imports, has_more: true });
    }
    let Page { records, cursor, has_more, .. } = page;
    if !parts.records(records) {
        return Ok(Judged { imports: parts.imports, has_more: false });
    }
    let to = parts.position(cursor.filter(|cursor| is_storable(cursor)));
    parts.end(to);
    Ok(Judged { imports: parts.imports, has_more })
}

/// A cursor that cannot be kept is not gone by: the last record's number is, or the feed is asked as before.
fn is_storable(cursor: &str) -> bool {
    cursor.len() <= CURSOR_BYTES && !cursor.contains('\0')
}

impl Asked<'_> {
    fn beginning(&self) -> Position {
        Position { generation: self.position.generation, ..Position::default() }
    }

    /// What the feed has lost behind the position.
    fn loss(&self, page: &Page) -> Option<NewGap> {
        let number = self.position.number;
        let is_behind =
            |oldest: u64| number.is_some_and(|number| oldest > number.saturating_add(1));
        let says_so = page.is_lost && *self.position != self.beginning();
        if !says_so && !page.oldest.is_some_and(is_behind) {
            return None;
        }
        let first =
            page.records.iter().filter_map(Read::number).filter(|n| Some(*n) > number).min();
        let from = number.map(|number| number.saturating_add(1));
        let to = page.oldest.or(first).map(|first| first.saturating_sub(1));
        // It says so, and has all that comes next.
        let is_whole = matches!((from, to), (Some(from), Some(to)) if to < from);
        (!is_whole).then(|| self.gap((Lack::Gap, from, to)))
    }

    fn gap(&self, (why, from, to): (Lack, Option<u64>, Option<u64>)) -> NewGap {
        let (event, cursor) = (crate::id::EventId::new(), self.position.cursor.clone());
        NewGap { event, why, from, to, cursor, answer: self.options.on_gap }
    }

    /// The feed has begun again: what it has now is something else, whatever its numbers are.
    fn reset(self, number: u64, head: u64) -> ImportPage {
        let generation = self.position.generation.saturating_add(1);
        let then = Position { generation, ..Position::default() };
        let mut parts = Parts::new(self, Some(head));
        let gap = self.gap((Lack::Reset, Some(number), Some(head)));
        if parts.gap(gap, self.position.clone(), then.clone()) {
            parts.end(then);
        }
        parts.imports.swap_remove(0)
    }
}

/// The parts of a page, as far as they are made.
struct Parts<'a> {
    asked: Asked<'a>,
    head: Option<u64>,
    imports: Vec<ImportPage>,
    /// The part that is being made.
    part: ImportPage,
    records: usize,
    bytes: usize,
    /// The last number.
    last: Option<u64>,
    /// Numbers that may be missing, since the records that have them could not be read.
    excused: u64,
}

impl<'a> Parts<'a> {
    fn new(asked: Asked<'a>, head: Option<u64>) -> Self {
        let head = head.filter(|head| *head <= LARGEST);
        let part = empty(&asked, asked.position.clone(), head);
        let last = asked.position.number;
        Self { asked, head, imports: Vec::new(), part, records: 0, bytes: 0, last, excused: 0 }
    }

    /// Notes a gap; whether the source goes on behind it. Where not, it stays here until it goes on there.
    fn gap(&mut self, gap: NewGap, here: Position, there: Position) -> bool {
        let is_stopped = gap.answer == OnGap::Stop;
        if is_stopped {
            self.part.stop = Some(Stop { reason: reason(&gap), then: there });
        }
        self.part.events.push(event_of(self.asked.name, &gap));
        self.records += 1;
        self.part.gaps.push(gap);
        if is_stopped {
            self.end(here);
        }
        !is_stopped
    }

    /// Takes the records; whether the source goes on behind them.
    fn records(&mut self, records: Vec<Read>) -> bool {
        self.excused = records.iter().filter(|read| read.number().is_none()).count() as u64;
        for read in in_order(records) {
            let number = read.number().filter(|number| *number <= LARGEST);
            if number.is_some() && number <= self.last {
                self.part.repeated += 1;
                continue;
            }
            if let Some(number) = number
                && !self.is_next(number)
            {
                return false;
            }
            self.last = number.or(self.last);
            self.take(read, number);
            if self.records >= SOURCE_PAGE || self.bytes >= SOURCE_PAGE_BYTES {
                // What was not read of the page is asked for again, and what was is known by its number or its id.
                let here = Position { number: self.last, ..self.part.from.clone() };
                self.end(here);
            }
        }
        true
    }

    /// Looks whether the number is the next one where those are dense, and notes a gap; whether the source goes on behind it.
    fn is_next(&mut self, number: u64) -> bool {
        let Some(last) = self.last.filter(|_| self.asked.options.numbers == Numbers::Dense) else {
            return true;
        };
        let missing = number - last - 1;
        let excused = missing.min(self.excused);
        self.excused -= excused;
        if missing == excused {
            return true;
        }
        let gap = self.asked.gap((Lack::Gap, Some(last + 1), Some(number - 1)));
        let at = |number| Position { number: Some(number), ..self.asked.position.clone() };
        let (here, there) = (at(last), at(number - 1));
        self.gap(gap, here, there)
    }

    fn take(&mut self, read: Read, number: Option<u64>) {
        self.records += 1;
        match read {
            Read::Record(record) => {
                let generation = self.asked.position.generation;
                match whole(record.event, (self.asked.name, number, generation)) {
                    Ok(event) => {
                        self.bytes += event.data.as_ref().map_or(0, |data| data.as_str().len());
                        self.part.events.push(event);
                    }
                    Err(quarantined) => self.put_aside(quarantined),
                }
            }
            Read::Unreadable(read) => {
                self.put_aside(Quarantined::new(number, &read.body, &read.reason));
            }
        }
    }

    fn put_aside(&mut self, quarantined: Quarantined) {
        if self
            .part
            .quarantined
            .iter()
            .any(|one| one.digest == quarantined.digest && one.body == quarantined.body)
        {
            return;
        }
        self.bytes += quarantined.body.len();
        self.part.quarantined.push(quarantined);
    }

    /// Where the source is behind the page.
    fn position(&self, cursor: Option<String>) -> Position {
        let has_numbers = self.last.is_some();
        let from = &self.part.from;
        let cursor = cursor.or_else(|| from.cursor.clone().filter(|_| !has_numbers));
        Position { cursor, number: self.last, generation: from.generation }
    }

    /// Ends the part that is being made, where it says anything.
    fn end(&mut self, to: Position) {
        let next = empty(&self.asked, to.clone(), self.head);
        let mut part = std::mem::replace(&mut self.part, next);
        (self.records, self.bytes) = (0, 0);
        let is_nothing = part.from == to
            && part.events.is_empty()
            && part.quarantined.is_empty()
            && part.gaps.is_empty();
        if !is_nothing {
            part.to = to;
            self.imports.push(part);
        }
    }
}

fn empty(asked: &Asked<'_>, from: Position, head: Option<u64>) -> ImportPage {
    ImportPage {
        name: asked.name.to_owned(),
        epoch: asked.epoch,
        to: from.clone(),
        from,
        head,
        events: Vec::new(),
        quarantined: Vec::new(),
        gaps: Vec::new(),
        repeated: 0,
        stop: None,
    }
}

/// By their numbers; one without stays behind the one that it came behind.
fn in_order(records: Vec<Read>) -> Vec<Read> {
    let mut before = None;
    let key = |read: Read| {
        before = read.number().or(before);
        (before, read)
    };
    let mut keyed: Vec<(Option<u64>, Read)> = records.into_iter().map(key).collect();
    keyed.sort_by_key(|(number, _)| *number);
    keyed.into_iter().map(|(_, read)| read).collect()
}

/// An event with what its source leaves out, or what is put aside where it cannot be stored.
pub(super) fn whole(
    mut event: NewEvent,
    (name, number, generation): (&str, Option<u64>, u32),
) -> Result<NewEvent, Quarantined> {
    if event.source == DEFAULT_SOURCE {
        event.source = format!("/sources/{name}");
    }
    if let (None, Some(number)) = (&event.given, number) {
        // A feed that has begun again gives its numbers to other records.
        event.given = Some(match generation {
            0 => number.to_string(),
            _ => format!("{number}~{generation}"),
        });
    }
    match event.check() {
        Ok(()) => Ok(event),
        Err(refusal) => Err(Quarantined::new(number, &as_text(&event), &refusal.to_string())),
    }
}

fn as_text(event: &NewEvent) -> String {
    let (id, source) = (&event.given, &event.source);
    let (data, subject) = (&event.data, &event.subject);
    serde_json::json!({ "type": event.event_type, "id": id, "source": source, "subject": subject, "data": data })
        .to_string()
}

#[derive(Serialize)]
struct GapData<'a> {
    name: &'a str,
    why: Lack,
    from: Option<u64>,
    to: Option<u64>,
    policy: OnGap,
}

/// The event that tells of a gap.
fn event_of(name: &str, gap: &NewGap) -> NewEvent {
    let (from, to, policy) = (gap.from, gap.to, gap.answer);
    let data = serde_json::to_string(&GapData { name, why: gap.why, from, to, policy });
    let event = NewEvent::bare(GAP_EVENT).source("/windlass").subject(format!("source/{name}"));
    NewEvent { id: gap.event, data: data.ok().map(Json::stored), ..event }
}

fn reason(gap: &NewGap) -> String {
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    match gap.why {
        Lack::Gap => format!(
            "the feed does not have records {} to {} any more",
            number(gap.from),
            number(gap.to)
        ),
        Lack::Reset => format!(
            "the feed was read up to {} and ends at {} now: it was reset",
            number(gap.from),
            number(gap.to)
        ),
    }
}
