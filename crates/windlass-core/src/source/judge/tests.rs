//! What pages mean.

use super::*;

fn records(numbers: impl IntoIterator<Item = u64>) -> Page {
    Page::new(numbers.into_iter().map(|number| Read::numbered(number, NewEvent::bare("counted"))))
}

fn behind(number: u64) -> Position {
    Position { number: Some(number), ..Position::default() }
}

fn of(options: &SourceOptions, position: &Position, page: Page) -> Judged {
    let (name, epoch, disowned, ends) = ("feed", 1, None, Ends::Late);
    judge(Asked { name, epoch, options, position, disowned, ends }, page).expect("ahead")
}

fn ids(judged: &Judged) -> Vec<&str> {
    let events = judged.imports.iter().flat_map(|part| &part.events);
    events.filter_map(|event| event.given.as_deref()).collect()
}

fn gaps(judged: &Judged) -> Vec<(Option<u64>, Option<u64>)> {
    let gaps = judged.imports.iter().flat_map(|part| &part.gaps);
    gaps.map(|gap| (gap.from, gap.to)).collect()
}

/// O19: where numbers are dense one that is not there is a gap, inside a page and between two; where they only rise none is.
#[test]
fn a_number_that_is_missing_is_a_gap_where_they_are_dense() {
    let page = || records([3, 4, 7, 8, 10]);
    let dense = of(&SourceOptions::default().dense(), &behind(1), page());
    assert_eq!(gaps(&dense), [(Some(2), Some(2)), (Some(5), Some(6)), (Some(9), Some(9))]);
    assert_eq!(ids(&dense), ["3", "4", "7", "8", "10"]);
    let types: Vec<_> = dense.imports[0].events.iter().map(|one| one.event_type.as_str()).collect();
    assert_eq!(types[..3], [GAP_EVENT, "counted", "counted"], "a gap is told where it is");
    assert!(gaps(&of(&SourceOptions::default(), &behind(1), page())).is_empty());
    let first = of(&SourceOptions::default().dense(), &Position::default(), records([5, 6]));
    assert!(gaps(&first).is_empty(), "before the first one nothing is known");
}

/// O22: a record whose number could not be read is not taken for a gap.
#[test]
fn what_could_not_be_read_excuses_a_number() {
    let mut page = records([2, 4, 7]);
    page.records.insert(1, Read::unreadable(None, "broken", "no JSON"));
    let judged = of(&SourceOptions::default().dense(), &behind(1), page);
    assert_eq!(gaps(&judged), [(Some(5), Some(6))]);
    assert_eq!(judged.imports[0].quarantined.len(), 1);
}

/// O19: a source that is to stop imports what comes before the gap, and goes on behind it later.
#[test]
fn a_stop_is_right_before_the_gap() {
    let options = SourceOptions::default().dense().on_gap(OnGap::Stop);
    let position = Position { cursor: Some("c".to_owned()), ..behind(1) };
    let judged = of(&options, &position, records([2, 3, 6]).cursor("d").and_more());
    assert!(!judged.has_more);
    assert_eq!(ids(&judged), ["2", "3"]);
    let last = judged.imports.last().expect("a part");
    assert_eq!((last.to.number, last.to.cursor.as_deref()), (Some(3), Some("c")));
    let then = &last.stop.as_ref().expect("it stops").then;
    assert_eq!(
        (then.number, then.cursor.as_deref()),
        (Some(5), Some("c")),
        "the page is asked for again"
    );
    let again = of(&options, then, records([2, 3, 6]).cursor("d"));
    assert_eq!((ids(&again), gaps(&again).len()), (vec!["6"], 0));
}

/// O19: a feed that says that what was asked for is lost has lost nothing where its numbers say so; its cursor is not used again, and
/// it is not asked by a number that it might take for one.
#[test]
fn a_loss_of_nothing_is_no_gap() {
    let position = Position { cursor: Some("old".to_owned()), ..behind(10) };
    let options = SourceOptions::default();
    let judged = of(&options, &position, Page::default().lost().oldest(4));
    assert!(gaps(&judged).is_empty() && judged.has_more);
    assert_eq!(judged.imports[0].to, Position::default());
    let unknown = of(&options, &position, Page::default().lost());
    assert_eq!(gaps(&unknown), [(Some(11), None)]);
    assert_eq!(unknown.imports[0].to, Position::default(), "from the oldest on that there is");
    let beginning = of(&options, &Position::default(), Page::default().lost());
    assert!(beginning.imports.is_empty() && !beginning.has_more);
}

/// O19: an oldest record with a number that no store can keep, as a feed without any may give it, tells of none.
#[test]
fn an_oldest_number_that_cannot_be_is_none() {
    let judged = of(&SourceOptions::default(), &behind(10), records([11]).oldest(u64::MAX));
    assert_eq!((gaps(&judged).len(), ids(&judged)), (0, vec!["11"]));
}

