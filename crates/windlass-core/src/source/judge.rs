//! What a page means: which records are new, what is lacking, and where the source is then. No I/O.

mod nameless;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::nameless::Nameless;
use super::{
    GAP_EVENT, ImportPage, Lack, NewGap, Numbers, OnGap, Page, Position, Quarantined, Read,
    SourceOptions, Stop, Unreadable,
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
    /// Whether there are events that had neither an id nor a number.
    pub has_nameless: bool,
}

impl Judged {
    /// Whether the source would stand where it stood, with events that had neither an id nor a number: of two that are alike nothing
    /// would say whether the second one is new.
    #[must_use]
    pub fn repeats_itself(&self) -> bool {
        let stands = self.imports.first().map(|first| &first.from)
            == self.imports.last().map(|last| &last.to);
        stands && self.has_nameless
    }
}

/// The feed ends before what was read. One that is asked through several servers may do so for a while, so this counts only where
/// it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the feed ends at {head}, before {number}, which was read: if it goes on doing so, it counts as reset"
)]
pub struct Behind {
    /// The number with which the feed ends.
    pub head: u64,
    /// The number up to which it was read.
    pub number: u64,
}

/// What a feed that ends before what was read is taken for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ends {
    /// One that may be late for a moment: it is asked again.
    #[default]
    Late,
    /// One that was reset: it has done so for long.
    Reset,
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
    /// The number from which on records are not believed in that lie above the feed's head: it was reset, since it ended before that.
    pub disowned: Option<u64>,
    /// What it is taken for where it ends before what was read.
    pub ends: Ends,
}

