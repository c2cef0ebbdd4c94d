//! One user: another role, another password, the end of their sessions.

use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{User, may, new_password, roles};
use crate::act::back;
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Button, alert};
use crate::parts::{Named, copy, moment, text};
use crate::settings::{Tab, limited, page};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    role: String,
}

#[derive(Deserialize)]
pub(super) struct Password {
    password: String,
}

/// A form of the page that was refused.
enum Refused {
    Role(String, Fault),
    Password(Fault),
}

impl Refused {
    const fn fault(&self) -> &Fault {
        match self {
            Self::Role(_, fault) | Self::Password(fault) => fault,
        }
    }
}

fn path(name: &str) -> String {
    format!("/v1/users/{}", encoded(name))
}

fn here(name: &str) -> String {
    format!("settings/users/{}", encoded(name))
}

pub(super) async fn show(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    shown(&view, &name, None).await
}

async fn shown(view: &View, name: &str, refused: Option<&Refused>) -> Result<Response, Fault> {
    let user = view.ask().get_home::<User>(&path(name)).await?;
    let body = html! {
        div.title {
            div { p.crumb { a href="settings/users" { "Users" } } h2 { (text(&user.name)) } }
            div.tools { (copy("Copy as curl", &view.curl(&path(name)))) (acts(view, name)) }
        }
        div.columns {
            div { (role(name, &user, refused)) (password(name, refused)) }
            div { (facts(view, &user)) }
        }
    };
    let page = page(&view.who().await?, (Tab::Users, &user.name), &body);
    page.show_refused(view, refused.map(Refused::fault)).await
}

fn acts(view: &View, name: &str) -> Markup {
    let page = here(name);
    let (end, remove) = (format!("{page}/sessions"), format!("{page}/remove"));
    let ending = Button { to: &end, name: "End sessions", picture: "leave", class: "", about: "" };
    let removal =
        Button { to: &remove, name: "Remove", picture: "cross", class: "danger", about: name };
    html! {
        (ending.show(view))
        span.apart { (removal.ask(view, "Their sessions are over at once. It cannot be taken back.", &html! {})) }
    }
}

fn role(name: &str, user: &User, refused: Option<&Refused>) -> Markup {
    let (chosen, fault) = match refused {
        Some(Refused::Role(role, fault)) => (Some(role.as_str()), Some(fault)),
        _ => (user.role.as_deref(), None),
    };
    html! {
        section {
            h2 { "Role" }
            form.fields method="post" action={ (here(name)) "/role" } {
                label.hidden for="user-role" { "Role" }
                (alert(fault))
                (roles("user-role", chosen))
                button { "Change the role" }
                p.meta { "Their sessions are over then: they sign in again." }
            }
        }
    }
}

fn password(name: &str, refused: Option<&Refused>) -> Markup {
    let fault = match refused {
        Some(Refused::Password(fault)) => Some(fault),
        _ => None,
    };
    html! {
        section {
            h2 { "Another password" }
            form.fields method="post" action={ (here(name)) "/password" } {
                (alert(fault))
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
                dt { "Role" } dd { (may(user)) }
                dt { "Limited to" } dd { (limited([("queues", &user.queues), ("kinds", &user.kinds), ("tags", &user.tags)])) }
                dt { "Signs in" } dd { @if user.has_password { "by a password" } @else { "through a proxy alone" } }
                dt { "Added" } dd { (moment(user.created_at, view.now)) }
            }
        }
    }
}

pub(super) async fn change_role(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(Chosen { role }): Form<Chosen>,
) -> Result<Response, Fault> {
    match change(&view, &name, json!({ "role": role })).await {
        Ok(()) => Ok(to_page(&view, &name, &format!("{name} is {role} now."))),
        Err(fault) if fault.is_of_fields() => {
            shown(&view, &name, Some(&Refused::Role(role, fault))).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn reset_password(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(Password { password }): Form<Password>,
) -> Result<Response, Fault> {
    match change(&view, &name, json!({ "password": password })).await {
        Ok(()) => Ok(to_page(&view, &name, &format!("{name} signs in with the new password."))),
        Err(fault) if fault.is_of_fields() => {
            shown(&view, &name, Some(&Refused::Password(fault))).await
        }
        Err(fault) => Err(fault),
    }
}

async fn change(view: &View, name: &str, body: Value) -> Result<(), Fault> {
    view.ask().act_home(Method::PUT, &path(name), Some(body)).await.map(drop)
}

pub(super) async fn end_sessions(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    let path = format!("{}/sessions", path(&name));
    let ended = view.ask().act_home(Method::DELETE, &path, None).await?;
    let says = match ended["sessions"].as_u64().unwrap_or_default() {
        1 => format!("One session of {name} is over."),
        sessions => format!("{sessions} sessions of {name} are over."),
    };
    Ok(to_page(&view, &name, &says))
}

pub(super) async fn remove(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    view.ask().act_home(Method::DELETE, &path(&name), None).await?;
    Ok(back(&view.base, "/settings/users", &format!("{name} is removed.")))
}

fn to_page(view: &View, name: &str, says: &str) -> Response {
    back(&view.base, &format!("/{}", here(name)), says)
}
