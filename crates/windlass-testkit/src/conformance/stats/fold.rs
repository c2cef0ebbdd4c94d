//! Folding: parts become rows, once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use windlass_core::job::{Claimed, Outcome};
use windlass_core::limits::{STATS_OTHERS, STATS_PAIRS};
use windlass_core::stats::{
    Counts, Fold, Folded, Gather, Kept, OTHERS, Resolution, StatsRow, fold,
};

use super::{claimed, ended, fold_all, put, rows, rows_at, started, sums};
use crate::fixture::{MINUTE, SECOND, StoreFixture};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was counted stands in the rows of ten seconds, of its minute and of its hour, by queue and kind, with how long it took.
pub async fn what_was_counted_is_in_the_rows(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let jobs = claimed(&fixture, &worker, 4).await;
    fixture.advance(3 * SECOND);
    put(&fixture, &started(&fixture, &jobs)).await;
    put(&fixture, &ended(&fixture, &jobs)).await;
    fold_all(&fixture).await;
    for resolution in Resolution::ALL {
        let rows = rows(&fixture, resolution).await;
        let [row] = &rows[..] else { panic!("one row of {resolution:?}, not {rows:?}") };
        assert_eq!((row.queue.as_str(), row.kind.as_str()), (&*jobs[0].queue, &*jobs[0].kind));
        assert_eq!(row.start, resolution.start_of(fixture.moment()));
        let Counts { enqueued, started, died, wait, run, .. } = &row.counts;
        assert_eq!((*enqueued, *started, *died), (4, 4, 0));
        assert_eq!((row.counts.of(Outcome::Ok), row.counts.all_ended()), (4, 4));
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64().round());
        assert_eq!(seconds(wait.quantile(0.5)), Some(3.0));
        assert_eq!(seconds(run.quantile(0.5)), Some(1.0));
    }
}

/// What is written late is added to the rows of its time, and what was there stays.
pub async fn later_parts_add_to_earlier_rows(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let jobs = claimed(&fixture, &worker, 2).await;
    put(&fixture, &started(&fixture, &jobs)).await;
    let late = started(&fixture, &jobs[..1]);
    fold_all(&fixture).await;
    fixture.advance(2 * MINUTE);
    put(&fixture, &late).await;
    put(&fixture, &started(&fixture, &jobs[1..])).await;
    fold_all(&fixture).await;
    assert_eq!(sums(&fixture, |counts| counts.started).await, [4, 4, 4]);
    let ten = rows(&fixture, Resolution::TenSeconds).await;
    assert_eq!(ten.iter().map(|row| row.counts.started).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(rows(&fixture, Resolution::Hour).await.len(), 1);
}

/// Who has looked before another one folded writes nothing, whenever it comes back; what it had seen is in the rows once. One that
/// dies after its look has changed nothing.
pub async fn who_saw_less_writes_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let jobs = claimed(&fixture, &worker, 2).await;
    put(&fixture, &started(&fixture, &jobs)).await;
    let seen = fixture.store().stats_parts(10, Kept::default(), fixture.now()).await.expect("read");
    assert_eq!(seen.parts.len(), 1);
    fold_all(&fixture).await;
    put(&fixture, &started(&fixture, &jobs[..1])).await;
    let row = |started| StatsRow {
        resolution: Resolution::Hour,
        start: Resolution::Hour.start_of(fixture.moment()),
        queue: jobs[0].queue.clone(),
        kind: jobs[0].kind.clone(),
        counts: Counts { started, ..Counts::default() },
    };
    let late = Fold {
        round: seen.round,
        parts: seen.parts.iter().map(|part| part.id).collect(),
        rows: vec![row(99)],
        depths: Vec::new(),
        before: Kept::default().before(seen.at),
    };
    assert!(!fixture.store().fold_stats(&late).await.expect("refused"));
    assert_eq!(sums(&fixture, |counts| counts.started).await, [2, 2, 2]);
    fold_all(&fixture).await;
    assert_eq!(sums(&fixture, |counts| counts.started).await, [3, 3, 3]);
}

