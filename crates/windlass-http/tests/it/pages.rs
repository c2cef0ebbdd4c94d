//! Pages about problems.

use axum::body::Body;
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt;
use tower::ServiceExt;
use windlass_http::Code;

use crate::fixture::{TestApi, TestDatabase, request};

async fn page(api: &TestApi, path: &str) -> (u16, HeaderMap, String) {
    let asked = request(Method::GET, path).body(Body::empty()).expect("a request");
    let response = api.router().oneshot(asked).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, headers, String::from_utf8(bytes.to_vec()).expect("text"))
}

/// S-07, S-16: each problem's `type` is a page, which needs no credentials, runs nothing and is framed by nobody.
#[tokio::test]
async fn each_problem_has_its_page() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let (_, _, all) = page(&api, "/docs/problems").await;
    for code in Code::ALL {
        let word = code.word();
        let (status, headers, text) = page(&api, &format!("/docs/problems/{word}")).await;
        assert_eq!(status, 200, "{word}");
        assert!(text.contains(&format!("<h1>{}</h1>", code.title())), "{text}");
        assert!(all.contains(&format!("href=\"problems/{word}\"")), "{word} is not in the list");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(
            headers.contains_key("x-content-type-options")
                && headers.contains_key("referrer-policy")
        );
    }
    let refused = api.get("/v1/nothing").await;
    let (status, _, text) = page(&api, refused.text("type")).await;
    assert!(status == 200 && text.contains("not-found"));
    assert_eq!(page(&api, "/docs/style.css").await.1["content-type"], "text/css; charset=utf-8");
}

/// Bad input: a page that is not there is a problem, which shows nothing of what was asked for.
#[tokio::test]
async fn a_page_that_is_not_there_shows_nothing() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let (status, headers, text) = page(&api, "/docs/problems/%3Cscript%3E").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (404, &"application/problem+json".parse().expect("a value"))
    );
    assert!(!text.contains("<script>"), "{text}");
}
