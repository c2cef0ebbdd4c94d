//! The users that there are, and a new one.

use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{User, may, new_password, roles};
use crate::act::back;
use crate::extract::Form;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Field, alert};
use crate::parts::{copies, empty, moment, text};
use crate::settings::{Tab, limited, page, values};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Users {
    items: Vec<User>,
}

/// The form of a new one, as its fields are written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    name: String,
    password: String,
    role: String,
    queues: String,
    kinds: String,
    tags: String,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    show(&view, &Asked::default(), None).await
}

pub(super) async fn add(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let name = asked.name.trim();
    let body = json!({
        "name": name,
        "password": asked.password,
        "role": asked.role,
        "queues": values(&asked.queues),
        "kinds": values(&asked.kinds),
        "tags": values(&asked.tags),
    });
    match view.ask().act_home(Method::POST, "/v1/users", Some(body)).await {
        Ok(_) => Ok(back(&view.base, "/settings/users", &format!("{name} can sign in."))),
        Err(fault) if fault.is_of_fields() || fault.code() == "conflict" => {
            show(&view, &asked, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

async fn show(view: &View, asked: &Asked, fault: Option<&Fault>) -> Result<Response, Fault> {
    let users = view.ask().get_home::<Users>("/v1/users").await?.items;
    let body = html! {
        section {
            div.title { h2 { "Users" } div.tools { (copies(view, "windlass user list", "/v1/users")) } }
            @if users.is_empty() {
                (empty("No users yet", &html! { p { "People sign in with a name and a password:" } pre { "windlass user create ana --role operator" } }))
            } @else { (table(view, &users)) }
        }
        section {
            h2 { "New user" }
            (alert(fault))
            (fields(asked))
        }
    };
    page(&view.who().await?, (Tab::Users, "Users"), &body).show_refused(view, fault).await
}

fn table(view: &View, users: &[User]) -> Markup {
    html! {
        table.rows.users {
            thead { tr { th { "User" } th { "Role" } th { "Limited to" } th { "Signs in" } th { "Added" } } }
            tbody { @for user in users {
                tr id={ "user-" (user.name) } {
                    td.main { a.name href={ "settings/users/" (encoded(&user.name)) } { (text(&user.name)) } }
                    td data-name="role" { (may(user)) }
                    td data-name="limited to" { (limited([("queues", &user.queues), ("kinds", &user.kinds), ("tags", &user.tags)])) }
                    td data-name="signs in" { @if user.has_password { "by a password" } @else { span.meta { "through a proxy alone" } } }
                    td.when data-name="added" { (moment(user.created_at, view.now)) }
                }
            } }
        }
    }
}

fn fields(asked: &Asked) -> Markup {
    let field =
        |name, label, value, hint| Field { name, label, value, hint, of: "user", most: Some(4096) };
    html! {
        form.fields method="post" action="settings/users" {
            (field("name", "Name", &asked.name, "ana").required())
            label for="user-role" { "Role" }
            (roles("user-role", Some(asked.role.as_str()).filter(|role| !role.is_empty())))
            (new_password("user-password"))
            p.meta { "At least 12 characters; they change it when they have signed in." }
            (field("queues", "Only these queues", &asked.queues, "all; with commas between, such as mail, img-*").show())
            (field("kinds", "Only these kinds", &asked.kinds, "all").show())
            (field("tags", "Only jobs with one of these tags", &asked.tags, "all; such as tenant:acme").show())
            button.primary { "Add the user" }
        }
    }
}
