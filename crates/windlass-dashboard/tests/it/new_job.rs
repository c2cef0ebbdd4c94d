//! A new job, written into a form.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    /// It leads to the job; a form that is sent twice writes one.
    a_form_writes_one_job;
    /// What was written stays in a form that is refused.
    a_form_that_is_refused_keeps_what_was_written;
    /// One like another has what that has; hidden fields are not taken for its args.
    a_job_is_like_another;
    who_may_not_enqueue_is_refused;
}

async fn a_form_writes_one_job(pages: TestPages) {
    pages.page("/jobs").await.has(&["href=\"jobs/new\""]);
    let form = pages.page("/jobs/new?kind=work&queue=mail&subject=customer=42").await;
    form.has(&["value=\"work\"", "value=\"mail\"", "value=\"customer=42\""]);
    let id = form.field("id").to_owned();
    let fields = [
        ("id", id.as_str()),
        ("kind", "work"),
        ("args", "{\"n\": 12345678901234567890123}"),
        ("delay", "60"),
        ("priority", "3"),
        ("tags", "import, tenant:acme"),
        ("subjects", "customer=42"),
    ];
    let (to, told) = pages.press("/jobs/new", &fields).await.led();
    assert_eq!((to, told.as_str()), (format!("/jobs/{id}"), "The job is enqueued."));
    let job = pages.api(&format!("/v1/jobs/{id}")).await;
    assert_eq!((&job["state"], &job["priority"]), (&json!("scheduled"), &json!(3)));
    assert_eq!(job["tags"], json!(["import", "tenant:acme"]));
    assert_eq!(job["subjects"], json!([{"type": "customer", "id": "42"}]));
    pages.page(&format!("/jobs/{id}")).await.has(&["12345678901234567890123"]);
    let (to, told) = pages.press("/jobs/new", &fields).await.led();
    assert_eq!(to, format!("/jobs/{id}"));
    assert!(told.starts_with("This form was sent before"), "{told}");
    let all = pages.api("/v1/jobs").await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
}

async fn a_form_that_is_refused_keeps_what_was_written(pages: TestPages) {
    let id = pages.page("/jobs/new").await.field("id").to_owned();
    let with = |name: &'static str, value: &'static str| {
        let mut fields = vec![("id", id.clone()), ("kind", "work".to_owned())];
        fields.push(("queue", HOSTILE.to_owned()));
        fields.push((name, value.to_owned()));
        fields
    };
    for (name, value, why) in [
        ("args", "{a", "Args: expected JSON"),
        ("subjects", "42", "Subjects: expected TYPE=ID"),
        ("delay", "soon", "Due in seconds: expected a whole number"),
        ("priority", "99999", "Priority: expected a whole number"),
        ("tags", "x", "queue"),
    ] {
        let fields = with(name, value);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = pages.press("/jobs/new", &fields).await;
        // The API refuses the queue; what is wrong before is not sent to it.
        let status = if why == "queue" { 422 } else { 400 };
        assert_eq!(refused.status.as_u16(), status, "{name}: {}", refused.text);
        refused.has(&["role=\"alert\"", why]).has(&["&lt;script&gt;"]).has_not(&["<script>alert"]);
        refused.mentions(&[value, &format!("value=\"{id}\"")]);
    }
    assert_eq!(pages.api("/v1/jobs").await["items"], json!([]));
}

async fn a_job_is_like_another(pages: TestPages) {
    let job = json!({"kind": "work", "queue": "mail", "version": 2, "args": {"text": HOSTILE, "n": 1.10},
        "tags": ["a"], "subjects": [{"type": "order", "id": "7"}], "max_attempts": 4});
    let id = pages.post("/v1/jobs", &job).await["id"].as_str().expect("an id").to_owned();
    pages.page(&format!("/jobs/{id}")).await.has(&[&format!("href=\"jobs/new?like={id}\"")]);
    let form = pages.page(&format!("/jobs/new?like={id}")).await;
    form.has(&["New job like another", "value=\"work\"", "&quot;n&quot;"]);
    form.has(&["value=\"mail\"", "value=\"4\"", "value=\"2\"", "value=\"a\"", "value=\"order=7\""]);
    form.has_not(&["\u{202e}", "\u{200b}", "<script>alert"]);
    assert_ne!(form.field("id"), id, "it is another one");
    let hides = json!({"kind": "work", "args": {"card": "4111", "n": 1, "a,b": "5222"}, "redact": ["card", "a,b"]});
    let id = pages.post("/v1/jobs", &hides).await["id"].as_str().expect("an id").to_owned();
    let form = pages.page(&format!("/jobs/new?like={id}")).await;
    form.has(&["args are hidden"]).has_not(&["[redacted]", "4111", "5222"]);
    let marks = form.field("redact").replace("&quot;", "\"");
    let fields = [
        ("id", form.field("id")),
        ("kind", "work"),
        ("args", "{\"card\": \"6333\", \"a,b\": \"7444\"}"),
        ("redact", marks.as_str()),
    ];
    let (to, _) = pages.press("/jobs/new", &fields).await.led();
    pages.page(&to).await.has(&["[redacted]"]).has_not(&["6333", "7444"]);
    assert_eq!(pages.get("/jobs/new?like=job_1").await.status, StatusCode::BAD_REQUEST);
}

async fn who_may_not_enqueue_is_refused(pages: TestPages) {
    let id = pages.page("/jobs/new").await.field("id").to_owned();
    let reader = pages.for_reader();
    assert_eq!(reader.get("/jobs/new").await.status, StatusCode::FORBIDDEN);
    let refused = reader.press("/jobs/new", &[("id", &id), ("kind", "work")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    reader.page("/jobs").await.has_not(&["jobs/new"]);
    let job = pages.post("/v1/jobs", &json!({"kind": "work"})).await;
    let path = format!("/jobs/{}", job["id"].as_str().expect("an id"));
    reader.page(&path).await.has_not(&["jobs/new"]);
}
