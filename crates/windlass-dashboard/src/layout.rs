//! What stands around every page: navigation, title, and the rules for browsers.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets;
use crate::base::Base;
use crate::fault::Fault;
use crate::parts::icon;
use crate::view::{TOLD, Theme, View, Who};

/// Everything comes from here, nothing runs that stands in a page, and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'",
);
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// How htmx works under that policy.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0,"timeout":15000}"#;

/// A place of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nav {
    Overview,
    Jobs,
    Errors,
    Queues,
    Workers,
    Schedules,
    Workflows,
    Events,
    Subscriptions,
    Sources,
    Limits,
    Operations,
    Audit,
    Settings,
    Docs,
}

impl Nav {
    /// Whether somebody may see it at all.
    fn is_for(self, who: &Who) -> bool {
        self != Self::Audit || who.may_administer()
    }
}

/// How long a form may take to come, as a body of the API.
const FORM_TIME: Duration = Duration::from_secs(30);
/// Ids of all rows of a page and a filter are less.
const FORM_BYTES: usize = 256 * 1024;

/// A place, where it leads, how it is called, and its picture.
type Link = (Nav, &'static str, &'static str, &'static str);

/// The navigation: its groups, and the places of each.
const PLACES: [(&str, &[Link]); 4] = [
    (
        "",
        &[
            (Nav::Overview, "", "Overview", "overview"),
            (Nav::Jobs, "jobs", "Jobs", "jobs"),
            (Nav::Errors, "errors", "Errors", "errors"),
            (Nav::Queues, "queues", "Queues", "queues"),
            (Nav::Workers, "workers", "Workers", "workers"),
            (Nav::Schedules, "schedules", "Schedules", "schedules"),
            (Nav::Workflows, "workflows", "Workflows", "workflows"),
        ],
    ),
    (
        "Events",
        &[
            (Nav::Events, "events", "Events", "events"),
            (Nav::Subscriptions, "subscriptions", "Subscriptions", "subscriptions"),
            (Nav::Sources, "sources", "Sources", "sources"),
        ],
    ),
    (
        "Control",
        &[
            (Nav::Limits, "limits", "Limits", "limits"),
            (Nav::Operations, "operations", "Operations", "operations"),
            (Nav::Audit, "audit", "Audit", "audit"),
            (Nav::Settings, "settings", "Settings", "settings"),
        ],
    ),
    ("Help", &[(Nav::Docs, "docs", "Documentation", "docs")]),
];

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    nav: Nav,
    title: String,
    /// What the live stream tells it, such as `counts=true`.
    live: Option<String>,
    body: Markup,
}

impl Page {
    pub(crate) fn new(nav: Nav, title: impl Into<String>, body: Markup) -> Self {
        Self { nav, title: title.into(), live: None, body }
    }

    /// The same, which is shown again whenever the stream with this query tells of something.
    pub(crate) fn live(self, query: impl Into<String>) -> Self {
        Self { live: Some(query.into()), ..self }
    }

    pub(crate) async fn show(self, view: &View) -> Result<Response, Fault> {
        let who = view.who().await?;
        let mut response = page(&self.whole(view, &who));
        if view.told.is_some() {
            let gone = format!("{TOLD}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
            if let Ok(gone) = HeaderValue::try_from(gone) {
                response.headers_mut().append(header::SET_COOKIE, gone);
            }
        }
        Ok(response)
    }

    fn whole(&self, view: &View, who: &Who) -> Markup {
        let stream = self.live.as_ref().map(|query| format!("v1/stream?{query}"));
        html! {
            (head(&self.title, &view.base, view.theme))
            body hx-ext="sse,morph" {
                a.skip href={ (view.here.trim_start_matches('/')) "#content" } { "Skip to the content" }
                (side(self.nav, view, who))
                main #content tabindex="-1" {
                    @if let Some(told) = &view.told {
                        p.told role="status" { (icon("check")) (told) }
                    }
                    @if let Some(stream) = stream {
                        div #live hx-get="" hx-trigger="news" hx-sync="this:queue last" hx-select="#live" hx-swap="morph:outerHTML" {
                            (self.body)
                        }
                        // The stream is of an element that stays: what is shown again would open another one.
                        p #stale role="status" sse-connect=(stream) hidden { "Disconnected. This page is as it was " time {} " ago." }
                    } @else { (self.body) }
                }
            }
        }
    }
}

