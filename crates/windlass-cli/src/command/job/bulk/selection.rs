//! Which jobs a person means: ids, or a filter.

use std::collections::BTreeMap;
use windlass::job::Filter;
use windlass::store::Store;
use windlass::{JobId, JobRecord, State};

use crate::command::job::{find_id, parse_filter};
use crate::exit::Failure;

/// Jobs shown before many are changed.
pub(super) const SAMPLE: usize = 5;

/// What was asked for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Jobs named one by one.
    Ids(Vec<String>),
    /// All that match.
    Filter(Filter),
}

/// The jobs that were found.
#[derive(Debug)]
pub(super) struct Selection {
    /// The filter, where there was one.
    pub(super) filter: Option<Filter>,
    /// Their ids, where they were named.
    pub(super) ids: Vec<JobId>,
    /// How many they are.
    pub(super) matched: u64,
    /// How many are in each state, where they were looked at.
    pub(super) states: BTreeMap<State, u64>,
    /// The first few.
    pub(super) sample: Vec<JobRecord>,
}

/// Reads ids or a filter.
pub(super) fn parse(words: &[String]) -> Result<Wanted, Failure> {
    // As long as these are not terms: a value in quotes may have blanks.
    let text = words.join(" ");
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let terms = words.iter().filter(|word| word.contains(':') || word.starts_with('-')).count();
    if words.is_empty() {
        return Err(Failure::usage("the filter is empty: say which jobs, such as state:dead"));
    }
    if terms == 0 {
        return Ok(Wanted::Ids(words));
    }
    if terms < words.len() && words.iter().any(|word| word.starts_with("job_")) {
        return Err(Failure::usage("give ids or a filter, not both"));
    }
    parse_filter(&[text]).map(Wanted::Filter)
}

/// The jobs that were named.
pub(super) async fn named(store: &dyn Store, words: Vec<String>) -> anyhow::Result<Selection> {
    let mut ids = Vec::new();
    for word in words {
        let id = find_id(store, &word).await?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let matched = ids.len() as u64;
    Ok(Selection { filter: None, ids, matched, states: BTreeMap::new(), sample: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Wanted, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse(&words)
    }

    fn filter(words: &[&str]) -> String {
        match read(words).expect("a filter") {
            Wanted::Filter(filter) => filter.to_string(),
            Wanted::Ids(ids) => panic!("ids {ids:?}"),
        }
    }

    #[test]
    fn words_are_one_filter() {
        assert_eq!(filter(&["kind:a queue:b"]), "kind:a queue:b");
        assert_eq!(filter(&["kind:a", "state:cancelled"]), "kind:a state:cancelled");
        assert_eq!(filter(&["-kind:a"]), "-kind:a");
        assert_eq!(filter(&["error:\"timed out\"", "kind:a"]), "error:\"timed out\" kind:a");
    }

    #[test]
    fn ids_and_nothing_are_told_apart() {
        assert!(matches!(read(&["job_01", "02"]), Ok(Wanted::Ids(ids)) if ids.len() == 2));
        assert!(read(&[" "]).is_err());
        assert!(read(&["job_01", "state:dead"]).is_err());
    }
}
