//! The loop of a source, with a clock that is moved.

use std::sync::Mutex;

use tokio::task::JoinHandle;

use super::memory::MemoryStore;
use super::*;
use crate::event::NewEvent;
use crate::limits::SOURCE_RECORDS;
use crate::source::{Page, Position, Read, UpstreamError};

type Asked = Arc<Mutex<Vec<Duration>>>;
type Script = Box<dyn Fn(usize) -> Answer + Send + Sync>;

/// What the feed does when it is asked.
enum Answer {
    Page(Page),
    After(Duration, Page),
    Error(UpstreamError),
    Panic,
    Never,
}

/// A feed that does what a test says.
struct Feed {
    start: Instant,
    asked: Asked,
    script: Script,
}

impl Upstream for Feed {
    async fn page(&self, _after: &Position) -> Result<Page, UpstreamError> {
        let nth = {
            let mut asked = self.asked.lock().expect("whole");
            asked.push(self.start.elapsed());
            asked.len() - 1
        };
        match (self.script)(nth) {
            Answer::Page(page) => Ok(page),
            Answer::After(wait, page) => {
                sleep_until(Instant::now() + wait).await;
                Ok(page)
            }
            Answer::Error(error) => Err(error),
            Answer::Panic => panic!("the parser is at its end"),
            Answer::Never => std::future::pending().await,
        }
    }
}

/// A loop that reads a feed.
struct Running {
    store: Arc<MemoryStore>,
    asked: Asked,
    stop: CancellationToken,
    ends: JoinHandle<()>,
    start: Instant,
}