/// O18: records of any number come in parts, bounded by their number and their bytes; all but the last leave the cursor.
#[test]
fn parts_are_bounded() {
    let large = Json::args(format!("\"{}\"", "x".repeat(200_000))).expect("JSON");
    let read = |number| Read::numbered(number, NewEvent::new("large", large.clone()));
    let judged =
        of(&SourceOptions::default(), &behind(0), Page::new((1..=50).map(read)).cursor("z"));
    assert!(judged.imports.len() > 1);
    let bytes = |part: &ImportPage| part.events.len() * 200_000;
    assert!(judged.imports.iter().all(|part| bytes(part) <= SOURCE_PAGE_BYTES + 200_000));
    let cursors: Vec<_> = judged.imports.iter().map(|part| part.to.cursor.as_deref()).collect();
    let (last, others) = cursors.split_last().expect("some");
    assert!(*last == Some("z") && others.iter().all(Option::is_none));
    let joined = judged.imports.windows(2).all(|pair| pair[0].to == pair[1].from);
    assert!(joined, "each begins where the last one ends");
}

/// O22: a cursor that cannot be kept, and a number beyond those that can, do not stop the feed.
#[test]
fn what_cannot_be_stored_is_done_without() {
    let long = "c".repeat(CURSOR_BYTES + 1);
    let judged = of(&SourceOptions::default(), &behind(1), records([2]).cursor(long));
    assert_eq!(judged.imports[0].to, behind(2));
    let judged = of(&SourceOptions::default(), &behind(1), records([2, u64::MAX]).head(u64::MAX));
    assert_eq!((ids(&judged)[0], judged.imports[0].head), ("2", None));
    assert_eq!(judged.imports[0].events.len(), 2, "it has no number, and is there");
}

/// O22: a feed that a program reads cannot speak for Windlass either.
#[test]
fn what_only_windlass_tells_is_put_aside() {
    let own = Read::numbered(2, NewEvent::bare("windlass.job.dead"));
    let page = Page::new([own, Read::numbered(3, NewEvent::bare("counted"))]);
    let judged = of(&SourceOptions::default(), &behind(1), page);
    assert_eq!(ids(&judged), ["3"]);
    let reason = &judged.imports[0].quarantined[0].reason;
    assert!(reason.ends_with("Windlass alone tells of itself"), "{reason}");
}

/// O19: of a feed with cursors beside its numbers a loss that is told by its oldest number leaves the cursor; one that is told of the cursor
/// has it asked from its beginning, and one that is asked by numbers is asked by them.
#[test]
fn a_feed_with_cursors_is_not_asked_by_a_number() {
    let options = SourceOptions::default();
    let position = Position { cursor: Some("c".to_owned()), ..behind(10) };
    let moved = of(&options, &position, Page::default().oldest(20));
    assert_eq!(gaps(&moved), [(Some(11), Some(19))]);
    assert_eq!(moved.imports[0].to, Position { cursor: Some("c".to_owned()), ..behind(19) });
    let lost = of(&options, &position, Page::default().oldest(20).lost());
    assert_eq!((gaps(&lost), &lost.imports[0].to), (gaps(&moved), &Position::default()));
    let stop = SourceOptions::default().on_gap(OnGap::Stop);
    let stopped = of(&stop, &position, Page::default().oldest(20).lost());
    let then = stopped.imports[0].stop.as_ref().map(|stop| &stop.then);
    assert_eq!(then, Some(&Position::default()));
    let plain = of(&options, &behind(10), Page::default().oldest(20).lost());
    assert_eq!(plain.imports[0].to, behind(19));
}

fn ticks(data: impl IntoIterator<Item = u32>) -> Page {
    let tick =
        |data: u32| Read::event(NewEvent::new("tick", Json::args(data.to_string()).expect("JSON")));
    Page::new(data.into_iter().map(tick))
}

/// O17: records with neither an id nor a number have one of what is in them and of where they are: the same page gives the same, each one
/// of those that are alike another, and a page behind another cursor others.
#[test]
fn what_has_neither_an_id_nor_a_number_is_known_again() {
    let options = SourceOptions::default();
    let at = |cursor: &str| Position { cursor: Some(cursor.to_owned()), ..Position::default() };
    let page = || ticks([1, 2, 1, 1, 3]).cursor("z");
    let (first, again) = (of(&options, &at("a"), page()), of(&options, &at("a"), page()));
    assert_eq!(ids(&first), ids(&again));
    let all: std::collections::BTreeSet<_> = ids(&first).into_iter().collect();
    assert_eq!(all.len(), 5);
    let (other, changed) =
        (of(&options, &at("b"), page()), of(&options, &at("a"), ticks([4, 3, 1, 1, 2])));
    assert!(ids(&other).iter().all(|id| !all.contains(id)));
    assert_eq!(ids(&changed).iter().filter(|id| all.contains(*id)).count(), 4);
    // Between numbers the one before it says where a record is, asked for by that or by a cursor.
    let between = || Page {
        records: [records([7]).records, ticks([1]).records, records([8]).records].concat(),
        ..Page::default()
    };
    let whole = of(&options, &behind(6), between());
    let rest = of(
        &options,
        &behind(7),
        Page { records: between().records[1..].to_vec(), ..Page::default() },
    );
    assert_eq!(ids(&whole)[1..], ids(&rest));
    let by_cursor = |number| Position { number: Some(number), ..at("a") };
    let (whole, rest) =
        (of(&options, &by_cursor(6), between()), of(&options, &by_cursor(7), between()));
    assert_eq!(ids(&whole)[1..], ids(&rest));
}
