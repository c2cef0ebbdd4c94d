//! Series: rows as points in time, gaps as zeros.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::row::start;
use super::{By, Counts, Depth, OTHERS, StatsQuery, StatsRows, Step};
use crate::limits::{STATS_LATE, STATS_SERIES};
use crate::time::{Timestamp, micros};

/// What jobs did, as series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsReport {
    /// When the first point begins.
    pub since: Timestamp,
    /// The database's clock.
    pub at: Timestamp,
    /// How much time each point is of.
    pub step: Step,
    /// How many points each series has; the last one has `at` in it.
    pub points: usize,
    /// How many of the last ones may still grow: workers write what they count each ten seconds.
    pub filling: usize,
    /// What jobs did; those with the most starts first.
    pub series: Vec<Series>,
    /// How long queues were, by name; none where kinds are chosen, since a depth is of all kinds of its queue.
    pub depths: Vec<DepthSeries>,
}

/// What jobs of a queue, of a kind, or all of them did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The queue or the kind, as it was asked; [`OTHERS`] where it is of several beyond a limit, `None` of all.
    pub name: Option<String>,
    /// What they did in all.
    pub total: Counts,
    /// A point for each step.
    pub points: Vec<Counts>,
}

/// How long a queue was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthSeries {
    /// The queue.
    pub queue: String,
    /// The longest of each step.
    pub points: Vec<Depth>,
}

/// Which points there are.
struct Points {
    since: Timestamp,
    length: Duration,
    number: usize,
}

impl Points {
    fn of(query: &StatsQuery, at: Timestamp) -> Self {
        let length = query.step().length;
        let from = Timestamp::from_micros(at.as_micros().saturating_sub(micros(query.back)));
        let since = start(from, length);
        let whole = at.as_micros().saturating_sub(since.as_micros()) / micros(length).max(1);
        Self { since, length, number: usize::try_from(whole).unwrap_or_default() + 1 }
    }

    fn place(&self, moment: Timestamp) -> Option<usize> {
        let after = moment.as_micros().checked_sub(self.since.as_micros())?;
        let place = usize::try_from(after.div_euclid(micros(self.length).max(1))).ok()?;
        (place < self.number).then_some(place)
    }

    /// How many of the last ones end later than what is late comes.
    fn filling(&self, at: Timestamp) -> usize {
        let certain = Timestamp::from_micros(at.as_micros().saturating_sub(micros(STATS_LATE)));
        self.place(certain).map_or(self.number, |place| self.number - place)
    }
}

impl StatsReport {
    /// The series that a query asks for, of rows that it has asked for, of those queues and kinds that may be seen.
    pub(crate) fn of(
        query: &StatsQuery,
        rows: StatsRows,
        may_see: &(dyn Fn(&str, Option<&str>) -> bool + Sync),
    ) -> Self {
        let points = Points::of(query, rows.at);
        let mut series: BTreeMap<Option<String>, Series> = BTreeMap::new();
        if query.by == By::All {
            series.insert(None, Series::empty(None, points.number));
        }
        for row in rows.rows {
            let is_wanted = query.wants(&row.queue, &row.kind);
            if !is_wanted || !may_see(&row.queue, Some(&row.kind)) {
                continue;
            }
            let Some(place) = points.place(row.start) else { continue };
            let name = match query.by {
                By::Queue => Some(row.queue),
                By::Kind => Some(row.kind),
                By::All => None,
            };
            let one =
                series.entry(name.clone()).or_insert_with(|| Series::empty(name, points.number));
            one.add(place, &row.counts);
        }
        let mut depths: BTreeMap<String, Vec<Depth>> = BTreeMap::new();
        for row in rows.depths {
            let is_wanted = query.wants_depth(&row.queue) && may_see(&row.queue, None);
            let Some(place) = points.place(row.start).filter(|_| is_wanted) else { continue };
            let of_queue =
                depths.entry(row.queue).or_insert_with(|| vec![Depth::default(); points.number]);
            of_queue[place] = of_queue[place].longest(row.depth);
        }
        let depth = |(queue, points)| DepthSeries { queue, points };
        Self {
            since: points.since,
            at: rows.at,
            step: query.step(),
            points: points.number,
            filling: points.filling(rows.at),
            series: largest(series.into_values().collect(), points.number),
            depths: depths.into_iter().map(depth).collect(),
        }
    }
}

impl Series {
    fn empty(name: Option<String>, points: usize) -> Self {
        Self { name, total: Counts::default(), points: vec![Counts::default(); points] }
    }

    fn add(&mut self, place: usize, counts: &Counts) {
        self.total.add(counts);
        self.points[place].add(counts);
    }
}