fn run(
    options: SourceOptions,
    waits: bool,
    script: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> Running {
    on(Arc::new(MemoryStore::new()), options, waits, script)
}

fn on(
    store: Arc<MemoryStore>,
    options: SourceOptions,
    waits: bool,
    script: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> Running {
    let (asked, start, stop) = (Asked::default(), Instant::now(), CancellationToken::new());
    let feed = Feed { start, asked: Arc::clone(&asked), script: Box::new(script) };
    let parts = SourceParts {
        name: "feed".to_owned(),
        options,
        about: String::new(),
        waits,
        upstream: Arc::new(feed),
    };
    let sourcing = Sourcing::new(parts, Arc::clone(&store) as _, Handle::current(), "host:1:abcd");
    let ends = Handle::current().spawn(sourcing.run(stop.clone()));
    Running { store, asked, stop, ends, start }
}

impl Running {
    async fn at(&self, seconds: u64) {
        sleep_until(self.start + Duration::from_secs(seconds)).await;
    }

    fn asked(&self) -> Vec<Duration> {
        self.asked.lock().expect("whole").clone()
    }

    fn said(&self) -> Vec<(Duration, Said)> {
        self.store.with(|row| row.said.clone())
    }

    fn errors(&self) -> Vec<String> {
        let failed = |said| match said {
            (_, Said::Failed { error, .. }) => Some(error),
            _ => None,
        };
        self.said().into_iter().filter_map(failed).collect()
    }

    fn imported(&self) -> usize {
        self.store.with(|row| row.imported.iter().map(|part| part.events.len()).sum())
    }
}

fn records(numbers: impl IntoIterator<Item = u64>) -> Page {
    Page::new(numbers.into_iter().map(|number| Read::numbered(number, NewEvent::bare("counted"))))
}

fn whole_seconds(moments: &[Duration]) -> Vec<u64> {
    moments.iter().map(Duration::as_secs).collect()
}

/// O20: a feed that holds requests for 60 s is asked 6 times in 5 minutes, nothing is an error, and a stop ends the wait at once.
#[tokio::test(start_paused = true)]
async fn a_feed_that_waits_is_asked_seldom() {
    let minute = Duration::from_secs(60);
    let feed = run(SourceOptions::default(), true, move |_| Answer::After(minute, records([])));
    feed.at(299).await;
    assert_eq!(whole_seconds(&feed.asked()), [0, 60, 120, 180, 240]);
    assert!(feed.errors().is_empty());
    feed.stop.cancel();
    feed.ends.await.expect("it ends");
    assert_eq!(feed.start.elapsed(), Duration::from_secs(299));
    assert_eq!(feed.store.with(|row| (row.lets_go, row.holder.is_none())), (1, true));
}

/// O20: a feed that says that it waits, and does not, is asked once a second; one that does not is asked as often as that is said.
#[tokio::test(start_paused = true)]
async fn a_feed_is_not_asked_more_often_than_that() {
    let hasty = run(SourceOptions::default(), true, |_| Answer::Page(records([])));
    let plain = run(SourceOptions::default(), false, |_| Answer::Page(records([])));
    plain.at(31).await;
    assert_eq!(whole_seconds(&plain.asked()), [0, 10, 20, 30]);
    assert!((30..=32).contains(&hasty.asked().len()), "{:?}", hasty.asked());
}

/// O18: what waits is imported without a wait, page by page.
#[tokio::test(start_paused = true)]
async fn a_feed_is_read_until_it_is_drained() {
    let feed = run(SourceOptions::default(), false, |nth| {
        let first = 1_000 * nth as u64 + 1;
        let page = records(first..first + 1_000);
        Answer::Page(if nth < 24 { page.and_more() } else { page })
    });
    feed.at(1).await;
    assert_eq!((feed.imported(), feed.asked().len()), (25_000, 25));
    let largest = feed.store.with(|row| row.imported.iter().map(|part| part.events.len()).max());
    assert_eq!(largest, Some(1_000));
}

/// O15: what asks the feed panics: that is told, it is asked again within 5 s, and the next panics change nothing about that.
#[tokio::test(start_paused = true)]
async fn a_panic_is_told_and_survived() {
    crate::panics::install();
    let feed = run(SourceOptions::default(), false, |nth| match nth {
        0..8 => Answer::Panic,
        _ => Answer::Page(records([1])),
    });
    feed.at(60).await;
    let asked = feed.asked();
    assert!(asked.windows(2).take(8).all(|pair| pair[1] - pair[0] <= Duration::from_secs(5)));
    let errors = feed.errors();
    assert_eq!(errors.len(), 8);
    assert!(errors[0].starts_with("panicked: the parser is at its end at "), "{}", errors[0]);
    assert_eq!(feed.imported(), 1);
    assert!(matches!(feed.said().last(), Some((_, Said::Went(_)))), "that it goes again is told");
}

/// O15: the loop itself panics: it goes on within 5 s, with what it was told, and nothing is imported twice.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_loop_is_survived() {
    crate::panics::install();
    let store = Arc::new(MemoryStore::new());
    store.with(|row| row.panics = 2);
    let feed =
        on(Arc::clone(&store), SourceOptions::default(), false, |_| Answer::Page(records(1..=3)));
    feed.at(11).await;
    let errors = feed.errors();
    assert!(errors.iter().all(|error| error.starts_with("panicked: the store's driver")));
    assert_eq!((errors.len(), feed.imported()), (2, 3));
}

/// O19, O20: a source stops while its renewal is long overdue: the loop waits, is in nobody's way, and sees that it goes on.
#[tokio::test(start_paused = true)]
async fn a_stop_behind_a_slow_store_is_waited_out() {
    let store = Arc::new(MemoryStore::new());
    store.with(|row| row.takes = Duration::from_secs(45));
    let options = SourceOptions::default().on_gap(crate::source::OnGap::Stop);
    let feed = on(Arc::clone(&store), options, false, |nth| match nth {
        0 => Answer::Page(records(1..=3)),
        _ => Answer::Page(records(9..=10).oldest(9)),
    });
    feed.at(120).await;
    assert_eq!(store.with(|row| row.held.state), SourceState::Stopped);
    store.with(|row| (row.takes, row.held.position.number) = (Duration::ZERO, Some(8)));
    store.resume_source("feed", Now::Database).await.expect("resumed");
    feed.at(140).await;
    assert_eq!(store.with(|row| row.held.position.number), Some(10));
}

/// O20: of a feed that fails each wait is longer, up to 5 minutes; it is told how often it failed, and one that asks for a pause gets it.
#[tokio::test(start_paused = true)]
async fn a_feed_that_fails_is_asked_more_and_more_seldom() {
    let feed = run(SourceOptions::default(), false, |nth| {
        let error = UpstreamError::new("it answered 500");
        Answer::Error(if nth == 0 { error.again_after(Duration::from_secs(90)) } else { error })
    });
    feed.at(3_600).await;
    let asked = feed.asked();
    let waits: Vec<Duration> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits[0], Duration::from_secs(90));
    for (nth, wait) in waits.iter().enumerate().skip(1) {
        let longest = Duration::from_secs(1 << nth.min(9)).min(SOURCE_BACKOFF_CAP);
        assert!((longest / 2..=longest).contains(wait), "wait {nth}: {wait:?}");
    }
    assert!(feed.asked().len() < 30, "{}", feed.asked().len());
    assert!(matches!(&feed.said()[2].1, Said::Failed { failures: 3, .. }));
}

