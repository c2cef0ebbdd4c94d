//! What of others' jobs a job that is written may reach: their ids, keys, lanes and outputs.

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::job::Verdict;
use windlass::token::Grant;
use windlass::{Outcome, State};
use windlass_http::Access;
use windlass_testkit::verdicts::{complete, complete_with};
use windlass_testkit::worker::worker;

use super::tags::{CANARY, OTHER, OWN, SCOPES, draft, tenant, written, written_by};
use super::{get, post, secret};
use crate::fixture::{Answer, TestApi, on_both_stores};

on_both_stores! {
    /// S-14: an id or a unique key that another tenant's job has is not written over, and the job is not named.
    keys_and_ids_of_others_stand;
    /// S-14: a job that holds the key of one that is retried, or refuses one in a lane, is named to those who may see it.
    a_refusal_names_no_job_of_others;
    /// S-14: nobody gets the output of another tenant's job by waiting for it.
    nobody_waits_for_jobs_of_others;
    /// S-14: a lane's rules cancel no other tenant's job.
    nobody_supersedes_jobs_of_others;
    /// S-14: an explanation names those jobs alone that its caller may see.
    an_explanation_names_no_job_of_others;
    /// S-14: the same rules hold for those who are limited to queues or kinds.
    limits_of_queues_and_kinds_hold_the_same_way;
}

async fn keys_and_ids_of_others_stand(api: TestApi) {
    let job = |word: &str, tag: &str, on_conflict: &str| {
        draft(tag, word, json!({"unique": {"key": "shared", "on_conflict": on_conflict}}))
    };
    let held = written(&api, &job(CANARY, OTHER, "keep")).await;
    let before = api.get(&format!("/v1/jobs/{held}")).await.ok();
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let silent = |answer: &Answer| {
        let text = answer.body.to_string();
        assert!(!text.contains(&held) && !text.contains(CANARY), "{text}");
    };
    let kept = post(&api, "/v1/jobs", &token, &job("plain", OWN, "keep")).await;
    assert_eq!((kept.status, &kept.body["result"]), (StatusCode::OK, &json!("held")), "{kept:?}");
    silent(&kept);
    let rejected = post(&api, "/v1/jobs", &token, &job("plain", OWN, "reject")).await;
    assert_eq!(rejected.code(), (409, "duplicate"));
    assert_eq!(rejected.body["job"], Value::Null);
    silent(&rejected);
    let replaced = post(&api, "/v1/jobs", &token, &job("plain", OWN, "replace")).await;
    assert_eq!(replaced.code(), (403, "forbidden"));
    silent(&replaced);
    // The id of another tenant's job is known to who sends it: that it is there is all that is told.
    let existing = json!({"kind": "work", "tags": [OWN], "id": held});
    let existing = post(&api, "/v1/jobs", &token, &existing).await;
    assert_eq!((existing.status, &existing.body["result"]), (StatusCode::OK, &json!("held")));
    silent(&existing);
    // The others of a call are written, and told by their ids.
    let own = json!({"kind": "own", "tags": [OWN], "unique": {"key": "shared"}});
    let many = json!({"jobs": [job("plain", OWN, "keep"), own]});
    let many = post(&api, "/v1/jobs/batch", &token, &many).await;
    let results: Vec<_> =
        many.body["jobs"].as_array().expect("jobs").iter().map(|one| &one["result"]).collect();
    assert_eq!(results, [&json!("held"), &json!("new")], "a key is of one kind");
    silent(&many);
    let again = post(&api, "/v1/jobs", &token, &own).await;
    assert_eq!(
        (&again.body["result"], &again.body["id"]),
        (&json!("kept"), &many.body["jobs"][1]["id"])
    );
    let rejects =
        json!({"kind": "own", "tags": [OWN], "unique": {"key": "shared", "on_conflict": "reject"}});
    let rejected = post(&api, "/v1/jobs", &token, &rejects).await;
    assert_eq!((rejected.code(), &rejected.body["job"]), ((409, "duplicate"), &again.body["id"]));
    let whole = secret(&api, "whole", Grant::everywhere(SCOPES)).await;
    assert_eq!(get(&api, &format!("/v1/jobs/{held}"), &whole).await.ok(), before);
}

