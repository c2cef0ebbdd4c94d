//! Which jobs a person means: ids, or a filter.

use std::collections::BTreeMap;
use windlass::job::{Field, Filter, Page};
use windlass::store::Store;
use windlass::{JobId, JobRecord, State};

use crate::command::job::{find_id, parse_filter};
use crate::exit::Failure;

/// Records read at once.
const PAGE: usize = 200;
/// Jobs shown before many are changed.
const SAMPLE: usize = 5;

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
    /// Their ids.
    pub(super) ids: Vec<JobId>,
    /// How many are in each state, where they were looked at.
    pub(super) states: BTreeMap<State, u64>,
    /// The first few.
    pub(super) sample: Vec<JobRecord>,
}

/// Reads ids or a filter; `usual` is added to a filter that names no state.
pub(super) fn parse(words: &[String], usual: &str) -> Result<Wanted, Failure> {
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
    let mut filter = parse_filter(&[text])?;
    if !filter.terms.iter().any(|term| matches!(term.field, Field::State(_))) {
        let usual = parse_filter(&[usual.to_owned()])?;
        filter.terms.splice(0..0, usual.terms);
    }
    Ok(Wanted::Filter(filter))
}

/// Finds the jobs.
pub(super) async fn find(store: &dyn Store, wanted: Wanted) -> anyhow::Result<Selection> {
    let mut selection =
        Selection { filter: None, ids: Vec::new(), states: BTreeMap::new(), sample: Vec::new() };
    match wanted {
        Wanted::Ids(words) => {
            for word in words {
                let id = find_id(store, &word).await?;
                if !selection.ids.contains(&id) {
                    selection.ids.push(id);
                }
            }
        }
        Wanted::Filter(filter) => {
            let mut before = None;
            loop {
                let page = store.jobs(&filter, Page { before, limit: PAGE }).await?;
                let is_last = page.len() < PAGE;
                before = page.last().map(|job| job.id);
                for job in page {
                    selection.ids.push(job.id);
                    *selection.states.entry(job.state).or_default() += 1;
                    if selection.sample.len() < SAMPLE {
                        selection.sample.push(job);
                    }
                }
                if is_last {
                    break;
                }
            }
            selection.filter = Some(filter);
        }
    }
    Ok(selection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Wanted, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse(&words, "state:dead")
    }

    fn filter(words: &[&str]) -> String {
        match read(words).expect("a filter") {
            Wanted::Filter(filter) => filter.to_string(),
            Wanted::Ids(ids) => panic!("ids {ids:?}"),
        }
    }

    #[test]
    fn a_filter_without_a_state_means_the_usual_one() {
        assert_eq!(filter(&["kind:a queue:b"]), "state:dead kind:a queue:b");
        assert_eq!(filter(&["kind:a", "state:cancelled"]), "kind:a state:cancelled");
        assert_eq!(filter(&["-kind:a"]), "state:dead -kind:a");
        assert_eq!(
            filter(&["error:\"timed out\"", "kind:a"]),
            "state:dead error:\"timed out\" kind:a"
        );
    }

    #[test]
    fn ids_and_nothing_are_told_apart() {
        assert!(matches!(read(&["job_01", "02"]), Ok(Wanted::Ids(ids)) if ids.len() == 2));
        assert!(read(&[" "]).is_err());
        assert!(read(&["job_01", "state:dead"]).is_err());
    }
}
