//! Schedules.

use axum::http::{Method, StatusCode};
use serde_json::json;
use windlass::schedule::{Declared, Definition, Owner, declare};
use windlass::store::Now;
use windlass::{Json, NewJob, Schedule};

use crate::fixture::{HOSTILE, TestPages, on_both_stores};

on_both_stores! {
    schedules_are_listed;
    a_schedule_says_when_it_runs_next_and_what_came_of_it;
    a_schedule_is_paused_with_a_note_and_resumed;
    a_schedule_runs_now;
    /// What a person changed is told apart from what a program declares.
    a_schedule_that_is_not_as_it_is_declared_says_so;
    a_schedule_is_removed;
    /// Who may read alone sees no button, and each form is refused.
    a_reader_changes_nothing;
    a_schedule_that_is_not_there_is_not_found;
}

async fn nightly(pages: &TestPages) {
    let body = json!({"rule": "30 2 * * *", "zone": "Europe/Berlin", "kind": "report.nightly", "args": {"to": HOSTILE}});
    pages.ask(Method::PUT, "/v1/schedules/nightly", &body).await;
}

async fn schedules_are_listed(pages: TestPages) {
    pages.page("/schedules").await.has(&["There are no schedules yet", "windlass schedule add"]);
    nightly(&pages).await;
    let listed = pages.page("/schedules").await;
    listed.has(&[
        "on",
        "schedules/nightly",
        "30 2 * * *",
        "Europe/Berlin",
        "report.nightly",
        "in ",
        "never",
        "schedules/nightly/pause",
    ]);
}

async fn a_schedule_says_when_it_runs_next_and_what_came_of_it(pages: TestPages) {
    nightly(&pages).await;
    let shown = pages.page("/schedules/nightly").await;
    shown.has(&[
        "30 2 * * *",
        "Next runs",
        "In <bdi>Europe/Berlin",
        "02:30",
        "Last job",
        "none yet",
        "Args",
        "&lt;script&gt;",
        "Definition",
        "Owner",
        "a person",
    ]);
    assert_eq!(shown.text.matches("02:30").count(), 5);
    shown.has_not(&["<script>alert"]);
}

async fn a_schedule_is_paused_with_a_note_and_resumed(pages: TestPages) {
    nightly(&pages).await;
    let back = "/schedules/nightly";
    pages.page(back).await.has(&["why, and by whom"]);
    let fields = [("back", back), ("note", "stocktaking, ana")];
    let paused = pages.press("/schedules/nightly/pause", &fields).await;
    assert_eq!(
        paused.led(),
        (back.to_owned(), "Schedule nightly is paused: it enqueues nothing.".to_owned())
    );
    pages.page(back).await.has(&["paused", "stocktaking, ana", "left out while it is "]);
    pages.page("/schedules").await.has(&["paused", "stocktaking, ana", "schedules/nightly/resume"]);
    let resumed = pages.press("/schedules/nightly/resume", &[("back", back)]).await;
    assert!(resumed.led().1.contains("is resumed"));
    pages.page(back).await.has(&["why, and by whom"]).has_not(&["stocktaking"]);
}

async fn a_schedule_runs_now(pages: TestPages) {
    nightly(&pages).await;
    let back = "/schedules/nightly";
    let ran = pages.press("/schedules/nightly/run", &[("back", back)]).await;
    let (to, told) = ran.led();
    assert_eq!(
        (to.as_str(), told.starts_with("Schedule nightly runs now, as job_")),
        (back, true),
        "{told}"
    );
    pages.page(back).await.has(&["Last job", "jobs/job_", "available"]);
    pages.page("/schedules").await.has(&["has not ended"]);
    let refused = pages.press("/schedules/nightly/run", &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "the last job has not ended");
}

async fn a_schedule_that_is_not_as_it_is_declared_says_so(pages: TestPages) {
    let job = NewJob::new("report.nightly", Json::stored("{}"));
    let schedule = Schedule::cron("0 4 * * *").expect("a rule");
    let definition = Definition::new(schedule, job).expect("a definition");
    let (name, by) = ("nightly".to_owned(), "shop 2.14".to_owned());
    let declared = Declared { name, definition, owner: Owner::Code, by };
    declare(&**pages.client().store(), &[declared], Now::Database).await.expect("declared");
    pages.page("/schedules/nightly").await.has_not(&["It is not as it is declared"]);
    nightly(&pages).await;
    pages.page("/schedules").await.has(&["differs from its declaration"]);
    let shown = pages.page("/schedules/nightly").await;
    shown.has(&[
        "It is not as it is declared",
        "shop 2.14",
        "30 2 * * *",
        "runs, ",
        "0 4 * * *",
        "is declared",
    ]);
    let removed = pages.press("/schedules/nightly/remove", &[]).await;
    assert!(removed.led().1.contains("stays on the list"));
    pages.page("/schedules/nightly").await.has(&["removed", "Forget nightly"]);
}

async fn a_schedule_is_removed(pages: TestPages) {
    nightly(&pages).await;
    pages.page("/schedules/nightly").await.has(&["goes for good", "Remove nightly"]);
    let removed = pages.press("/schedules/nightly/remove", &[]).await;
    assert_eq!(removed.led(), ("/schedules".to_owned(), "Schedule nightly is removed.".to_owned()));
    assert_eq!(pages.get("/schedules/nightly").await.status, StatusCode::NOT_FOUND);
}

async fn a_reader_changes_nothing(pages: TestPages) {
    nightly(&pages).await;
    let reading = pages.for_reader();
    for page in ["/schedules", "/schedules/nightly"] {
        reading
            .page(page)
            .await
            .has_not(&["nightly/pause"])
            .has_not(&["nightly/run"])
            .has_not(&["nightly/remove"]);
    }
    for act in ["pause", "resume", "run", "remove"] {
        let refused = reading.press(&format!("/schedules/nightly/{act}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{act}: {}", refused.text);
    }
    pages.page("/schedules/nightly").await.has(&["none yet"]);
}

async fn a_schedule_that_is_not_there_is_not_found(pages: TestPages) {
    assert_eq!(pages.get("/schedules/none").await.status, StatusCode::NOT_FOUND);
    for act in ["pause", "resume", "run", "remove"] {
        let pressed = pages.press(&format!("/schedules/none/{act}"), &[]).await;
        assert_eq!(pressed.status, StatusCode::NOT_FOUND, "{act}");
    }
}