async fn a_refusal_names_no_job_of_others(api: TestApi) {
    let registration = api.worker(worker()).await;
    let unique = json!({"unique": {"key": "shared"}});
    let own = written(&api, &draft(OWN, "plain", unique.clone())).await;
    api.run_one(&registration, complete()).await;
    let held = written(&api, &draft(OTHER, CANARY, unique)).await;
    let lane = |more: Value| json!({"kind": "up", "lane": {"key": "server 1", "refused_by": ["work"]}, "tags": [more]});
    let down = written(&api, &draft(OTHER, CANARY, json!({"lane": {"key": "server 1"}}))).await;
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let other = secret(&api, "other", tenant(OTHER)).await;
    let retry = format!("/v1/jobs/{own}/retry");
    let refused = post(&api, &retry, &token, &Value::Null).await;
    assert_eq!(refused.code(), (409, "conflict"));
    assert!(!refused.body.to_string().contains(&held), "{refused:?}");
    let whole = secret(&api, "whole", Grant::everywhere(SCOPES)).await;
    let named = post(&api, &retry, &whole, &Value::Null).await;
    assert!(named.text("detail").contains(&held), "{named:?}");
    let refused = post(&api, "/v1/jobs", &token, &lane(json!(OWN))).await;
    assert_eq!((refused.code(), &refused.body["job"]), ((409, "conflict"), &Value::Null));
    assert!(!refused.body.to_string().contains(&down), "{refused:?}");
    let many = json!({"jobs": [lane(json!(OWN))]});
    let refused = post(&api, "/v1/jobs/batch", &token, &many).await;
    assert!(!refused.body.to_string().contains(&down), "{refused:?}");
    let named = post(&api, "/v1/jobs", &other, &lane(json!(OTHER))).await;
    assert_eq!((named.code(), named.text("job")), ((409, "conflict"), down.as_str()));
}

async fn nobody_waits_for_jobs_of_others(api: TestApi) {
    let registration = api.worker(worker()).await;
    let other = written(&api, &draft(OTHER, CANARY, json!({}))).await;
    let output = complete_with(&json!(CANARY).to_string());
    api.run_one(&registration, output).await;
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let own = written_by(&api, &token, &json!({"kind": "k", "tags": [OWN]})).await;
    let after = |job: &str| json!({"kind": "k", "tags": [OWN], "waits": {"jobs": [job]}});
    let none = windlass::JobId::new().to_string();
    for unseen in [&other, &none] {
        let refused = post(&api, "/v1/jobs", &token, &after(unseen)).await;
        assert_eq!(refused.code(), (404, "not-found"), "{refused:?}");
        assert!(refused.text("detail").contains("does not exist"), "{refused:?}");
        // A job of the same call that says to be it is not.
        let says = json!({"kind": "work", "tags": [OWN], "id": other});
        let many = json!({"jobs": [says, after(&other)]});
        let refused = post(&api, "/v1/jobs/batch", &token, &many).await;
        assert_eq!(refused.code(), (404, "not-found"), "{refused:?}");
    }
    let waits = written_by(&api, &token, &after(&own)).await;
    let found = get(&api, &format!("/v1/jobs/{waits}/conditions"), &token).await;
    assert_eq!(found.body["items"][0]["awaited"], json!(own), "{found:?}");
    let first = windlass::JobId::new().to_string();
    let chain = json!({"jobs": [{"kind": "k", "tags": [OWN], "id": first}, after(&first)]});
    assert_eq!(post(&api, "/v1/jobs/batch", &token, &chain).await.status, StatusCode::OK);
}

async fn nobody_supersedes_jobs_of_others(api: TestApi) {
    let lane = json!({"lane": {"key": "server 1"}, "queue": "a"});
    let other = written(&api, &draft(OTHER, CANARY, lane)).await;
    let api = api.asking(Access::tokens()).await;
    let of_queue = Grant { queues: vec!["b".to_owned()], ..Grant::everywhere(SCOPES) };
    let of_kinds = |kinds: &[&str]| Grant {
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Grant::everywhere(SCOPES)
    };
    let down = json!({"kind": "down", "queue": "b", "tags": [OWN], "lane": {"key": "server 1", "supersedes": ["work"]}});
    for (name, grant) in [("acme", tenant(OWN)), ("queue", of_queue), ("kind", of_kinds(&["down"]))]
    {
        let token = secret(&api, name, grant).await;
        assert_eq!(
            post(&api, "/v1/jobs", &token, &down).await.code(),
            (403, "forbidden"),
            "{name}"
        );
    }
    let state = async || {
        api.client().job(other.parse().expect("an id")).await.expect("read").map(|job| job.state)
    };
    assert_eq!(state().await, Some(State::Available));
    let both = secret(&api, "both", of_kinds(&["down", "work"])).await;
    assert_eq!(post(&api, "/v1/jobs", &both, &down).await.status, StatusCode::CREATED);
    assert_eq!(state().await, Some(State::Cancelled), "all jobs of that kind are theirs");
}

