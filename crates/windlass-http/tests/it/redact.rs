//! What is marked is shown to nobody.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use windlass::Json;
use windlass::event::NewEvent;
use windlass::job::Batch;
use windlass::progress::Report;
use windlass::redact::Redaction;
use windlass::source::{Asked, Ends, Hold, Holding, Page, Read, Said, SourceOptions, judge};
use windlass::step::{NewStep, Others, StepForm};
use windlass::store::Now;
use windlass::worker::Registration;
use windlass_testkit::verdicts::complete_with;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, fence, on_both_stores};

on_both_stores! {
    /// S-45: a secret in any place that is marked is in no answer to any GET of the API document.
    no_route_shows_what_is_marked;
    /// S-45: what is hidden says so, and everything else is as it was.
    what_is_hidden_says_so;
    /// S-45: what changes jobs shows no more than what shows them.
    acts_show_no_more;
    /// S-45: a schedule is marked too, and what was not shown does not come back as its args.
    what_was_not_shown_is_not_taken_back;
    /// S-45: nobody finds out a value that a configuration hides by looking for it.
    what_is_hidden_cannot_be_looked_for;
    /// S-45: nobody finds out a value that a type hides by looking for it.
    what_a_type_hides_matches_nothing;
    /// S-45: workers get everything.
    a_worker_gets_everything;
    /// Bad input: a mark that names no field is refused, and nothing is written.
    a_mark_that_names_no_field_is_refused;
}

/// Every secret begins with this.
const CANARY: &str = "canary-7f31";

fn canary(place: &str) -> String {
    format!("{CANARY}-{place}")
}

/// By names, by the path of a kind, and by the path of a type of events.
fn redaction() -> Redaction {
    Redaction::default()
        .fields(["password", "*_token"])
        .and_then(|all| all.kind("wor*", ["card.number"]))
        .and_then(|all| all.event_type("order.*", ["iban"]))
        .expect("a redaction")
}

/// Fields that are hidden by a name, by the kind and by the job itself, and one that is not.
fn marked(place: &str) -> Value {
    json!({
        "n": 900_719_925_474_i64,
        "deep": [{"PassWord": canary(place)}, {"api_token": [canary(place)]}],
        "card": {"number": canary(place), "exp": "1/30"},
        "cards": [{"pin": canary(place)}],
    })
}