fn head(title: &str, base: &Base, theme: Theme) -> Markup {
    let theme = match theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"en\"{}>", theme.map(|theme| format!(" data-theme=\"{theme}\"")).unwrap_or_default())))
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="robots" content="noindex, nofollow";
            meta name="color-scheme" content=(theme.unwrap_or("light dark"));
            meta name="htmx-config" content=(HTMX);
            base href=(base.href());
            title { (title) " · Windlass" }
            link rel="icon" href={ (assets::path("icons")) "#mark" } type="image/svg+xml";
            link rel="stylesheet" href=(assets::path("style"));
            script defer src=(assets::path("scripts")) {}
        }
    }
}

fn side(here: Nav, view: &View, who: &Who) -> Markup {
    html! {
        header.side {
            a.brand href=(view.base.home()) { (icon("mark")) span { "Windlass" } }
            nav aria-label="Pages" {
                @for (group, places) in PLACES {
                    @if !group.is_empty() { h2 { (group) } }
                    ul {
                        @for (place, href, name, picture) in places.iter().filter(|(place, ..)| place.is_for(who)) {
                            li { a href=(if href.is_empty() { view.base.home() } else { (*href).to_owned() }) aria-current=[(*place == here).then_some("page")] { (icon(picture)) span { (name) } } }
                        }
                    }
                }
            }
            div.foot {
                @if let Some(store) = &view.base.store { p.meta { "store " b { (store) } } }
                @if who.by != "nothing" { p.meta { (who.name) @if let Some(role) = &who.role { " · " (role) } } }
                form method="post" action="theme" {
                    input type="hidden" name="back" value=(view.here);
                    button.quiet name="theme" value=(next(view.theme)) { (icon("theme")) span { (named(view.theme)) } }
                }
                @if who.by == "session" {
                    form method="post" action={ (view.base.prefix) "/sign-out" } { button.quiet { (icon("leave")) span { "Sign out" } } }
                }
            }
        }
    }
}

const fn next(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "light",
        Theme::Light => "dark",
        Theme::Dark => "system",
    }
}

const fn named(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "Colours of the system",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}

fn page(markup: &Markup) -> Response {
    let mut response = markup.0.clone().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HTML);
    response
}

/// A page without navigation.
pub(crate) fn bare(title: &str, base: &Base, theme: Theme, body: &Markup) -> Response {
    page(&html! {
        (head(title, base, theme))
        body.bare { main #content { p.brand { (icon("mark")) span { "Windlass" } } (body) } }
    })
}

/// Stands around all pages: writes what went wrong, and says to browsers what a page may do.
pub(crate) async fn guarded(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (base, here) = (Base::of(&parts), page_of(&parts));
    let (began, method) = (Instant::now(), parts.method.clone());
    let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = match form(body).await {
        Ok(body) => next.run(Request::from_parts(parts, body)).await,
        Err(fault) => fault.into_response(),
    };
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        response = written(&fault, &base, &here);
        if fault.status() == StatusCode::SERVICE_UNAVAILABLE && method.is_safe() {
            // A page that is left open comes back by itself.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (route, status) = (route.as_deref().unwrap_or("none"), response.status().as_u16());
    let ms = began.elapsed().as_millis() as u64;
    tracing::info!(%method, route, status, ms, "page");
    response
}

/// The whole form, which comes in time and is not large.
async fn form(body: Body) -> Result<Body, Fault> {
    match tokio::time::timeout(FORM_TIME, to_bytes(body, FORM_BYTES)).await {
        Ok(Ok(form)) => Ok(Body::from(form)),
        Ok(Err(_)) => Err(Fault::too_large()),
        Err(_) => Err(Fault::too_slow()),
    }
}

/// Where somebody comes back to who signs in: an act is not done by looking at it.
fn page_of(parts: &Parts) -> String {
    let base = Base::of(parts);
    let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
    let here = if parts.method.is_safe() { here } else { "/" };
    format!("{}{here}", base.store_path())
}

fn written(fault: &Fault, base: &Base, here: &str) -> Response {
    if fault.status() == StatusCode::UNAUTHORIZED {
        let back: String =
            percent_encoding::utf8_percent_encode(here, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        return Redirect::to(&format!("{}/sign-in?back={back}", base.prefix)).into_response();
    }
    let body = html! {
        p.meta { "HTTP " (fault.status().as_u16()) " · " code { (fault.code()) } }
        h1 { (fault.title()) }
        p { (fault.detail()) }
        p { a href=(base.home()) { "Overview" } " · " a href={ (base.prefix) "/docs/problems/" (fault.code()) } { "What this means" } }
    };
    let mut response = bare(fault.title(), base, Theme::System, &body);
    *response.status_mut() = fault.status();
    response
}
