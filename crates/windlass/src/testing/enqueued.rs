//! What was enqueued, and what comes nearest to what should have been.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use windlass_core::client::Client;
use windlass_core::job::{Field, Filter, Job, JobRecord, Page, Term};

use super::RUN_QUEUE;

/// Jobs of one question to the store.
const PAGE: usize = 1_000;

/// Checks that a job of this type was enqueued whose args have these fields, whatever state it is in by now; the
/// newest one. `args` may be the payload itself or some of its fields: `json!({ "user_id": 42 })`. Works on any
/// store.
///
/// # Panics
/// Where there is none: with the job that comes nearest, field by field.
pub async fn assert_enqueued<J: Job>(client: &Client, args: impl Serialize) -> JobRecord {
    let expected = serde_json::to_value(args).expect("the expected args are JSON");
    let jobs = of_kind(client, J::KIND).await;
    match jobs.iter().find(|job| mismatches(&expected, &read(job)).is_empty()) {
        Some(job) => job.clone(),
        None => panic!("{}", nearest(client, J::KIND, &expected, &jobs).await),
    }
}

/// Checks that no job of this type has args with these fields.
///
/// # Panics
/// Where there is one.
pub async fn refute_enqueued<J: Job>(client: &Client, args: impl Serialize) {
    let unexpected = serde_json::to_value(args).expect("the args are JSON");
    let jobs = of_kind(client, J::KIND).await;
    let found = jobs.iter().find(|job| mismatches(&unexpected, &read(job)).is_empty());
    if let Some(job) = found {
        panic!("a `{}` with {unexpected} was enqueued: {} on {}", J::KIND, job.id, job.queue);
    }
}

async fn jobs(client: &Client, filter: &Filter) -> Vec<JobRecord> {
    let mut jobs: Vec<JobRecord> = Vec::new();
    loop {
        let page = Page { before: jobs.last().map(|job| job.id), limit: PAGE };
        let more = client.jobs(filter, page).await.expect("the store can be asked");
        let is_last = more.len() < PAGE;
        jobs.extend(more);
        if is_last {
            jobs.retain(|job| !job.queue.starts_with(RUN_QUEUE));
            return jobs;
        }
    }
}

async fn of_kind(client: &Client, kind: &str) -> Vec<JobRecord> {
    let term = Term { negated: false, field: Field::Kind(vec![kind.to_owned()]) };
    jobs(client, &Filter { terms: vec![term] }).await
}

fn read(job: &JobRecord) -> Value {
    job.args.read().unwrap_or(Value::Null)
}

/// A field that is not as expected.
#[derive(Debug, PartialEq)]
struct Mismatch {
    field: String,
    expected: String,
    found: String,
}

/// Fields of `expected` whose value in `found` is different. Fields that `expected` does not name may be anything.
fn mismatches(expected: &Value, found: &Value) -> Vec<Mismatch> {
    let mut all = Vec::new();
    compare("", expected, Some(found), &mut all);
    all
}

fn compare(field: &str, expected: &Value, found: Option<&Value>, all: &mut Vec<Mismatch>) {
    match (expected, found) {
        (Value::Object(fields), Some(Value::Object(found))) => {
            for (name, value) in fields {
                let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(&inner, value, found.get(name), all);
            }
        }
        (expected, Some(found)) if expected == found => {}
        (expected, found) => all.push(Mismatch {
            field: if field.is_empty() { "args".to_owned() } else { field.to_owned() },
            expected: expected.to_string(),
            found: found.map_or("nothing".to_owned(), Value::to_string),
        }),
    }
}

async fn nearest(client: &Client, kind: &str, expected: &Value, jobs: &[JobRecord]) -> String {
    let mut text = format!("no `{kind}` with {expected} was enqueued");
    let best =
        jobs.iter().map(|job| (mismatches(expected, &read(job)), job)).min_by_key(|m| m.0.len());
    match best {
        Some((fields, job)) => {
            let one_of =
                if jobs.len() == 1 { String::new() } else { format!(" of {}", jobs.len()) };
            let _ = write!(text, "\nnearest{one_of}: {} ({} on {})", job.id, job.state, job.queue);
            for Mismatch { field, expected, found } in fields {
                let _ = write!(text, "\n  {field}: expected {expected}, found {found}");
            }
        }
        None => {
            let _ = write!(text, "\n{}", others(client).await);
        }
    }
    text
}

/// What there is of other kinds.
async fn others(client: &Client) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for job in jobs(client, &Filter::default()).await {
        *kinds.entry(job.kind).or_default() += 1;
    }
    if kinds.is_empty() {
        return "nothing was enqueued".to_owned();
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, jobs)| format!("{kind} ({jobs})")).collect();
    format!("no job of this kind was enqueued; enqueued were: {}", kinds.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_fields_that_are_named_must_be_so() {
        let args = json!({ "user": { "id": 1, "name": "a" }, "tags": [1, 2] });
        assert_eq!(mismatches(&json!({}), &args), []);
        assert_eq!(mismatches(&json!({ "user": { "id": 1 } }), &args), []);
        assert_eq!(mismatches(&json!({ "tags": [1, 2] }), &args), []);
        let wrong = mismatches(&json!({ "user": { "id": 2 }, "tags": [1], "late": true }), &args);
        let fields: Vec<&str> = wrong.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["late", "tags", "user.id"]);
        assert_eq!(wrong[0].found, "nothing");
        assert_eq!(mismatches(&json!(7), &args)[0].field, "args");
    }
}
