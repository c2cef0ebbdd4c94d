//! Lanes: which stand still, and which have jobs that wait.

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::post;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::{State, Timestamp};
use windlass_http::words::time::number;

use crate::act::back;
use crate::ask::Pages;
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::Button;
use crate::parts::short;
use crate::parts::{copies, icon, moment, text};
use crate::state::badge;
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Lanes {
    items: Vec<Lane>,
}

/// What pages show of `lane.v1`.
#[derive(Debug, Deserialize)]
struct Lane {
    lane: String,
    waiting: u64,
    waiting_or_more: bool,
    first: String,
    kind: String,
    state: State,
    at: Timestamp,
    blocked: bool,
}

#[derive(Debug, Deserialize)]
struct Which {
    key: String,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/lanes/{key}/open", post(open))
}

/// The lanes, as a part of a page.
pub(crate) async fn section(view: &View) -> Result<Markup, Fault> {
    let lanes = view.ask().get::<Lanes>("/v1/lanes").await?.items;
    let may_operate = view.who().await?.may_operate();
    Ok(html! {
        section {
            div.title { h2 { "Lanes" } div.tools { (copies(view, "windlass lane list", "/v1/lanes")) } }
            @if lanes.is_empty() { p.meta { "No lane has jobs that wait. Jobs with the same lane run one after another: " code { "windlass enqueue sync.account --lane account-42" } } }
            @else { (table(view, &lanes, may_operate)) }
        }
    })
}

fn table(view: &View, lanes: &[Lane], may_operate: bool) -> Markup {
    html! {
        table.rows.lanes {
            thead { tr { th { "Lane" } th.number { "Waiting" } th { "First" } th { "State" } th.when { "Since" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for lane in lanes {
                tr id={ "lane-" (lane.lane) } {
                    td.main { b.name { (text(&lane.lane)) } @if lane.blocked { " " span.badge.failed { (icon("cross")) "blocked" } } }
                    td.number data-name="waiting" { (number(lane.waiting)) @if lane.waiting_or_more { "+" } }
                    td data-name="first" { a href={ "jobs/" (encoded(&lane.first)) } { (text(&lane.kind)) " " code { (short(&lane.first)) } } }
                    td.state { (badge(lane.state)) }
                    td.when { (moment(lane.at, view.now)) }
                    @if may_operate { td.acts { @if lane.blocked { (opening(view, lane)) } } }
                }
            } }
        }
    }
}

fn opening(view: &View, lane: &Lane) -> Markup {
    let to = format!("lanes/{}/open", encoded(&lane.lane));
    let button =
        Button { to: &to, name: "Open", picture: "play", class: "danger", about: &lane.lane };
    let title = "The next job of the lane may start. The dead job stays dead: those behind it run without what it was to do.";
    button.ask(view, title, &html! {})
}

async fn open(view: View, Path(Which { key }): Path<Which>) -> Result<Response, Fault> {
    view.ask().act(Method::POST, &format!("/v1/lanes/{}/open", encoded(&key)), None).await?;
    Ok(back(&view.base, "/limits", &format!("The lane {key} is open: its next job may start.")))
}
