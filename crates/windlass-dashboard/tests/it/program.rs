//! The dashboard inside a program of somebody's.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{TestPages, got, on_both_stores, pressed};

on_both_stores! {
    /// A program that knows its users lets them see and act, below a path of its own, and nobody else.
    a_program_lets_in_whom_it_knows;
    the_meaning_of_a_problem_has_its_style_below_a_path_of_a_program;
}

async fn the_meaning_of_a_problem_has_its_style_below_a_path_of_a_program(pages: TestPages) {
    let app = pages.inside_a_program(true);
    for (path, style) in [
        ("/windlass/docs/problems", "href=\"style.css\""),
        ("/windlass/docs/problems/stale", "href=\"../style.css\""),
    ] {
        got(app.clone(), path).await.shows(&[style]);
    }
    assert_eq!(got(app, "/windlass/docs/style.css").await.status, StatusCode::OK);
}

async fn a_program_lets_in_whom_it_knows(pages: TestPages) {
    pages.post("/v1/jobs", &json!({"kind": "work", "queue": "mail"})).await;
    let app = pages.inside_a_program(true);
    for path in ["/windlass", "/windlass/", "/windlass/queues"] {
        let shown = got(app.clone(), path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.text);
        shown.has(&["<base href=\"/windlass/\"", "mail"]);
    }
    let paused = pressed(app.clone(), "/windlass/queues/mail/pause", &[("back", "/queues")]).await;
    assert_eq!(
        paused.led(),
        ("/windlass/queues".to_owned(), "Queue mail is paused: no job of it starts.".to_owned())
    );
    got(app, "/windlass/queues").await.has(&["paused", "Resume"]);
    let nobody = pages.inside_a_program(false);
    let refused = [
        pressed(nobody.clone(), "/windlass/queues/mail/resume", &[]).await,
        got(nobody.clone(), "/windlass/jobs").await,
    ];
    for refused in refused {
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        refused.has(&["Nobody signs in here", "sign in there"]).has_not(&["name=\"password\""]);
    }
    let form = got(nobody, "/windlass/sign-in").await;
    form.has(&["Nobody signs in here"]).has_not(&["name=\"password\""]);
}