/// What a page means.
///
/// # Errors
/// The feed ends before what was read, and has not done so for long.
pub fn judge(asked: Asked<'_>, page: Page) -> Result<Judged, Behind> {
    // A number that no store can keep tells nothing.
    let page = Page { oldest: page.oldest.filter(|oldest| *oldest <= LARGEST), ..page };
    let ends = page.records.iter().filter_map(Read::number).max().filter(|_| !page.has_more);
    if let (Some(head), Some(number)) = (page.head.or(ends), asked.position.number)
        && head < number
    {
        return match asked.ends {
            Ends::Late => Err(Behind { head, number }),
            Ends::Reset => Ok(asked.reset(number, head)),
        };
    }
    let loss = asked.loss(&page);
    let is_beginning = *asked.position == asked.beginning();
    let mut parts = Parts::new(asked, page.head);
    if let Some(gap) = loss {
        let then = asked.behind_loss(&page, gap.to);
        parts.last = gap.to.or(parts.last);
        if !parts.gap(gap, asked.position.clone(), then.clone()) {
            return Ok(parts.judged(false));
        }
        if page.records.is_empty() {
            parts.end(then);
            return Ok(parts.judged(true));
        }
    } else if page.is_lost && !is_beginning && page.records.is_empty() {
        // Nothing is lacking, and what it was asked with is worth nothing any more.
        let number = asked.position.number.filter(|_| page.oldest.is_some());
        parts.end(asked.behind_loss(&page, number));
        return Ok(parts.judged(true));
    }
    let Page { records, cursor, has_more, .. } = page;
    if !parts.records(records) {
        return Ok(parts.judged(false));
    }
    let to = parts.position(cursor.filter(|cursor| is_storable(cursor)));
    parts.end(to);
    Ok(parts.judged(has_more))
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

    /// Where the source goes on behind what is lost, which ends with this number.
    fn behind_loss(&self, page: &Page, number: Option<u64>) -> Position {
        let cursor = self.position.cursor.clone();
        if !page.is_lost {
            return Position { cursor, number, ..self.position.clone() };
        }
        // A feed with cursors beside its numbers is not asked by a number, which it may take for a cursor: it is read from the oldest
        // record on that it has, and what was read is known by its id.
        Position { number: number.filter(|_| cursor.is_none()), ..self.beginning() }
    }

    fn gap(&self, (why, from, to): (Lack, Option<u64>, Option<u64>)) -> NewGap {
        let (event, cursor) = (crate::id::EventId::new(), self.position.cursor.clone());
        NewGap { event, why, from, to, cursor, answer: self.options.on_gap }
    }

    /// The feed has begun again: what it has now is something else, whatever its numbers are.
    fn reset(self, number: u64, head: u64) -> Judged {
        let generation = self.position.generation.saturating_add(1);
        let then = Position { generation, ..Position::default() };
        let mut parts = Parts::new(self, Some(head));
        let mut gap = self.gap((Lack::Reset, Some(number), Some(head)));
        if self.disowned == Some(number) {
            // It gives a number that it does not have: it would be read again and again.
            gap.answer = OnGap::Stop;
        }
        parts.part.disowned = Some(self.disowned.map_or(number, |before| before.min(number)));
        let goes_on = parts.gap(gap, self.position.clone(), then.clone());
        if goes_on {
            parts.end(then);
        }
        parts.judged(goes_on)
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
    nameless: Nameless,
}

impl<'a> Parts<'a> {
    fn new(asked: Asked<'a>, head: Option<u64>) -> Self {
        let head = head.filter(|head| *head <= LARGEST);
        // A feed that has got as far as that has the number by now.
        let is_there = |disowned: &u64| head.is_none_or(|head| head < *disowned);
        let disowned = asked.disowned.filter(is_there);
        let part = empty(&asked, (asked.position.clone(), head, disowned));
        let (last, nameless) = (asked.position.number, Nameless::behind(asked.position));
        let (imports, records, bytes, excused) = (Vec::new(), 0, 0, 0);
        Self { asked, head, imports, part, records, bytes, last, excused, nameless }
    }

    fn judged(self, has_more: bool) -> Judged {
        Judged { imports: self.imports, has_more, has_nameless: self.nameless.has_any() }
    }

    /// Notes a gap; whether the source goes on behind it. Where not, it stays here until it goes on there.
    fn gap(&mut self, gap: NewGap, here: Position, there: Position) -> bool {
        let is_stopped = gap.answer == OnGap::Stop;
        if is_stopped {
            let is_again = gap.from.is_some() && self.asked.disowned == gap.from;
            self.part.stop = Some(Stop { reason: reason(&gap, is_again), then: there });
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
        for (place, read) in in_order(records) {
            let number = read.number().filter(|number| *number <= LARGEST);
            if let Some((number, head)) = number.and_then(|number| self.disowns(number)) {
                let why = format!(
                    "its number {number} is above {head}, with which the feed ends: it was reset for that before"
                );
                self.records += 1;
                self.put_aside(Quarantined::new(Some(number), &text_of(&read), &why));
                self.end_where_full();
                continue;
            }
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
            self.take(read, number, place);
            self.end_where_full();
        }
        true
    }

    fn end_where_full(&mut self) {
        if self.records >= SOURCE_PAGE || self.bytes >= SOURCE_PAGE_BYTES {
            // What was not read of the page is asked for again, and what was is known by its number or its id.
            let here = Position { number: self.last, ..self.part.from.clone() };
            self.end(here);
        }
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

    /// The number and the feed's head, where it is not to be believed in.
    fn disowns(&self, number: u64) -> Option<(u64, u64)> {
        let from = self.part.disowned?;
        let head = self.head.filter(|head| number >= from && number > *head)?;
        Some((number, head))
    }

    fn take(&mut self, read: Read, number: Option<u64>, place: Option<u64>) {
        self.records += 1;
        match read {
            Read::Record(mut record) => {
                let generation = self.asked.position.generation;
                if number.is_none() && record.event.given.is_none() {
                    record.event.given = Some(self.nameless.id(&record.event, place));
                }
                match whole(record.event, (self.asked.name, number, generation)) {
                    Ok(event) => {
                        self.bytes += event.data.as_ref().map_or(0, |data| data.as_str().len());
                        self.part.events.push(event);
                    }
                    Err(quarantined) => self.put_aside(quarantined),
                }
            }
            Read::Unreadable(read) => {
                self.put_aside(Quarantined::of(&Unreadable { number, ..read }));
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
        let next = empty(&self.asked, (to.clone(), self.head, self.part.disowned));
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

fn empty(
    asked: &Asked<'_>,
    (from, head, disowned): (Position, Option<u64>, Option<u64>),
) -> ImportPage {
    ImportPage {
        name: asked.name.to_owned(),
        epoch: asked.epoch,
        to: from.clone(),
        from,
        head,
        disowned,
        events: Vec::new(),
        quarantined: Vec::new(),
        gaps: Vec::new(),
        repeated: 0,
        stop: None,
    }
}

/// By their numbers, each with the one that it has or comes behind; one without stays behind that.
fn in_order(records: Vec<Read>) -> Vec<(Option<u64>, Read)> {
    let mut before = None;
    let key = |read: Read| {
        before = read.number().or(before);
        (before, read)
    };
    let mut keyed: Vec<(Option<u64>, Read)> = records.into_iter().map(key).collect();
    keyed.sort_by_key(|(number, _)| *number);
    keyed
}

fn text_of(read: &Read) -> String {
    match read {
        Read::Record(record) => as_text(&record.event),
        Read::Unreadable(read) => read.body.clone(),
    }
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
    match event.check_from_outside() {
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
    alert: &'a str,
}

/// The event that tells of a gap.
fn event_of(name: &str, gap: &NewGap) -> NewEvent {
    let (from, to, policy) = (gap.from, gap.to, gap.answer);
    let alert = &format!("source.gap/{name}");
    let data = serde_json::to_string(&GapData { name, why: gap.why, from, to, policy, alert });
    let event = NewEvent::bare(GAP_EVENT).source("/windlass").subject(format!("source/{name}"));
    let event = event.extension("alert", alert.as_str());
    NewEvent { id: gap.event, data: data.ok().map(Json::stored), ..event }
}

fn reason(gap: &NewGap, is_again: bool) -> String {
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    match gap.why {
        Lack::Reset if gap.answer == OnGap::Stop && is_again => format!(
            "the feed was reset since it gave the number {}, which it does not have, and gives it again",
            number(gap.from)
        ),
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
