//! Users: which there are, and one of them.

mod list;
mod show;

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass::user::Role;

use crate::ask::Pages;
use crate::parts::text;

/// What pages show of `user.v1`.
#[derive(Debug, Deserialize)]
struct User {
    name: String,
    role: Option<String>,
    scopes: Vec<String>,
    queues: Vec<String>,
    kinds: Vec<String>,
    tags: Vec<String>,
    has_password: bool,
    created_at: Timestamp,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/settings/users", get(list::list).post(list::add))
        .route("/settings/users/{name}", get(show::show))
        .route("/settings/users/{name}/role", get(show::show).post(show::change_role))
        .route("/settings/users/{name}/password", get(show::show).post(show::reset_password))
        .route("/settings/users/{name}/sessions", post(show::end_sessions))
        .route("/settings/users/{name}/remove", post(show::remove))
}

/// The role, or the scopes that are none.
fn may(user: &User) -> Markup {
    html! {
        @match &user.role {
            Some(role) => (role),
            None => @for scope in &user.scopes { span.tag { (text(scope)) } " " },
        }
    }
}

/// A choice of roles.
fn roles(id: &str, chosen: Option<&str>) -> Markup {
    let chosen = chosen.unwrap_or(Role::Viewer.word());
    let about = |role: Role| match role {
        Role::Viewer => "looks",
        Role::Operator => "looks, and changes jobs, queues and what else runs",
        Role::Admin => "everything, users and tokens included",
    };
    html! {
        select id=(id) name="role" {
            @for role in Role::ALL { option value=(role.word()) selected[role.word() == chosen] { (role.word()) ": " (about(role)) } }
        }
    }
}

/// A new password, which is not shown.
fn new_password(id: &str) -> Markup {
    html! {
        label for=(id) { "Password" }
        input id=(id) name="password" type="password" required minlength="12" maxlength="1024" autocomplete="new-password";
    }
}
