//! Pauses: whatever is paused has the same sign, the same line and the same buttons in the same place.

use axum::http::Method;
use serde_json::json;
use windlass::store::Now;
use windlass_testkit::worker::worker;

use crate::fixture::{TestPages, on_both_stores};

on_both_stores! {
    /// The sign is the first cell of a row, the line stands below the name, and Pause asks before it does what Resume undoes at once.
    a_pause_is_the_same_everywhere;
}

async fn a_pause_is_the_same_everywhere(pages: TestPages) {
    pages.worker(worker()).await;
    let nightly = json!({"rule": "@daily", "kind": "a"});
    pages.ask(Method::PUT, "/v1/schedules/one", &nightly).await;
    pages.ask(Method::PUT, "/v1/subscriptions/one", &json!({"kind": "a", "types": ["b"]})).await;
    let client = pages.client();
    client.store().declare_source("one", "{}", Now::Database).await.expect("declared");
    for (list, path, name) in [
        ("/queues", "queues/default", "default"),
        ("/kinds", "kinds/work", "work"),
        ("/schedules", "schedules/one", "one"),
        ("/subscriptions", "subscriptions/one", "one"),
        ("/sources", "sources/one", "one"),
    ] {
        let has_page = !matches!(list, "/queues" | "/kinds");
        let page = format!("/{path}");
        let shown_on = [list].into_iter().chain(has_page.then_some(&*page));
        for shown in shown_on.clone() {
            let asks = [
                "details class=\"ask\"",
                "<span>Pause…</span>",
                &format!("action=\"{path}/pause\""),
                "<span>Pause ",
                name,
            ];
            pages.page(shown).await.has(&asks).has_not(&["paused since"]);
        }
        let told = pages.press(&format!("/{path}/pause"), &[("back", list)]).await.led();
        assert!(told.1.contains(&format!("{name} is paused: ")), "{told:?}");
        for shown in shown_on {
            let resumes = format!("action=\"{path}/resume\"");
            let at_once = format!("aria-label=\"Resume {name}\"");
            let page = pages.page(shown).await;
            page.mentions(&["paused</span>", "paused since ", &resumes, &at_once]);
            page.has_not(&[&format!("action=\"{path}/pause\"")]);
        }
        let row = [
            "<td class=\"state\"><span class=\"badge warning\">",
            "paused</span>",
            "<p class=\"why\">paused since ",
        ];
        pages.page(list).await.has(&row);
        let told = pages.press(&format!("/{path}/resume"), &[("back", list)]).await.led();
        assert!(told.1.contains(&format!("{name} is resumed")), "{told:?}");
    }
}
