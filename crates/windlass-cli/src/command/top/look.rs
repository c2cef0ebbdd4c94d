//! One look at the store: a bounded number of bounded questions.

use std::time::Duration;

use windlass::filter::{Bound, Moment};
use windlass::health::{Overview, Thresholds};
use windlass::job::{Explanation, Field, Filter, Page, Term};
use windlass::store::{Facts, Now};
use windlass::{Client, JobId, JobRecord, State, StoreError};

use crate::command::explain;
use crate::output::Output;

/// How far a look for jobs goes: it is taken again and again.
const BOUND: Bound = Bound { rows: 5_000, time: Duration::from_millis(200) };
/// Running jobs among which the longest are looked for, and jobs that have started lately.
const JOBS: usize = 200;
/// Jobs of a list.
pub(super) const LISTED: usize = 200;
/// How long ago a job may have ended that tells how long jobs wait.
const LATELY: Duration = Duration::from_secs(10 * 60);

/// What is asked besides what is always asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// What running jobs are narrowed by.
    pub(super) filter: Filter,
    pub(super) page: Option<PageQuestion>,
}

/// What the page that is open asks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PageQuestion {
    /// Jobs that match.
    Jobs(Filter),
    /// Why a job is where it is.
    Job(JobId),
}

/// What a look has seen.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) facts: Facts,
    pub(super) overview: Overview,
    pub(super) running: Vec<JobRecord>,
    /// Whether there may be running jobs that were not looked at.
    pub(super) running_or_more: bool,
    pub(super) started: Vec<JobRecord>,
    pub(super) page: Option<(PageQuestion, PageAnswer)>,
}

/// What the page that is open is answered.
#[derive(Debug, Clone)]
pub(super) enum PageAnswer {
    Jobs {
        jobs: Vec<JobRecord>,
        /// Whether there are more, or may be.
        or_more: bool,
    },
    /// The explanation in lines; none where the job is gone.
    Job(Option<Explained>),
}

/// A job that is explained.
#[derive(Debug, Clone)]
pub(super) struct Explained {
    pub(super) state: State,
    /// As `windlass explain` prints them.
    pub(super) text: String,
}

impl Look {
    /// Asks a store.
    pub(super) async fn at(
        (client, thresholds): (&Client, &Thresholds),
        question: Question,
        out: &Output,
    ) -> Result<Self, StoreError> {
        let store = client.store();
        let overview = Overview::of(&**store, thresholds, Now::Database).await?;
        let running = find(client, &of_running(question.filter), JOBS).await?;
        let started = find(client, &started_lately(), JOBS).await?;
        Ok(Self {
            facts: store.facts().await?,
            overview,
            running_or_more: running.1,
            running: running.0,
            started: started.0,
            page: match question.page {
                Some(page) => Some((page.clone(), answer(client, page, out).await?)),
                None => None,
            },
        })
    }
}

async fn answer(
    client: &Client,
    question: PageQuestion,
    out: &Output,
) -> Result<PageAnswer, StoreError> {
    Ok(match question {
        PageQuestion::Jobs(filter) => {
            let (jobs, or_more) = find(client, &filter, LISTED).await?;
            PageAnswer::Jobs { jobs, or_more }
        }
        PageQuestion::Job(id) => {
            let explained = explain::told(client, id, out).await?;
            let page = |(explanation, text): (Explanation, String)| Explained {
                state: explanation.state,
                text,
            };
            PageAnswer::Job(explained.map(page))
        }
    })
}

/// The newest that match, and whether there are more or may be.
async fn find(
    client: &Client,
    filter: &Filter,
    limit: usize,
) -> Result<(Vec<JobRecord>, bool), StoreError> {
    let found = client.find_jobs(filter, Page { before: None, limit }, BOUND).await?;
    Ok((found.items, found.next.is_some()))
}

fn of_running(mut filter: Filter) -> Filter {
    filter.terms.push(must(Field::State(vec![State::Running])));
    filter
}

/// Jobs beside the running ones that tell how long jobs wait.
fn started_lately() -> Filter {
    let ended = must(Field::State(vec![State::Completed, State::Dead]));
    Filter { terms: vec![ended, must(Field::Since(Moment::Ago(LATELY)))] }
}

fn must(field: Field) -> Term {
    Term { negated: false, field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_are_written_here_can_be_read() {
        assert_eq!(started_lately().to_string(), "state:completed,dead since:10m");
        let narrowed = of_running("kind:img.*".parse().expect("a filter"));
        assert_eq!(narrowed.to_string(), "kind:img.* state:running");
    }
}