/// However many processes fold at the same moment, each part counts once.
pub async fn of_many_who_fold_each_part_counts_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let jobs = claimed(&fixture, &worker, 40).await;
    for one in &jobs {
        put(&fixture, &started(&fixture, [one])).await;
    }
    let mut others = vec![fixture.another_store().await, fixture.another_store().await];
    others.push(fixture.shared_store());
    let now = fixture.now();
    let folds = others.iter().map(|store| fold(&**store, Kept::default(), now));
    let folded: Vec<Folded> =
        join_all(folds).await.into_iter().map(|folded| folded.expect("folded")).collect();
    assert_eq!(folded.iter().map(|folded| folded.parts).sum::<usize>(), 40, "{folded:?}");
    assert_eq!(sums(&fixture, |counts| counts.started).await, [40, 40, 40]);
    let from_there = rows_at(&*others[0], Resolution::Hour, now).await;
    assert_eq!(from_there, rows(&fixture, Resolution::Hour).await);
}

/// Rows go when their time is over, those of an hour as late as is wanted.
pub async fn rows_are_kept_for_their_time(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    put(&fixture, &started(&fixture, &claimed(&fixture, &worker, 1).await)).await;
    fold_all(&fixture).await;
    let there = async || sums(&fixture, |counts| counts.started).await;
    assert_eq!(there().await, [1, 1, 1]);
    fixture.advance(2 * HOUR);
    fold_all(&fixture).await;
    assert_eq!(there().await, [0, 1, 1]);
    fixture.advance(26 * HOUR);
    fold_all(&fixture).await;
    assert_eq!(there().await, [0, 0, 1]);
    let kept = Kept { hours: 24 * HOUR };
    fold(fixture.store(), kept, fixture.now()).await.expect("folded");
    assert_eq!(there().await, [0, 0, 0]);
}

/// The rows of one time stay so many, whatever the number of queues and kinds, and no job of them is left out.
pub async fn rows_of_one_time_stay_few(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let one = claimed(&fixture, &worker, 1).await.remove(0);
    // The first twenty queues have counts of their own, and the last five are counted as one.
    let (queues, kinds) = (STATS_OTHERS + 25, 10);
    for queue in 0..queues {
        let of = |kind| Claimed {
            queue: format!("q{queue}"),
            kind: format!("k{kind}"),
            ..(*one).clone()
        };
        let mut gather = Gather::default();
        (0..kinds).for_each(|kind| gather.started(&of(kind), fixture.moment()));
        put(&fixture, &gather.take().expect("something was counted")).await;
        if queue % 30 == 0 {
            fold_all(&fixture).await;
        }
    }
    fold_all(&fixture).await;
    let rows = rows(&fixture, Resolution::Minute).await;
    assert_eq!(rows.len(), STATS_PAIRS + STATS_OTHERS + 1);
    let is_rest = |row: &&StatsRow| (row.queue.as_str(), row.kind.as_str()) == (OTHERS, OTHERS);
    assert!(rows.iter().any(|row| is_rest(&row)));
    let all = u64::try_from(queues * kinds).expect("a number");
    assert_eq!(sums(&fixture, |counts| counts.started).await, [all, all, all]);
}

/// What ended in each way is told apart.
pub async fn every_outcome_is_kept(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let job: Arc<Claimed> = claimed(&fixture, &worker, 1).await.remove(0);
    let mut gather = Gather::default();
    for (nth, outcome) in Outcome::ALL.into_iter().enumerate() {
        for _ in 0..=nth {
            gather.ended(&job, fixture.moment(), ((outcome, false), None));
        }
    }
    gather.ended(&job, fixture.moment(), ((Outcome::Error, true), None));
    put(&fixture, &gather.take().expect("something was counted")).await;
    fold_all(&fixture).await;
    let rows = rows(&fixture, Resolution::Hour).await;
    let counts = &rows[0].counts;
    let ended: Vec<u64> = Outcome::ALL.into_iter().map(|outcome| counts.of(outcome)).collect();
    assert_eq!(ended, [1, 3, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(counts.died, 1);
}