/// O20: a feed that gives a byte now and then and never comes to an end is broken off, and the hold is renewed meanwhile.
#[tokio::test(start_paused = true)]
async fn a_feed_that_never_ends_is_broken_off() {
    let options = SourceOptions::default().within(Duration::from_secs(120));
    let feed = run(options, false, |nth| match nth {
        0 => Answer::Never,
        _ => Answer::Page(records([1])),
    });
    feed.at(119).await;
    assert!(
        feed.store
            .with(|row| row.holder.as_ref().is_some_and(|(_, until)| *until > Instant::now()))
    );
    assert_eq!(feed.asked().len(), 1);
    feed.at(125).await;
    assert_eq!(feed.errors(), ["the feed gave no page within 120s"]);
    assert_eq!(feed.imported(), 1);
}

/// O20: a feed that says that there is more, and gives nothing new, is asked again after a wait as one that fails.
#[tokio::test(start_paused = true)]
async fn a_feed_that_gives_nothing_new_is_not_asked_in_a_circle() {
    let feed = run(SourceOptions::default(), false, |_| Answer::Page(records([1, 2]).and_more()));
    feed.at(60).await;
    assert!(feed.asked().len() < 12, "{:?}", feed.asked());
    assert_eq!(feed.imported(), 2);
    assert_eq!(feed.errors()[0], "the feed says that there is more, and gives nothing new");
}

/// O20, O22: a feed that gives as much as fits, by which nothing moves on, is asked again when it is time.
#[tokio::test(start_paused = true)]
async fn a_full_page_that_moves_nothing_is_not_asked_for_in_a_circle() {
    let known = run(SourceOptions::default(), false, |_| {
        Answer::Page(Page::new([Read::event(NewEvent::bare("tick").given("a"))]).and_more())
    });
    let unreadable = run(SourceOptions::default(), false, |_| {
        Answer::Page(Page::new([Read::unreadable(None, "<html>", "no JSON")]).and_more())
    });
    known.at(60).await;
    unreadable.at(60).await;
    for feed in [known, unreadable] {
        let asked = feed.asked().len();
        assert!((2..12).contains(&asked), "{asked} times in a minute");
    }
}

/// O22: records by which nothing moves on and that nothing knows again are not imported at each look.
#[tokio::test(start_paused = true)]
async fn a_feed_without_a_cursor_numbers_and_ids_is_refused() {
    let feed = run(SourceOptions::default(), false, |_| {
        Answer::Page(Page::new([Read::event(NewEvent::bare("tick"))]))
    });
    let known = run(SourceOptions::default(), false, |_| {
        Answer::Page(Page::new([Read::event(NewEvent::bare("tick").given("a"))]))
    });
    feed.at(60).await;
    assert_eq!(feed.imported(), 0);
    assert!(feed.errors()[0].contains("neither a cursor nor numbers nor ids"));
    assert!(known.errors().is_empty() && known.imported() > 1, "the store knows it again");
}