async fn an_explanation_names_no_job_of_others(api: TestApi) {
    let registration = api.worker(worker()).await;
    let blocks = json!({"lane": {"key": "shared", "when_dead": "block"}, "unique": {"key": "u", "until": "elapsed", "for_ms": 3_600_000}});
    let first = written(&api, &draft(OTHER, CANARY, blocks)).await;
    let word = || CANARY.to_owned();
    let die = Verdict::Die { outcome: Outcome::Error, error: word(), reason: word() };
    api.run_one(&registration, die).await;
    let limited = json!({"limited": {"key": "shared", "running": 1}});
    let holder = written(&api, &draft(OTHER, CANARY, limited.clone())).await;
    api.claim(&registration).await;
    let own = written(&api, &draft(OWN, "plain", json!({"lane": {"key": "shared"}}))).await;
    let line = written(&api, &draft(OWN, "plain", limited)).await;
    let api = api.asking(Access::tokens()).await;
    let token = secret(&api, "acme", tenant(OWN)).await;
    let whole = secret(&api, "whole", Grant::everywhere(SCOPES)).await;
    for (job, other) in [(&own, &first), (&line, &holder)] {
        let path = format!("/v1/jobs/{job}/explain");
        let told = get(&api, &path, &token).await.ok().to_string();
        assert!(!told.contains(other) && !told.contains(CANARY), "{told}");
        assert!(!told.contains("first of lane"), "another job is before it: {told}");
        let all = get(&api, &path, &whole).await.ok().to_string();
        assert!(all.contains(other), "{all}");
    }
    // Of jobs that are the caller's own it is told which are in the way.
    let behind =
        written_by(&api, &token, &draft(OWN, "plain", json!({"lane": {"key": "own"}}))).await;
    let last =
        written_by(&api, &token, &draft(OWN, "plain", json!({"lane": {"key": "own"}}))).await;
    let told = get(&api, &format!("/v1/jobs/{last}/explain"), &token).await.ok().to_string();
    assert!(told.contains(&behind), "{told}");
}

async fn limits_of_queues_and_kinds_hold_the_same_way(api: TestApi) {
    let registration = api.worker(worker()).await;
    let other = written(&api, &json!({"kind": "work", "args": {"word": CANARY}})).await;
    api.run_one(&registration, complete_with(&json!(CANARY).to_string())).await;
    let unique = |queue: &str, on_conflict: &str| json!({"kind": "k", "queue": queue, "unique": {"key": "u", "on_conflict": on_conflict}});
    let held = written(&api, &unique("a", "keep")).await;
    let api = api.asking(Access::tokens()).await;
    let of_queue = Grant { queues: vec!["b".to_owned()], ..Grant::everywhere(SCOPES) };
    let of_kind = Grant { kinds: vec!["k".to_owned()], ..Grant::everywhere(SCOPES) };
    let queue = secret(&api, "queue", of_queue).await;
    let kind = secret(&api, "kind", of_kind).await;
    let kept = post(&api, "/v1/jobs", &queue, &unique("b", "keep")).await;
    assert_eq!((&kept.body["result"], &kept.body["id"]), (&json!("held"), &Value::Null));
    let rejected = post(&api, "/v1/jobs", &queue, &unique("b", "reject")).await;
    assert_eq!((rejected.code(), &rejected.body["job"]), ((409, "duplicate"), &Value::Null));
    let replaced = post(&api, "/v1/jobs", &queue, &unique("b", "replace")).await;
    assert_eq!(replaced.code(), (403, "forbidden"));
    // A key is of one kind: who is limited to kinds alone may see each job that can hold it.
    let replaced = post(&api, "/v1/jobs", &kind, &unique("b", "replace")).await;
    assert_eq!(
        (&replaced.body["result"], &replaced.body["id"]),
        (&json!("replaced"), &json!(held))
    );
    for (token, body) in [
        (&queue, json!({"kind": "k", "queue": "b", "waits": {"jobs": [other]}})),
        (&kind, json!({"kind": "k", "waits": {"jobs": [other]}})),
    ] {
        assert_eq!(post(&api, "/v1/jobs", token, &body).await.code(), (404, "not-found"), "{body}");
    }
    let signals = json!({"kind": "k", "queue": "b", "waits": {"signals": ["go"]}});
    assert_eq!(post(&api, "/v1/jobs", &queue, &signals).await.status, StatusCode::CREATED);
}
