//! Where the steps of a workflow lie in its picture: a column for each depth, and ways for edges around what lies between. Pure.

use std::collections::{HashMap, HashSet};

use super::document::Step;

/// The size of a step.
pub(super) const WIDTH: usize = 168;
pub(super) const HEIGHT: usize = 44;
/// Between columns, where edges run.
const GAP: usize = 36;
/// Between what lies below one another.
const ROW_GAP: usize = 12;
/// The height of an edge that passes a column.
const PASSAGE: usize = 12;
/// Columns are put in order so often, by where what they come from lies.
const ROUNDS: usize = 4;
/// Edges that are drawn, each counted once for each column that it leads through.
const MOST_PIECES: usize = 2_000;

/// A graph as it is laid out.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The upper left corner of each step.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) edges: Vec<Edge>,
}

/// From one step to one that waits for it, through these points: the ends of straight pieces.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) points: Vec<(usize, usize)>,
}

/// What lies in a column: a step, or the edges of one that pass by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Item {
    Step(usize),
    Passing { from: usize, column: usize },
}

impl Item {
    const fn height(self) -> usize {
        match self {
            Self::Step(_) => HEIGHT,
            Self::Passing { .. } => PASSAGE,
        }
    }
}

/// Lays steps out, which come with their depths; nothing where there are more edges than a picture has room for.
pub(super) fn laid(steps: &[Step]) -> Option<Laid> {
    let nth: HashMap<&str, usize> =
        steps.iter().enumerate().map(|(nth, step)| (step.step.as_str(), nth)).collect();
    let before = |step: &Step| -> Vec<usize> {
        let found = step.after.iter().filter_map(|name| nth.get(name.as_str()).copied());
        found.filter(|from| steps[*from].depth < step.depth).collect()
    };
    let before: Vec<Vec<usize>> = steps.iter().map(before).collect();
    let links = essential(steps, &before);
    let pieces: usize = links.iter().map(|(from, to)| steps[*to].depth - steps[*from].depth).sum();
    if pieces > MOST_PIECES {
        return None;
    }
    let mut columns = columns(steps, &links);
    order(&mut columns, steps, &links);
    Some(place(&columns, steps, &links))
}

/// Which step waits for which, without what is so anyway: who waits for the last of a chain waits for all of it.
fn essential(steps: &[Step], before: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let mut in_order: Vec<usize> = (0..steps.len()).collect();
    in_order.sort_by_key(|nth| steps[*nth].depth);
    let mut above: Vec<HashSet<usize>> = vec![HashSet::new(); steps.len()];
    let mut links = Vec::new();
    for to in in_order {
        let farther: HashSet<usize> =
            before[to].iter().flat_map(|from| above[*from].iter().copied()).collect();
        let nearest = before[to].iter().filter(|from| !farther.contains(from));
        links.extend(nearest.map(|from| (*from, to)));
        above[to] = farther.into_iter().chain(before[to].iter().copied()).collect();
    }
    links
}

fn columns(steps: &[Step], links: &[(usize, usize)]) -> Vec<Vec<Item>> {
    let count = steps.iter().map(|step| step.depth + 1).max().unwrap_or(0);
    let mut columns = vec![Vec::new(); count];
    for (nth, step) in steps.iter().enumerate() {
        columns[step.depth].push(Item::Step(nth));
    }
    for (from, step) in steps.iter().enumerate() {
        let farthest = links.iter().filter(|(start, _)| *start == from);
        let farthest = farthest.map(|(_, to)| steps[*to].depth).max().unwrap_or(0);
        let between = columns.iter_mut().enumerate().take(farthest).skip(step.depth + 1);
        for (column, items) in between {
            items.push(Item::Passing { from, column });
        }
    }
    columns
}

/// The item of the column before through which an edge comes.
fn source(from: usize, depth: usize, column: usize) -> Item {
    if depth + 1 == column { Item::Step(from) } else { Item::Passing { from, column: column - 1 } }
}

/// Brings what comes from above up, so that few edges cross.
fn order(columns: &mut [Vec<Item>], steps: &[Step], links: &[(usize, usize)]) {
    for _ in 0..ROUNDS {
        for column in 1..columns.len() {
            let ranks: HashMap<Item, usize> =
                columns[column - 1].iter().enumerate().map(|(rank, item)| (*item, rank)).collect();
            let rank_of = |from: usize| {
                ranks.get(&source(from, steps[from].depth, column)).copied().unwrap_or(0)
            };
            // In thousandths: the mean of where its edges come from.
            let mean = |item: &Item| match item {
                Item::Passing { from, .. } => rank_of(*from) * 1_000,
                Item::Step(nth) => {
                    let from = links.iter().filter(|(_, to)| to == nth);
                    let ranks: Vec<_> = from.map(|(from, _)| rank_of(*from)).collect();
                    ranks.iter().sum::<usize>() * 1_000 / ranks.len().max(1)
                }
            };
            columns[column].sort_by_key(mean);
        }
    }
}

