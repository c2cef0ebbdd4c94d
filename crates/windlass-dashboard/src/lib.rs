//! The dashboard of Windlass: pages that show what there is and act on it, in a browser, over the HTTP API of the same process.
//!
//! ```no_run
//! use windlass::Client;
//! use windlass_http::{Access, Caller};
//!
//! # fn session_of(request: &axum::http::request::Parts) -> Option<Caller> { None }
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let store = windlass::open("sqlite:app.db").await?;
//! let access = Access::by(|request| session_of(request));
//! let app: axum::Router =
//!     axum::Router::new().nest_service("/windlass", windlass_dashboard::router(Client::new(store), access));
//! # Ok(())
//! # }
//! ```
//!
//! A page asks the API for the documents that it shows, with the rights of who looks at it, and a button sends what the API has a
//! route for: nobody sees or does more here than there.

mod act;
mod alert;
mod ask;
mod assets;
mod audit;
mod bars;
mod base;
mod chart;
mod commands;
mod completion;
mod docs;
mod error_group;
mod event;
mod extract;
mod fault;
mod filter;
mod form;
mod guard;
mod job;
mod json;
mod kept;
mod kind;
mod lane;
mod layout;
mod limit;
mod looks;
mod lost;
mod operation;
mod overview;
mod parts;
mod pause;
mod problem;
mod queue;
mod schedule;
mod session;
mod settings;
mod source;
mod state;
mod stats;
mod store;
mod subject;
mod subscription;
mod token;
mod trace;
mod user;
mod view;
mod worker;
mod workflow;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_request};
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use windlass::Client;
use windlass_http::{Access, Api, Inside};

use crate::ask::Pages;
pub use crate::commands::Commands;

/// The dashboard and the API over the store of this client, for whom `access` lets in.
pub fn router(client: Client, access: Access) -> Router {
    over(Api::of(client, access, None))
}

/// The dashboard over this API, and the API itself.
pub fn over(api: Api) -> Router {
    over_with(api, Commands::default())
}

/// The same, whose pages offer commands for the stores at these places.
pub fn over_with(api: Api, commands: Commands) -> Router {
    let inside = Inside::of(api);
    let shared = Pages::over(inside, commands);
    let pages = Router::new()
        .merge(overview::routes())
        .merge(job::routes())
        .merge(error_group::routes())
        .merge(queue::routes())
        .merge(worker::routes())
        .merge(schedule::routes())
        .merge(workflow::routes())
        .merge(event::routes())
        .merge(subscription::routes())
        .merge(source::routes())
        .merge(trace::routes())
        .merge(session::routes())
        .merge(docs::routes())
        .merge(kind::routes())
        .merge(lane::routes())
        .merge(limit::routes())
        .merge(operation::routes())
        .merge(settings::routes())
        .merge(completion::routes())
        .merge(audit::routes())
        .merge(alert::routes())
        .merge(store::routes())
        .merge(token::routes())
        .merge(user::routes())
        .merge(subject::routes())
        .layer(from_fn_with_state(shared.clone(), guard::guarded))
        .merge(assets::routes())
        .layer(CatchPanicLayer::new())
        .layer(CompressionLayer::new())
        .fallback(lost::answer)
        .with_state(shared);
    // The routes do not know of stores, so that the path is read before them.
    Router::new().fallback_service(map_request(base::found).layer(pages))
}
