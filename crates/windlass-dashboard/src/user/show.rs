//! One user: another role, another password, the end of their sessions.

use axum::extract::{Form, Path};
use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{User, may, new_password, roles};
use crate::act::back;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::Button;
use crate::parts::{copies, moment, text};
use crate::settings::{Tab, limited, page};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    role: String,
}

#[derive(Deserialize)]
pub(super) struct Password {
    password: String,
}

impl Which {
    fn path(&self) -> String {
        format!("/v1/users/{}", encoded(&self.name))
    }

    fn page(&self) -> String {
        format!("settings/users/{}", encoded(&self.name))
    }
}

pub(super) async fn show(view: View, Path(which): Path<Which>) -> Result<Response, Fault> {
    let user = view.ask().get_home::<User>(&which.path()).await?;
    let body = html! {
        div.title {
            div { p.crumb { a href="settings/users" { "Users" } } h2 { (text(&user.name)) } }
            div.tools { (copies(&view, &format!("windlass user show {}", user.name), &which.path())) (acts(&view, &which)) }
        }
        div.columns {
            div { (role(&which, &user)) (password(&which)) }
            div { (facts(&view, &user)) }
        }
    };
    page(&view.who().await?, (Tab::Users, &user.name), &body).show(&view).await
}

fn acts(view: &View, which: &Which) -> Markup {
    let page = which.page();
    let (end, remove) = (format!("{page}/sessions"), format!("{page}/remove"));
    let ending = Button { to: &end, name: "End sessions", picture: "leave", class: "", about: "" };
    let removal = Button {
        to: &remove,
        name: "Remove",
        picture: "cross",
        class: "danger",
        about: &which.name,
    };
    html! {
        (ending.show(view))
        span.apart { (removal.ask(view, "Their sessions are over at once. It cannot be taken back.", &html! {})) }
    }
}

fn role(which: &Which, user: &User) -> Markup {
    html! {
        section {
            h2 { "Role" }
            form.fields method="post" action={ (which.page()) "/role" } {
                label.hidden for="user-role" { "Role" }
                (roles("user-role", user.role.as_deref()))
                button { "Change the role" }
                p.meta { "Their sessions are over then: they sign in again." }
            }
        }
    }
}

fn password(which: &Which) -> Markup {
    html! {
        section {
            h2 { "Another password" }
            form.fields method="post" action={ (which.page()) "/password" } {
                (new_password("user-password"))
                button { "Reset the password" }
                p.meta { "At least 12 characters. Their sessions are over then." }
            }
        }
    }
}

fn facts(view: &View, user: &User) -> Markup {
    html! {
        section.facts {
            h2 { "Facts" }
            dl {
                dt { "May" } dd { (may(user)) }
                dt { "Limited to" } dd { (limited([("queues", &user.queues), ("kinds", &user.kinds), ("tags", &user.tags)])) }
                dt { "Signs in" } dd { @if user.has_password { "by a password" } @else { "through a proxy alone" } }
                dt { "Added" } dd { (moment(user.created_at, view.now)) }
            }
        }
    }
}

pub(super) async fn change_role(
    view: View,
    Path(which): Path<Which>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Fault> {
    change(&view, &which, &json!({ "role": chosen.role })).await?;
    led(&view, &which, &format!("{} is {} now.", which.name, chosen.role))
}

pub(super) async fn reset_password(
    view: View,
    Path(which): Path<Which>,
    Form(Password { password }): Form<Password>,
) -> Result<Response, Fault> {
    change(&view, &which, &json!({ "password": password })).await?;
    led(&view, &which, &format!("{} signs in with the new password.", which.name))
}

async fn change(view: &View, which: &Which, body: &Value) -> Result<(), Fault> {
    view.ask().act_home(Method::PUT, &which.path(), Some(body.clone())).await.map(drop)
}

pub(super) async fn end_sessions(view: View, Path(which): Path<Which>) -> Result<Response, Fault> {
    let path = format!("{}/sessions", which.path());
    let ended = view.ask().act_home(Method::DELETE, &path, None).await?;
    let told = match ended["sessions"].as_u64().unwrap_or_default() {
        1 => format!("One session of {} is over.", which.name),
        sessions => format!("{sessions} sessions of {} are over.", which.name),
    };
    led(&view, &which, &told)
}

pub(super) async fn remove(view: View, Path(which): Path<Which>) -> Result<Response, Fault> {
    view.ask().act_home(Method::DELETE, &which.path(), None).await?;
    Ok(back(&view.base, "/settings/users", &format!("{} is removed.", which.name)))
}

fn led(view: &View, which: &Which, told: &str) -> Result<Response, Fault> {
    Ok(back(&view.base, &format!("/{}", which.page()), told))
}
