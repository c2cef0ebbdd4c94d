//! Fold: the leader makes rows of parts.

use std::collections::BTreeMap;

use super::pairs::Pairs;
use super::part::{self, Cell, Grain};
use super::{Counts, DepthRow, Fold, Kept, PartsSeen, Resolution, StatsAsk, StatsRow};
use crate::error::StoreError;
use crate::limits::STATS_PARTS;
use crate::store::{Now, Store};
use crate::time::Timestamp;

/// What came of a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Folded {
    /// Parts that are in the rows now.
    pub parts: usize,
    /// Whether there may be more.
    pub more: bool,
}

/// The rows of one time.
type Time = (Resolution, Timestamp);

/// One bounded round: parts that wait become rows, how long queues are is noted, and what is older than it is kept goes. Where
/// another does the same at once one of them writes nothing.
///
/// # Errors
/// What kept the store from reading or writing. Nothing was written then, or all of it.
pub async fn fold(store: &dyn Store, kept: Kept, now: Now) -> Result<Folded, StoreError> {
    // The round is read before the rows: what another writes in between is refused by it.
    let seen = store.stats_parts(STATS_PARTS, kept, now).await?;
    if seen.parts.is_empty() && seen.depths.is_empty() && !seen.prunes {
        return Ok(Folded::default());
    }
    let added = added(&seen, kept);
    let known = if added.is_empty() {
        Vec::new()
    } else {
        store.stats_rows(&StatsAsk::Starts(added.keys().copied().collect()), now).await?.rows
    };
    let parts = seen.parts.len();
    let fold = Fold {
        round: seen.round,
        parts: seen.parts.iter().map(|part| part.id).collect(),
        rows: rows(added, known),
        depths: depths(&seen),
        before: kept.before(seen.at),
    };
    if store.fold_stats(&fold).await? {
        Ok(Folded { parts, more: parts >= STATS_PARTS })
    } else {
        Ok(Folded::default())
    }
}

/// What the parts add to the rows of each time, of those that are kept.
fn added(seen: &PartsSeen, kept: Kept) -> BTreeMap<Time, Vec<Cell>> {
    let mut added: BTreeMap<Time, BTreeMap<(String, String), Counts>> = BTreeMap::new();
    for cell in seen.parts.iter().flat_map(|part| part::cells(&part.body)) {
        // A clock that is ahead must not make rows of a time that has not come.
        let start = cell.start.min(seen.at);
        for (resolution, earliest) in kept.before(seen.at) {
            let time = (resolution, resolution.start_of(start));
            let is_known = cell.grain == Grain::Ten || resolution == Resolution::Hour;
            if is_known && time.1 >= earliest {
                let pairs = added.entry(time).or_default();
                let pair = (cell.queue.clone(), cell.kind.clone());
                pairs.entry(pair).or_default().add(&cell.counts);
            }
        }
    }
    let cell =
        |start, ((queue, kind), counts)| Cell { grain: Grain::Ten, start, queue, kind, counts };
    let cells = |(time, pairs): (Time, BTreeMap<_, _>)| {
        (time, pairs.into_iter().map(|pair| cell(time.1, pair)).collect())
    };
    added.into_iter().map(cells).collect()
}

/// The rows as they are with what is added.
fn rows(added: BTreeMap<Time, Vec<Cell>>, known: Vec<StatsRow>) -> Vec<StatsRow> {
    let mut by_time: BTreeMap<Time, BTreeMap<(String, String), Counts>> = BTreeMap::new();
    for row in known {
        let pairs = by_time.entry((row.resolution, row.start)).or_default();
        pairs.insert((row.queue, row.kind), row.counts);
    }
    let mut rows = Vec::new();
    for ((resolution, start), cells) in added {
        let mut counts = by_time.remove(&(resolution, start)).unwrap_or_default();
        let mut pairs = Pairs::default();
        for (queue, kind) in counts.keys() {
            pairs.place(queue, kind);
        }
        let mut changed: BTreeMap<(String, String), Counts> = BTreeMap::new();
        for cell in cells {
            let (queue, kind) = pairs.place(&cell.queue, &cell.kind);
            let pair = (queue.to_owned(), kind.to_owned());
            let there = || counts.remove(&pair).unwrap_or_default();
            changed.entry(pair.clone()).or_insert_with(there).add(&cell.counts);
        }
        rows.extend(changed.into_iter().map(|((queue, kind), counts)| StatsRow {
            resolution,
            start,
            queue,
            kind,
            counts,
        }));
    }
    rows
}