/// Those with the most starts; what is beyond the limit is told together.
fn largest(mut series: Vec<Series>, points: usize) -> Vec<Series> {
    let (mut others, mut named): (Vec<_>, Vec<_>) =
        series.drain(..).partition(|one| one.name.as_deref() == Some(OTHERS));
    named.sort_by_key(|one| Reverse(one.total.started.max(one.total.all_ended())));
    if named.len() > STATS_SERIES {
        others.extend(named.split_off(STATS_SERIES));
    }
    if !others.is_empty() {
        let mut rest = Series::empty(Some(OTHERS.to_owned()), points);
        for one in others {
            one.points.iter().enumerate().for_each(|(place, counts)| rest.add(place, counts));
        }
        named.push(rest);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::super::{DepthRow, Resolution, StatsRow};
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(1_795_262_405_000_000);

    fn ago(seconds: i64) -> Timestamp {
        let start = Resolution::TenSeconds.start_of(AT).as_micros();
        Timestamp::from_micros(start - seconds * 1_000_000)
    }

    fn row(start: Timestamp, queue: &str, kind: &str) -> StatsRow {
        let counts = Counts { started: 1, ..Counts::default() };
        let (queue, kind) = (queue.to_owned(), kind.to_owned());
        StatsRow { resolution: Resolution::TenSeconds, start, queue, kind, counts }
    }

    fn stats(query: &StatsQuery, rows: Vec<StatsRow>) -> StatsReport {
        StatsReport::of(query, StatsRows { at: AT, rows, depths: Vec::new() }, &|_, _| true)
    }

    fn starts(series: &Series) -> Vec<u64> {
        series.points.iter().map(|point| point.started).collect()
    }

    #[test]
    fn gaps_are_zeros() {
        let query = StatsQuery::last(Duration::from_secs(40));
        let stats = stats(&query, vec![row(ago(30), "q", "k"), row(ago(0), "q", "k")]);
        assert_eq!((stats.points, stats.filling, stats.since), (5, 3, ago(40)));
        assert_eq!(starts(&stats.series[0]), [0, 1, 0, 0, 1]);
        assert_eq!(stats.series[0].total.started, 2);
    }

    #[test]
    fn a_query_that_finds_nothing_is_answered_with_zeros() {
        let stats = stats(&StatsQuery::last(Duration::from_secs(20)), Vec::new());
        assert_eq!(starts(&stats.series[0]), [0, 0, 0]);
    }

    #[test]
    fn series_are_by_queue_or_by_kind() {
        let rows = || vec![row(ago(0), "a", "x"), row(ago(0), "b", "x"), row(ago(10), "b", "y")];
        let by = |by| stats(&StatsQuery::last(Duration::from_secs(20)).by(by), rows());
        let named = |stats: &StatsReport| -> Vec<_> {
            stats.series.iter().map(|one| (one.name.clone(), one.total.started)).collect()
        };
        let some = |name: &str, jobs| (Some(name.to_owned()), jobs);
        assert_eq!(named(&by(By::Queue)), [some("b", 2), some("a", 1)]);
        assert_eq!(named(&by(By::Kind)), [some("x", 2), some("y", 1)]);
        assert_eq!(named(&by(By::All)), [(None, 3)]);
    }

    #[test]
    fn what_may_not_be_seen_is_not_counted() {
        let query = StatsQuery::last(Duration::from_secs(20));
        let depth = Depth { available: 3, ..Depth::default() };
        let depths = ["a", "b"].map(|queue| DepthRow {
            resolution: Resolution::TenSeconds,
            start: ago(0),
            queue: queue.to_owned(),
            depth,
        });
        let rows = vec![row(ago(0), "a", "x"), row(ago(0), "b", "x")];
        let rows = StatsRows { at: AT, rows, depths: depths.to_vec() };
        let stats = StatsReport::of(&query, rows, &|queue, _| queue == "a");
        assert_eq!(stats.series[0].total.started, 1);
        assert_eq!(stats.depths.iter().map(|one| one.queue.as_str()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn beyond_so_many_the_smallest_are_told_together() {
        let kinds = STATS_SERIES + 3;
        let rows = (0..kinds).map(|nth| row(ago(0), "q", &format!("k{nth}"))).collect();
        let stats = stats(&StatsQuery::last(Duration::from_secs(20)).by(By::Kind), rows);
        assert_eq!(stats.series.len(), STATS_SERIES + 1);
        let last = stats.series.last().expect("there are some");
        assert_eq!((last.name.as_deref(), last.total.started), (Some(OTHERS), 3));
    }
}
