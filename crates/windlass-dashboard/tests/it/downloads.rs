//! Jobs as files.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};
use windlass_testkit::database::SqliteFile;

use crate::fixture::{Broken, TestPages, on_both_stores};

on_both_stores! {
    what_matches_is_a_table;
    /// A line is a document of the API, whatever blanks stand in its args.
    what_matches_is_a_line_each;
    many_jobs_come_page_by_page;
    /// A filter that cannot be read is a page, and no file.
    a_wrong_filter_is_no_file;
    /// Who is limited to some queues gets their own jobs alone.
    a_limited_caller_gets_their_own_alone;
}

async fn what_matches_is_a_table(pages: TestPages) {
    let body = json!({
        "kind": "mail.send", "queue": "-mail", "priority": -3, "tags": ["vip", "eu"],
        "subjects": [{"type": "customer", "id": "4\"2"}], "args": {"text": "say \"hi\"\r\n", "n": 1},
    });
    let id = pages.post("/v1/jobs", &body).await["id"].as_str().expect("an id").to_owned();
    pages.post("/v1/jobs", &json!({"kind": "other"})).await;
    let file = pages.page("/jobs.csv?filter=kind:mail.*").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"jobs.csv\"");
    let lines: Vec<&str> = file.text.split("\r\n").collect();
    assert_eq!((lines.len(), lines[2]), (3, ""), "{lines:?}");
    assert!(lines[0].starts_with("id,kind,queue,state,priority"), "{}", lines[0]);
    let line = format!("{id},mail.send,'-mail,available,-3,0,,vip eu,\"customer=4\"\"2\",2");
    assert!(lines[1].starts_with(&line), "{}", lines[1]);
    assert!(
        lines[1].contains(r#""{""n"":1,""text"":""say \""hi\""\r\n""}""#)
            || lines[1].contains(r#""{""text"":""say \""hi\""\r\n"",""n"":1}""#),
        "{}",
        lines[1]
    );
    pages.page("/jobs?filter=kind:mail.*").await.has(&[
        "Download",
        "jobs.csv?filter=kind:mail.*",
        "jobs.ndjson",
        "windlass export",
    ]);
}

async fn what_matches_is_a_line_each(pages: TestPages) {
    let raw = "{\"kind\": \"a\", \"args\": {\n  \"x\": [1,\r\n 2]\n}}";
    let request = axum::http::Request::builder().method("POST").uri("/v1/jobs");
    let request = request.header(header::CONTENT_TYPE, "application/json").body(raw.into());
    assert_eq!(pages.send(request.expect("a request")).await.status, StatusCode::CREATED);
    pages.post("/v1/jobs", &json!({"kind": "a"})).await;
    let file = pages.page("/jobs.ndjson?filter=kind:a").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/x-ndjson");
    let lines: Vec<Value> =
        file.text.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["schema"], &lines[1]["args"]), (&json!("job.v1"), &json!({"x": [1, 2]})));
}

async fn written(pages: &TestPages, jobs: usize) {
    for part in [jobs.min(400), jobs.saturating_sub(400)].into_iter().filter(|part| *part > 0) {
        let jobs: Vec<Value> = (0..part).map(|n| json!({"kind": "many", "args": n})).collect();
        pages.post("/v1/jobs/batch", &json!({ "jobs": jobs })).await;
    }
}

async fn many_jobs_come_page_by_page(pages: TestPages) {
    written(&pages, 510).await;
    let file = pages.page("/jobs.ndjson").await;
    assert_eq!(file.text.lines().count(), 510);
    assert_eq!(pages.page("/jobs.csv").await.text.lines().count(), 511);
    pages.page("/jobs.csv?filter=kind:none").await.has(&["id,kind"]).has_not(&["job_"]);
}

async fn a_wrong_filter_is_no_file(pages: TestPages) {
    let shown = pages.get("/jobs.csv?filter=stat:dead").await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.headers.get(header::CONTENT_DISPOSITION).is_none());
    shown.mentions(&["did you mean"]);
}

async fn a_limited_caller_gets_their_own_alone(pages: TestPages) {
    for queue in ["acme", "other"] {
        pages.post("/v1/jobs", &json!({"kind": "run", "queue": queue})).await;
    }
    let limited = pages.asking(Access::by(|_| {
        let mut grant = Grant::everywhere([Scope::Read]);
        grant.queues = vec!["acme".to_owned()];
        Some(Caller::new("acme", grant))
    }));
    for path in ["/jobs.csv", "/jobs.ndjson"] {
        limited.page(path).await.has(&["acme"]).has_not(&["other"]);
    }
    let nobody = pages.asking(Access::by(|_| None));
    assert_eq!(nobody.get("/jobs.csv").await.status, StatusCode::UNAUTHORIZED);
}

/// A file of which a part is missing does not look like a whole one: its connection is broken off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_in_the_middle_breaks_the_file_off() {
    let pages = TestPages::on(SqliteFile::fresh()).await;
    written(&pages, 510).await;
    let url = pages.url();
    let file = url.trim_start_matches("sqlite:").split('?').next().expect("a path").to_owned();
    for path in ["/jobs.csv", "/jobs.ndjson"] {
        let rename = |from: &str, to: &str| {
            let connection = rusqlite::Connection::open(&file).expect("opened");
            connection.execute_batch(&format!("alter table {from} rename to {to}")).expect("done");
        };
        let Broken { text, error } =
            pages.broken(path, || rename("windlass_pending", "gone")).await;
        rename("gone", "windlass_pending");
        assert!(text.contains("job_"), "the first page was sent");
        assert!(error.is_some(), "{path} looks whole");
    }
}