fn place(columns: &[Vec<Item>], steps: &[Step], links: &[(usize, usize)]) -> Laid {
    let height_of = |column: &[Item]| {
        let items: usize = column.iter().map(|item| item.height() + ROW_GAP).sum();
        items.saturating_sub(ROW_GAP)
    };
    let height = columns.iter().map(|column| height_of(column)).max().unwrap_or(0);
    let mut at: HashMap<Item, (usize, usize)> = HashMap::new();
    for (nth, column) in columns.iter().enumerate() {
        let mut y = (height - height_of(column)) / 2;
        for item in column {
            at.insert(*item, (nth * (WIDTH + GAP), y));
            y += item.height() + ROW_GAP;
        }
    }
    let middle = |item: Item| at.get(&item).map_or((0, 0), |(x, y)| (*x, y + item.height() / 2));
    let edge = |(from, to): &(usize, usize)| {
        let (x, y) = middle(Item::Step(*from));
        let mut points = vec![(x + WIDTH, y)];
        for column in steps[*from].depth + 1..steps[*to].depth {
            let (x, y) = middle(Item::Passing { from: *from, column });
            points.extend([(x, y), (x + WIDTH, y)]);
        }
        points.push(middle(Item::Step(*to)));
        Edge { from: *from, to: *to, points }
    };
    let places = (0..steps.len()).map(|nth| at.get(&Item::Step(nth)).copied().unwrap_or_default());
    let width = (columns.len() * (WIDTH + GAP)).saturating_sub(GAP);
    Laid { width, height, places: places.collect(), edges: links.iter().map(edge).collect() }
}

#[cfg(test)]
mod tests {
    use windlass::State;

    use super::*;

    fn step(name: &str, depth: usize, after: &[&str]) -> Step {
        Step {
            step: name.to_owned(),
            job: String::new(),
            state: State::Waiting,
            after: after.iter().map(|one| (*one).to_owned()).collect(),
            depth,
            blocked_by: Vec::new(),
            waits_for: Vec::new(),
            started_at: None,
            finished_at: None,
            reason: None,
        }
    }

    #[test]
    fn steps_lie_in_columns_and_never_on_each_other() {
        let steps = [
            step("a", 0, &[]),
            step("b", 0, &[]),
            step("c", 1, &["b"]),
            step("d", 1, &["a", "b"]),
            step("e", 2, &["c", "a"]),
        ];
        let laid = laid(&steps).expect("it has room");
        let columns: Vec<_> = laid.places.iter().map(|(x, _)| x / (WIDTH + GAP)).collect();
        assert_eq!(columns, [0, 0, 1, 1, 2]);
        for (nth, (x, y)) in laid.places.iter().enumerate() {
            assert!(x + WIDTH <= laid.width && y + HEIGHT <= laid.height, "{nth} is inside");
            let others = laid.places.iter().enumerate().filter(|(other, _)| *other != nth);
            for (other, (its_x, its_y)) in others {
                assert!(x != its_x || y.abs_diff(*its_y) >= HEIGHT, "{nth} lies on {other}");
            }
        }
        let mut edges: Vec<_> = laid.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        edges.sort_unstable();
        assert_eq!(edges, [(0, 3), (0, 4), (1, 2), (1, 3), (2, 4)]);
    }

    #[test]
    fn an_edge_that_passes_a_column_crosses_no_step() {
        let steps =
            [step("a", 0, &[]), step("x", 0, &[]), step("b", 1, &["x"]), step("c", 2, &["a", "b"])];
        let laid = laid(&steps).expect("it has room");
        let long = laid.edges.iter().find(|edge| (edge.from, edge.to) == (0, 3)).expect("an edge");
        assert_eq!(long.points.len(), 4, "it runs straight through the middle column");
        let (_, y) = laid.places[2];
        let passes = long.points[1].1;
        assert!(passes < y || passes > y + HEIGHT, "{passes} is beside {y}");
    }

    #[test]
    fn what_is_not_there_is_no_edge() {
        assert_eq!(laid(&[]).expect("it has room").height, 0);
        let odd = [step("a", 0, &["a", "none"])];
        assert!(laid(&odd).expect("it has room").edges.is_empty());
    }

    /// A step that waits for all before it is drawn behind the last of them.
    #[test]
    fn an_edge_that_others_say_already_is_not_drawn() {
        let names: Vec<String> = (0..200).map(|nth| format!("s{nth}")).collect();
        let steps: Vec<Step> = (0..200)
            .map(|nth| {
                let after: Vec<&str> = names[..nth].iter().map(String::as_str).collect();
                step(&names[nth], nth, &after)
            })
            .collect();
        let laid = laid(&steps).expect("it has room");
        assert_eq!(laid.edges.len(), 199);
        assert!(laid.edges.iter().all(|edge| edge.to == edge.from + 1));
    }

    #[test]
    fn a_graph_of_too_many_edges_is_not_laid_out() {
        let names: Vec<String> = (0..60).map(|nth| format!("s{nth}")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut steps: Vec<Step> = names.iter().map(|name| step(name, 0, &[])).collect();
        steps.extend(["x", "y", "z"].map(|name| step(name, 1, &all)));
        assert_eq!(laid(&steps).expect("it has room").edges.len(), 180);
        let more: Vec<String> = (0..60).map(|nth| format!("t{nth}")).collect();
        steps.extend(more.iter().map(|name| step(name, 1, &all)));
        assert!(laid(&steps).is_none());
    }
}
