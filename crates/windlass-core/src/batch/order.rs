//! The order of steps: each behind those it names. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::error::Refusal;

/// Steps with the names of those before them, as places in an order in which none comes before what it names; otherwise as they
/// were given. As Kahn's algorithm does it.
pub(super) fn ordered(graph: &[(&str, Vec<&str>)]) -> Result<Vec<usize>, Refusal> {
    let places = places(graph)?;
    let mut missing: Vec<usize> = graph.iter().map(|(_, after)| after.len()).collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); graph.len()];
    for (nth, (name, after)) in graph.iter().enumerate() {
        for other in after {
            let unknown =
                || Refusal::UnknownStep { step: (*name).to_owned(), other: (*other).to_owned() };
            behind[*places.get(other).ok_or_else(unknown)?].push(nth);
        }
    }
    let mut ready: BTreeSet<usize> = (0..graph.len()).filter(|nth| missing[*nth] == 0).collect();
    let mut order = Vec::with_capacity(graph.len());
    while let Some(nth) = ready.pop_first() {
        order.push(nth);
        for other in &behind[nth] {
            missing[*other] -= 1;
            if missing[*other] == 0 {
                ready.insert(*other);
            }
        }
    }
    if order.len() == graph.len() { Ok(order) } else { Err(cycle(graph, &places, &missing)) }
}

fn places<'a>(graph: &[(&'a str, Vec<&'a str>)]) -> Result<HashMap<&'a str, usize>, Refusal> {
    let mut places = HashMap::with_capacity(graph.len());
    for (nth, (name, after)) in graph.iter().enumerate() {
        let mut named = BTreeSet::new();
        let twice = after.iter().find(|other| !named.insert(**other));
        if places.insert(*name, nth).is_some() {
            return Err(Refusal::StepTwice { step: (*name).to_owned() });
        }
        if let Some(other) = twice {
            return Err(Refusal::ConditionTwice { name: (*other).to_owned() });
        }
    }
    Ok(places)
}

/// One cycle among the steps that have no place: from any of them back along what it waits for, until one comes again.
fn cycle(graph: &[(&str, Vec<&str>)], places: &HashMap<&str, usize>, missing: &[usize]) -> Refusal {
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..graph.len()).find(|nth| missing[*nth] > 0);
    while let Some(nth) = at {
        if let Some(begin) = path.iter().position(|seen| *seen == nth) {
            path.drain(..begin);
            path.push(nth);
            break;
        }
        path.push(nth);
        let open = |other: &&usize| missing[**other] > 0;
        at = graph[nth].1.iter().filter_map(|name| places.get(name)).find(open).copied();
    }
    let steps = path.iter().rev().map(|nth| graph[*nth].0.to_owned()).collect();
    Refusal::Cycle { steps }
}

/// For each step the nearest ones behind it that are wanted: those on whose way from it no other wanted one lies.
pub(super) fn descendants_with(
    graph: &[(&str, Vec<&str>)],
    order: &[usize],
    is_wanted: impl Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    let places: HashMap<&str, usize> =
        graph.iter().enumerate().map(|(nth, (name, _))| (*name, nth)).collect();
    let mut nearest: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); graph.len()];
    for nth in order.iter().rev() {
        let told = if is_wanted(*nth) { BTreeSet::from([*nth]) } else { nearest[*nth].clone() };
        for other in graph[*nth].1.iter().filter_map(|name| places.get(name)) {
            nearest[*other].extend(told.iter().copied());
        }
    }
    nearest.into_iter().map(|set| set.into_iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(graph: &[(&str, Vec<&str>)]) -> Result<Vec<String>, String> {
        let order = ordered(graph).map_err(|refusal| refusal.to_string())?;
        Ok(order.into_iter().map(|nth| graph[nth].0.to_owned()).collect())
    }

    /// T24: steps may be said in any order.
    #[test]
    fn each_step_comes_behind_those_it_names() {
        let graph = [("c", vec!["a", "b"]), ("b", vec!["a"]), ("a", vec![]), ("d", vec![])];
        assert_eq!(names(&graph).expect("an order"), ["a", "b", "c", "d"]);
    }

    /// Bad input: what is wrong is named.
    #[test]
    fn what_is_no_graph_is_refused() {
        let cyclic = [("a", vec!["c"]), ("b", vec!["a"]), ("c", vec!["b"]), ("d", vec!["a"])];
        let refused = names(&cyclic).expect_err("a cycle");
        assert_eq!(refused, "the steps wait for each other: a → b → c → a; none of them would run");
        assert!(names(&[("a", vec!["a"])]).expect_err("itself").contains("a → a"));
        let unknown = names(&[("a", vec!["b"])]).expect_err("unknown");
        assert_eq!(unknown, "the step `a` comes after `b`, which is not a step of the workflow");
        let twice = names(&[("a", vec![]), ("a", vec![])]).expect_err("twice");
        assert_eq!(twice, "two steps have the name `a`: each of a workflow has its own");
    }

    #[test]
    fn the_nearest_steps_behind_are_found() {
        let graph = [("a", vec![]), ("b", vec!["a"]), ("c", vec!["b"]), ("d", vec!["c", "a"])];
        let order = ordered(&graph).expect("an order");
        let nearest = descendants_with(&graph, &order, |nth| nth != 1);
        assert_eq!(nearest, [vec![2, 3], vec![2], vec![3], vec![]]);
    }
}
