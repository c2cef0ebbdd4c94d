//! The whole API of each store, below a path of its own.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::Several;
use crate::api::Api;
use crate::exchange;
use crate::problem::{Code, Problem};

/// Who may is the same for all stores, and is kept in one.
const OF_HOME: [&str; 3] = ["tokens", "users", "session"];

/// The API of the default store with those of all below `/stores/NAME`.
pub(crate) fn nested(home: &Api, several: &Several, own: Router) -> Router {
    several.stores.names().fold(own.clone(), |all, name| {
        let path = format!("/stores/{name}");
        if name == several.default_store() {
            return all.nest_service(&path, home.alone().router());
        }
        let (home, several, name) = (home.clone(), several.clone(), name.to_owned());
        let answer = tower::service_fn(move |request: Request| {
            let (home, several, name) = (home.clone(), several.clone(), name.clone());
            async move { Ok::<_, Infallible>(answer(&home, &several, &name, request).await) }
        });
        all.nest_service(&path, answer)
    })
}

async fn answer(home: &Api, several: &Several, name: &str, request: Request) -> Response {
    if of_home(request.uri().path()) {
        let own = several.default_store();
        let detail = format!(
            "tokens, users and sessions count for all stores, and are kept in the store {own}: ask below /v1"
        );
        return refused(Problem::new(Code::NotFound, detail), request).await;
    }
    let router = match several.other(home, name).await {
        Ok(Some(other)) => other.router,
        Ok(None) => Router::new(),
        Err(error) => {
            let (parts, body) = request.into_parts();
            // What is wrong with a store is not for who is not let in.
            let problem = home.caller(&parts).await.err().unwrap_or_else(|| error.into());
            return refused(problem, Request::from_parts(parts, body)).await;
        }
    };
    router.oneshot(request).await.into_response()
}

fn of_home(path: &str) -> bool {
    let noun = path.strip_prefix("/v1/").and_then(|below| below.split('/').next());
    noun.is_some_and(|noun| OF_HOME.contains(&noun))
}

/// A problem, written as every other.
async fn refused(problem: Problem, request: Request) -> Response {
    let refuse = move || std::future::ready(problem.clone());
    let router: Router = Router::new().fallback(refuse).layer(from_fn(exchange::around));
    router.oneshot(request).await.into_response()
}