/// O21: a feed that is behind for a while, as one of several servers may be, is not taken for reset; one that stays so is.
#[tokio::test(start_paused = true)]
async fn a_feed_that_stays_behind_was_reset() {
    let feed = run(SourceOptions::default(), false, |nth| match nth {
        0 => Answer::Page(records(1..=10).head(10)),
        1..=3 => Answer::Page(records([]).head(7)),
        // What comes behind an error is counted from one again.
        4 => Answer::Error(UpstreamError::new("busy").again_after(Duration::from_secs(60))),
        5 | 6 => Answer::Page(records([]).head(7)),
        7 => Answer::Page(records([]).head(10)),
        _ => Answer::Page(records([1, 2]).head(2)),
    });
    feed.at(180).await;
    let gaps: Vec<_> =
        feed.store.with(|row| row.imported.iter().flat_map(|part| part.gaps.clone()).collect());
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].from, gaps[0].to), (Some(10), Some(2)));
    assert_eq!(feed.store.with(|row| row.held.position.generation), 1);
    assert_eq!(feed.imported(), 13, "ten, what tells of the gap, and two");
}

/// O21: another one that holds the source counts from one what it has seen of a feed that is behind.
#[tokio::test(start_paused = true)]
async fn who_was_replaced_has_seen_nothing_of_a_feed_that_is_behind() {
    let feed = run(SourceOptions::default(), false, |nth| match nth {
        0 => Answer::Page(records(1..=10).head(10)),
        _ => Answer::Page(records([]).head(7)),
    });
    for second in [25, 40, 55, 70] {
        feed.at(second).await;
        feed.store.with(|row| row.held.epoch += 1);
    }
    assert_eq!(feed.store.with(|row| row.held.position.generation), 0);
    feed.at(120).await;
    assert_eq!(feed.store.with(|row| row.held.position.generation), 1);
}

/// O21: a feed that gives a number far above its own head is read from its beginning once: then what has that number is put aside.
#[tokio::test(start_paused = true)]
async fn a_number_that_a_feed_does_not_have_is_put_aside_the_second_time() {
    let feed = run(SourceOptions::default(), false, |nth| match nth {
        0 => Answer::Page(records([1, 2, 9_000_000]).head(2)),
        _ => Answer::Page(records([1, 2, 9_000_000, 3]).head(3)),
    });
    // The feed has only what is behind the number that it is asked with, as far as this one knows.
    feed.at(3_600).await;
    let (position, disowned) =
        feed.store.with(|row| (row.held.position.clone(), row.held.disowned));
    assert_eq!((position.number, position.generation, disowned), (Some(3), 1, Some(9_000_000)));
    let aside: Vec<_> = feed
        .store
        .with(|row| row.imported.iter().flat_map(|part| part.quarantined.clone()).collect());
    assert!(aside.iter().all(|one| one.number == Some(9_000_000)) && !aside.is_empty());
    assert!(aside[0].reason.contains("above 3, with which the feed ends"), "{}", aside[0].reason);
}

/// O21: a feed that does not say where it ends, and gives such a number again and again, is read from its beginning once, and stopped then.
#[tokio::test(start_paused = true)]
async fn a_feed_that_would_be_reset_again_and_again_stops() {
    let feed = run(SourceOptions::default(), false, |nth| {
        if nth % 12 == 0 {
            Answer::Page(records([1, 2, 9_000_000]))
        } else {
            Answer::Page(records([3]))
        }
    });
    feed.at(7_200).await;
    let (generation, state) = feed.store.with(|row| (row.held.position.generation, row.held.state));
    assert_eq!((generation, state), (1, SourceState::Stopped));
    let reason = feed.store.with(|row| row.imported.last().and_then(|part| part.stop.clone()));
    let reason = reason.expect("it has stopped").reason;
    assert!(reason.ends_with("gives it again"), "{reason}");
}

