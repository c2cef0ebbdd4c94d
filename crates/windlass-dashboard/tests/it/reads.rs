//! Pages over a standby that answers reads.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::PostgresDatabase;
use windlass_testkit::fault::patience::eventually;

use crate::fixture::{Shown, TestPages};

async fn seen(pages: &TestPages, cookie: &str) -> Shown {
    let request = Request::get("/limits").header(header::COOKIE, cookie);
    pages.send(request.body(Body::empty()).expect("a request")).await
}

/// Who has changed something is shown it from then on; others are shown what the standby has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_changed_something_sees_it_where_a_standby_is_behind() {
    let primary = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&primary));
    let name = database.name().to_owned();
    let pages = TestPages::on(database).await;
    let standby = primary.standby();
    standby.catch_up(&primary);
    let reader = windlass::open_standby(&standby.url(&name), &primary.url(&name)).await;
    let reader = reader.expect("it is a standby").with_max_age(Duration::from_secs(120));
    let pages = pages.reading_from(reader);
    eventually("the standby answers", || async {
        pages.get("/v1/limits").await.headers.get("windlass-read").map(drop)
    })
    .await;
    standby.pause_replay();
    let set = pages.press("/limits/set", &[("on", "queue:mail"), ("running", "3")]).await;
    assert_eq!(set.led().0, "/limits");
    let cookies = set.headers.get_all(header::SET_COOKIE).iter();
    let cookies = cookies.map(|cookie| cookie.to_str().expect("text"));
    let acted = cookies.filter(|cookie| cookie.starts_with("windlass-acted=")).collect::<Vec<_>>();
    assert_eq!(acted, ["windlass-acted=1; Path=/; Max-Age=121; HttpOnly; SameSite=Lax"]);
    seen(&pages, "").await.shows(&["No limits are set"]);
    seen(&pages, "a=b; windlass-acted=1").await.shows(&["limit-queue:mail"]);
    standby.resume_replay();
}