/// A job that has all of them in its args.
async fn job(api: &TestApi, place: &str, more: Value) -> String {
    let mut body = json!({"kind": "work", "args": marked(place), "redact": ["cards.*.pin"]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    api.post("/v1/jobs", &body).await.ok()["id"].as_str().expect("an id").to_owned()
}

async fn claimed(api: &TestApi) -> (Registration, Batch) {
    let worker = api.worker(worker()).await;
    let batch = api.claim(&worker).await;
    assert_eq!(batch.jobs.len(), 1);
    (worker, batch)
}

/// A job with a step, a checkpoint and an output, all of them with secrets.
async fn told_and_done(api: &TestApi) -> String {
    let id = job(api, "args", json!({})).await;
    let (worker, batch) = claimed(api).await;
    let held = fence(&worker, &batch);
    let secret = |place: &str| Json::args(marked(place).to_string()).expect("JSON");
    let checkpoint = Some(secret("checkpoint"));
    let report = Report { fence: held.clone(), checkpoint, progress: None, lines: Vec::new() };
    let store = api.client().store().clone();
    store.report(&[report], Now::Database).await.expect("reported");
    let output = Some(secret("step"));
    let step = NewStep { nth: 1, name: "s".into(), form: StepForm::Work, output, until: None };
    let recorded = store.record_steps(&held, &[step], Others::Stay, Now::Database).await;
    recorded.expect("recorded");
    api.settle(&worker, &batch, complete_with(&marked("output").to_string())).await;
    id
}

/// An event with secrets that are hidden by its type's name, by a field's name and by itself.
async fn event(api: &TestApi) -> String {
    let data = json!({"iban": canary("iban"), "Password": canary("event"), "pin": canary("pin"), "total": 3});
    let event = NewEvent::new("order.paid", Json::args(data.to_string()).expect("JSON"));
    let event = event.redact("pin");
    api.client().publish(event.clone()).await.expect("published");
    event.id.to_string()
}

async fn quarantine(api: &TestApi) {
    let client = api.client();
    let store = client.store();
    store.declare_source("feed", r#"{"url":"/f"}"#, Now::Database).await.expect("declared");
    let lasts = Duration::from_secs(30);
    let hold = Hold { name: "feed".into(), holder: "one".into(), lasts, said: Said::Nothing };
    let held = store.hold_source(&hold, Now::Database).await.expect("asked");
    let Holding::Held(held) = held else { panic!("nobody else holds it: {held:?}") };
    let bodies = [json!({"x": {"iban": canary("record")}}).to_string(), canary("not JSON")];
    let reads = (1..).zip(&bodies).map(|(nth, body)| Read::unreadable(Some(nth), body, "no type"));
    let (name, ends, options) = ("feed", Ends::Late, SourceOptions::default());
    let (epoch, position, disowned) = (held.epoch, &held.position, held.disowned);
    let asked = Asked { name, epoch, options: &options, position, disowned, ends };
    for part in judge(asked, Page::new(reads)).expect("it is ahead").imports {
        store.import(&part, Now::Database).await.expect("imported");
    }
}

/// Something with secrets in every place that there is; the ids by which paths name them.
async fn fill(api: &TestApi) -> Vec<(&'static str, String)> {
    let done = told_and_done(api).await;
    let waits = json!({"waits": {"jobs": [done], "signals": ["key"]}});
    let waiting = job(api, "waits", waits).await;
    // A signal is marked by who waits for it.
    let signal = json!({"key": "key", "data": marked("signal")});
    api.post("/v1/signals", &signal).await.ok();
    let schedule = json!({"rule": "0 2 * * *", "kind": "work", "args": marked("schedule"), "redact": ["cards.pin"]});
    api.put("/v1/schedules/nightly", &schedule).await.ok();
    let run = api.act("/v1/schedules/nightly/run-now").await.ok();
    let wanted = json!({"kind": "print", "types": ["order.*"], "sql": "data.total > 2"});
    api.put("/v1/subscriptions/all", &wanted).await.ok();
    // By the library, as a program that may see everything does.
    let looks = windlass::subscription::Filter::builder().sql("data.iban = 'x' OR data.pin = 'x'");
    let looks = windlass::subscription::Subscription::new(looks.build().expect("a filter"), "look");
    api.client()
        .subscribe("looks", &looks, windlass::subscription::Start::Now)
        .await
        .expect("made");
    let gathered = json!({"kind": "many", "types": ["order.*"], "mode": {"batch": {"most": 1, "within_us": 1000}}});
    api.put("/v1/subscriptions/many", &gathered).await.ok();
    let event = event(api).await;
    api.feed().await;
    quarantine(api).await;
    let batch = json!({"key": "b", "jobs": [{"kind": "work", "args": marked("batch"), "redact": ["cards.pin"]}]});
    let batch = api.post("/v1/batches", &batch).await.ok();
    let workflow = json!({"name": "w", "steps": [{"name": "a", "job": {"kind": "work", "args": marked("workflow"), "redact": ["cards.pin"]}}]});
    let workflow = api.post("/v1/workflows", &workflow).await.ok();
    let operation = json!({"action": "retry", "filter": "state:dead"});
    let operation = api.post("/v1/operations", &operation).await.ok();
    let mut ids = vec![
        ("jobs", done),
        ("jobs", waiting),
        ("jobs", run["id"].as_str().expect("an id").to_owned()),
        ("events", event.clone()),
        ("traces", event),
        ("batches", batch["id"].as_str().expect("an id").to_owned()),
        ("operations", operation["id"].as_str().expect("an id").to_owned()),
        ("schedules", "nightly".to_owned()),
        ("sources", "feed".to_owned()),
        ("subscriptions", "all".to_owned()),
        ("subscriptions", "looks".to_owned()),
        ("subscriptions", "many".to_owned()),
        ("queues", "default".to_owned()),
        ("kinds", "work".to_owned()),
        ("workflows", workflow["id"].as_str().expect("an id").to_owned()),
    ];
    for filter in ["kind:print", "kind:many"] {
        let jobs = api.get(&format!("/v1/jobs?filter={filter}")).await.ok();
        ids.push(("jobs", jobs["items"][0]["id"].as_str().expect("a job").to_owned()));
    }
    ids
}

/// Paths of all that can be got, with every id that there is.
fn paths(ids: &[(&str, String)]) -> Vec<String> {
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let templates = document["paths"].as_object().expect("paths").iter();
    let got = templates.filter(|(_, item)| item.get("get").is_some()).map(|(path, _)| path);
    let mut paths = Vec::new();
    // What a stream tells has neither args nor data, and it has no end.
    for template in got.filter(|path| *path != "/v1/stream") {
        let Some((begin, rest)) = template.split_once('{') else {
            paths.push(template.clone());
            continue;
        };
        let noun = begin.trim_start_matches("/v1/").trim_end_matches('/');
        let end = rest.split_once('}').map_or("", |(_, end)| end);
        let end = if end == "/wait" { "/wait?timeout_ms=1" } else { end };
        let its = ids.iter().filter(|(of, _)| *of == noun);
        paths.extend(its.map(|(_, id)| format!("{begin}{id}{end}")));
    }
    paths
}

async fn no_route_shows_what_is_marked(api: TestApi) {
    let open = fill(&api).await;
    // Without a configuration it is all there: the test would find it.
    let seen = api.get(&format!("/v1/jobs/{}", open[0].1)).await.ok();
    assert!(seen.to_string().contains(&canary("output")), "{seen:#}");
    assert!(!seen.to_string().contains("\"pin\":\"canary"), "what it marks itself: {seen:#}");
    let api = api.redacting(redaction());
    let paths = paths(&open);
    assert!(paths.len() > 60, "{paths:#?}");
    for path in paths {
        let answer = api.get(&path).await;
        let text = answer.body.to_string();
        assert!(!text.contains(CANARY), "{path}: {:#}", answer.body);
    }
    assert!(!api.get("/v1/jobs?limit=500").await.ok().to_string().contains(CANARY));
}

async fn what_is_hidden_says_so(api: TestApi) {
    let api = api.redacting(redaction());
    let id = told_and_done(&api).await;
    let job = api.get(&format!("/v1/jobs/{id}")).await.ok();
    let hidden = json!({
        "n": 900_719_925_474_i64,
        "deep": [{"PassWord": "[redacted]"}, {"api_token": "[redacted]"}],
        "card": {"number": "[redacted]", "exp": "1/30"},
        "cards": [{"pin": "[redacted]"}],
    });
    assert_eq!((&job["args"], &job["output"]), (&hidden, &hidden));
    assert_eq!((&job["redacted"], &job["redact"]), (&json!(true), &json!(["cards.*.pin"])));
    let steps = api.get(&format!("/v1/jobs/{id}/steps")).await.ok();
    assert_eq!(steps["items"][0]["output"], hidden);
    let progress = api.get(&format!("/v1/jobs/{id}/progress")).await.ok();
    assert_eq!(progress["checkpoint"], hidden);
    let plain = api.post("/v1/jobs", &json!({"kind": "work", "args": {"a": 1}})).await.ok();
    let plain = api.get(&format!("/v1/jobs/{}", plain["id"].as_str().expect("an id"))).await.ok();
    assert!(plain.get("redacted").is_none() && plain.get("redact").is_none(), "{plain:#}");
    let event = event(&api).await;
    let event = api.get(&format!("/v1/events/{event}")).await.ok();
    let data =
        json!({"iban": "[redacted]", "Password": "[redacted]", "pin": "[redacted]", "total": 3});
    assert_eq!((&event["data"], &event["redacted"]), (&data, &json!(true)));
    // The output of another job comes as that one hides it.
    let waiting = job_that_waits_for(&api, &id).await;
    let conditions = api.get(&format!("/v1/jobs/{waiting}/conditions")).await.ok();
    assert_eq!(conditions["items"][0]["data"], hidden, "{conditions:#}");
    // Nobody knows what a job marks that is gone.
    api.by_sql("delete from {finished}").await;
    let conditions = api.get(&format!("/v1/jobs/{waiting}/conditions")).await.ok();
    assert!(!conditions.to_string().contains(CANARY), "{conditions:#}");
}

/// A job of a kind that nothing is said of.
async fn job_that_waits_for(api: &TestApi, id: &str) -> String {
    let body = json!({"kind": "other", "waits": {"jobs": [id]}});
    api.post("/v1/jobs", &body).await.ok()["id"].as_str().expect("an id").to_owned()
}

async fn acts_show_no_more(api: TestApi) {
    let api = api.redacting(redaction());
    let id = job(&api, "acts", json!({"delay_ms": 60_000})).await;
    let answers = [
        api.post(&format!("/v1/jobs/{id}/move"), &json!({"queue": "q"})).await,
        api.act(&format!("/v1/jobs/{id}/cancel")).await,
        api.act(&format!("/v1/jobs/{id}/retry")).await,
        api.post(
            "/v1/operations",
            &json!({"action": "cancel", "filter": "kind:work", "dry_run": true}),
        )
        .await,
    ];
    for answer in answers {
        let document = answer.ok();
        assert!(!document.to_string().contains(CANARY), "{document:#}");
        assert!(document.to_string().contains("[redacted]"), "{document:#}");
    }
}

async fn what_was_not_shown_is_not_taken_back(api: TestApi) {
    let path = "/v1/schedules/nightly";
    let mut body =
        json!({"rule": "0 2 * * *", "kind": "k", "args": {"pin": canary("pin"), "n": 1}});
    body["redact"] = json!(["pin"]);
    api.put(path, &body).await.ok();
    let shown = api.get(path).await.ok();
    assert_eq!(shown["args"], json!({"pin": "[redacted]", "n": 1}));
    assert_eq!(shown["redact"], json!(["pin"]));
    body["args"] = shown["args"].clone();
    let back = api.put(path, &body).await;
    assert_eq!((back.code(), back.place()), ((400, "invalid-request"), "/args"), "{back:?}");
    let run = api.act(&format!("{path}/run-now")).await.ok();
    let id = run["id"].as_str().expect("an id").parse().expect("an id");
    let job = api.client().job(id).await.expect("read").expect("there");
    assert!(job.args.as_str().contains(&canary("pin")), "the handler gets it: {}", job.args);
    assert_eq!(run["args"]["pin"], "[redacted]");
}

async fn what_is_hidden_cannot_be_looked_for(api: TestApi) {
    let id = job(&api, "looked", json!({})).await;
    event(&api).await;
    let api = api.redacting(redaction());
    let refused = async |path: String| {
        let answer = api.get(&path).await;
        assert_eq!(answer.code(), (403, "forbidden"), "{path}: {answer:?}");
        assert!(answer.text("detail").contains("is not shown here"), "{answer:?}");
    };
    for term in ["args.card.number:1", "-args.card.number:1", "args.x.Password.0:1", "args.iban:1"]
    {
        refused(format!("/v1/jobs?filter={term}")).await;
        refused(format!("/v1/jobs?filter=state:dead%20{term}&count=exact")).await;
        let body = json!({"action": "cancel", "filter": term, "dry_run": true});
        assert_eq!(api.post("/v1/operations", &body).await.code(), (403, "forbidden"), "{term}");
    }
    for term in ["data.iban:x", "-data.a_token:x"] {
        refused(format!("/v1/events?filter={term}")).await;
    }
    let filter = json!({"any": [{"prefix": {"data.iban": "c"}}]});
    for wanted in [
        json!({"sql": "data.iban LIKE 'c%'"}),
        json!({"sql": "EXISTS data.total AND NOT (data.card.password = 'x')"}),
        json!({"filter": {"all": [{"not": filter}]}}),
    ] {
        let tried = api.post("/v1/subscriptions/backtest", &wanted).await;
        assert_eq!(tried.code(), (403, "forbidden"), "{wanted}");
        let mut replay = wanted.clone();
        (replay["from"], replay["dry_run"]) = (json!("beginning"), json!(true));
        api.put("/v1/subscriptions/plain", &json!({"kind": "k", "types": ["order.*"]})).await.ok();
        let replayed = api.post("/v1/subscriptions/plain/replay", &replay).await;
        assert_eq!(replayed.code(), (403, "forbidden"), "{wanted}");
        let mut made = wanted.clone();
        made["kind"] = json!("k");
        assert_eq!(
            api.put("/v1/subscriptions/s", &made).await.code(),
            (403, "forbidden"),
            "{wanted}"
        );
    }
    for key in [json!({"kind": "k", "lane": "data.iban"}), json!({"signal": "data.password"})] {
        assert_eq!(api.put("/v1/subscriptions/s", &key).await.code(), (403, "forbidden"), "{key}");
    }
    let found = api.get("/v1/jobs?filter=args.n:900719925474").await.ok();
    assert_eq!(found["items"][0]["id"], json!(id), "what is shown can be looked for");
}

async fn what_a_type_hides_matches_nothing(api: TestApi) {
    let id = job(&api, "own", json!({"redact": ["own", "cards.*.pin"]})).await;
    event(&api).await;
    let (right, wrong) = (canary("own"), canary("wrong"));
    for value in [right, wrong] {
        for sign in ["", "-"] {
            let filter = format!("{sign}args.cards.0.pin:{value}");
            let found = api.get(&format!("/v1/jobs?filter={filter}&count=exact")).await.ok();
            assert_eq!(
                (&found["items"], &found["count"]["value"]),
                (&json!([]), &json!(0)),
                "{filter}"
            );
            let body = json!({"action": "cancel", "filter": filter, "dry_run": true});
            let found = api.post("/v1/operations", &body).await.ok();
            assert_eq!(found["jobs"], json!(0), "{filter}");
        }
    }
    let found = api.get("/v1/jobs?filter=args.card.exp:1/30").await.ok();
    assert_eq!(found["items"][0]["id"], json!(id), "what it does not mark can be looked for");
    for value in [canary("pin"), canary("wrong")] {
        for sign in ["", "-"] {
            let found = api.get(&format!("/v1/events?filter={sign}data.pin:{value}")).await.ok();
            assert_eq!(found["items"], json!([]), "{sign}{value}");
        }
        let tried = json!({"sql": format!("data.pin = '{value}'")});
        let tried = api.post("/v1/subscriptions/backtest", &tried).await.ok();
        assert_eq!((&tried["fired"], &tried["hidden"]), (&json!(0), &json!(1)), "{value}");
    }
    let tried =
        api.post("/v1/subscriptions/backtest", &json!({"sql": "data.total = 3"})).await.ok();
    assert_eq!((&tried["fired"], tried.get("hidden")), (&json!(1), None));
}

async fn a_worker_gets_everything(api: TestApi) {
    let api = api.redacting(redaction());
    job(&api, "claimed", json!({})).await;
    let (_, batch) = claimed(&api).await;
    let args: Value = batch.jobs[0].args.read().expect("JSON");
    assert_eq!(args, marked("claimed"));
}

async fn a_mark_that_names_no_field_is_refused(api: TestApi) {
    for wrong in [json!([""]), json!(["a..b"]), json!(["x".repeat(257)]), json!(vec!["a"; 65])] {
        let body = json!({"kind": "work", "redact": wrong});
        let answer = api.post("/v1/jobs", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {answer:?}");
    }
    assert_eq!(api.get("/v1/jobs").await.ok()["items"], json!([]));
}