/// O16, O18: while the many parts of a page are written one after the other the source stays held.
#[tokio::test(start_paused = true)]
async fn a_source_stays_held_while_a_page_is_written() {
    let store = Arc::new(MemoryStore::new());
    store.with(|row| row.takes = Duration::from_secs(5));
    let script = |_| Answer::Page(records(1..=20_000));
    let both = [(); 2].map(|()| on(Arc::clone(&store), SourceOptions::default(), false, script));
    both[0].at(150).await;
    assert_eq!((both[0].imported(), store.with(|row| row.held.epoch)), (20_000, 1));
}

/// O18: a page of as many records as a page may have is imported in parts; one of more is an error, and other loops go on meanwhile.
#[tokio::test(start_paused = true)]
async fn a_page_of_too_many_records_is_refused() {
    let large =
        run(SourceOptions::default(), false, |_| Answer::Page(records(1..=SOURCE_RECORDS as u64)));
    let larger =
        run(SourceOptions::default(), false, |_| Answer::Page(records(0..=SOURCE_RECORDS as u64)));
    large.at(9).await;
    assert_eq!((large.imported(), larger.imported()), (SOURCE_RECORDS, 0));
    let told = &larger.errors()[0];
    assert_eq!(
        told,
        "the page has 100001 records, above the limit of 100000: ask for fewer at a time"
    );
}

/// O16: a loop that waits for the feed learns that its source was reset, and asks again; of one that was paused it waits.
#[tokio::test(start_paused = true)]
async fn a_change_ends_the_wait_for_the_feed() {
    let feed = run(SourceOptions::default(), true, |nth| match nth {
        0 => Answer::Page(records(1..=5)),
        _ => Answer::Never,
    });
    feed.at(5).await;
    assert_eq!(feed.asked().len(), 2);
    feed.store
        .reset_source("feed", crate::source::Reset::Oldest, Now::Database)
        .await
        .expect("reset");
    feed.at(16).await;
    assert_eq!(feed.asked().len(), 3);
    feed.store.pause_source("feed", None, Now::Database).await.expect("paused");
    feed.at(60).await;
    assert_eq!(feed.asked().len(), 3);
    feed.store.resume_source("feed", Now::Database).await.expect("resumed");
    feed.at(75).await;
    assert_eq!(feed.asked().len(), 4);
    feed.store.remove_source("feed").await.expect("removed");
    feed.store.with(|row| row.holder = None);
    feed.at(90).await;
    assert!(feed.store.with(|row| row.is_declared), "it is declared, and so made again");
    assert_eq!(feed.asked().len(), 5);
}

/// O16: of three loops one reads; where it is over, another one goes on, and where the store is away longer than the hold, none does.
#[tokio::test(start_paused = true)]
async fn one_loop_reads_at_a_time() {
    let store = Arc::new(MemoryStore::new());
    let script = |_| Answer::Page(records([]));
    let all = [(); 3].map(|()| on(Arc::clone(&store), SourceOptions::default(), false, script));
    all[0].at(25).await;
    let asked = |all: &[Running; 3]| all.each_ref().map(|one| one.asked().len());
    assert_eq!(asked(&all), [3, 0, 0]);
    all[0].stop.cancel();
    all[0].at(45).await;
    let [first, second, third] = asked(&all);
    assert_eq!((first, second.min(third)), (3, 0), "one of the others reads");
    assert!(second + third >= 1);
    store.with(|row| row.is_down = true);
    all[0].at(80).await;
    let before = asked(&all);
    all[0].at(200).await;
    assert_eq!(asked(&all), before, "nobody knows who holds it");
    store.with(|row| row.is_down = false);
    all[0].at(215).await;
    assert!(asked(&all).iter().sum::<usize>() > before.iter().sum());
}