fn depths(seen: &PartsSeen) -> Vec<DepthRow> {
    let of_queue = |(queue, depth): &(String, _)| {
        Resolution::ALL.map(|resolution| DepthRow {
            resolution,
            start: resolution.start_of(seen.at),
            queue: queue.clone(),
            depth: *depth,
        })
    };
    seen.depths.iter().flat_map(of_queue).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::super::part::StatsPart;
    use super::super::{OTHERS, PartSeen};
    use super::*;
    use crate::limits::STATS_PAIRS;

    const AT: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

    fn earlier(ago: Duration) -> Timestamp {
        Timestamp::from_micros(AT.as_micros() - crate::time::micros(ago))
    }

    fn cell(start: Timestamp, kind: &str) -> Cell {
        let counts = Counts { started: 1, ..Counts::default() };
        let (queue, kind) = ("q".to_owned(), kind.to_owned());
        Cell { grain: Grain::Ten, start, queue, kind, counts }
    }

    fn seen(cells: &[Cell]) -> PartsSeen {
        let body = StatsPart::new(cells).body;
        let parts = vec![PartSeen { id: Uuid::nil(), body }];
        PartsSeen { at: AT, round: 1, parts, prunes: false, depths: Vec::new() }
    }

    fn resolutions(cells: &[Cell]) -> Vec<Resolution> {
        added(&seen(cells), Kept::default()).into_keys().map(|(resolution, _)| resolution).collect()
    }

    #[test]
    fn a_cell_is_added_to_the_rows_that_are_still_kept() {
        use Resolution::{Hour, Minute, TenSeconds};
        let days = |days: u64| earlier(Duration::from_secs(days * 86_400));
        assert_eq!(resolutions(&[cell(AT, "k")]), [TenSeconds, Minute, Hour]);
        assert_eq!(resolutions(&[cell(earlier(Duration::from_secs(7_200)), "k")]), [Minute, Hour]);
        assert_eq!(resolutions(&[cell(days(2), "k")]), [Hour]);
        assert_eq!(resolutions(&[cell(days(91), "k")]), []);
        let of_an_hour = Cell { grain: Grain::Hour, ..cell(AT, "k") };
        assert_eq!(resolutions(&[of_an_hour]), [Hour]);
    }

    #[test]
    fn a_time_that_has_not_come_is_now() {
        let ahead = AT.after(Duration::from_secs(100_000));
        let added = added(&seen(&[cell(ahead, "k")]), Kept::default());
        assert!(added.keys().all(|(_, start)| *start <= AT));
    }

    #[test]
    fn rows_of_one_time_have_so_many_pairs_and_the_rest_is_counted_together() {
        let time = (Resolution::Hour, AT);
        let known = (0..STATS_PAIRS).map(|nth| StatsRow {
            resolution: time.0,
            start: AT,
            queue: "q".to_owned(),
            kind: format!("k{nth}"),
            counts: Counts { started: 1, ..Counts::default() },
        });
        let cells = vec![cell(AT, "k7"), cell(AT, "new"), cell(AT, "newer")];
        let rows = rows(BTreeMap::from([(time, cells)]), known.collect());
        let told: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.counts.started)).collect();
        assert_eq!(told, [(OTHERS, 2), ("k7", 2)]);
    }

    #[test]
    fn a_part_of_another_form_is_left_out() {
        let mut seen = seen(&[]);
        seen.parts[0].body = "{}".to_owned();
        assert!(added(&seen, Kept::default()).is_empty());
    }
}
