//! What every page has: navigation, title, and the stream that it is shown again by.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets;
use crate::base::Base;
use crate::fault::Fault;
use crate::parts::icon;
use crate::view::{TOLD, Theme, View, Who};

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
        match self {
            Self::Audit => who.may_administer() && !who.is_limited(),
            Self::Overview | Self::Jobs | Self::Errors | Self::Operations => true,
            Self::Settings | Self::Docs => true,
            // These are about all jobs.
            _ => !who.is_limited(),
        }
    }
}

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

/// So many places stand in the bar of a narrow window, beside the entry for the rest.
const IN_BAR: usize = 4;

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it stands in the navigation; nowhere where there is no such page.
    nav: Option<Nav>,
    title: String,
    /// What the live stream tells it, such as `counts=true`.
    live: Option<String>,
    body: Markup,
}

impl Page {
    pub(crate) fn new(nav: Nav, title: impl Into<String>, body: Markup) -> Self {
        Self { nav: Some(nav), title: title.into(), live: None, body }
    }

    /// One outside of the navigation.
    pub(crate) fn nowhere(title: impl Into<String>, body: Markup) -> Self {
        Self { nav: None, title: title.into(), live: None, body }
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

    /// The same with a form that was refused on it. It is not shown again by itself: its address is where the form was sent.
    pub(crate) async fn show_refused(
        self,
        view: &View,
        fault: Option<&Fault>,
    ) -> Result<Response, Fault> {
        let Some(fault) = fault else { return self.show(view).await };
        let mut response = Self { live: None, ..self }.show(view).await?;
        *response.status_mut() = fault.status();
        Ok(response)
    }

    fn whole(&self, view: &View, who: &Who) -> Markup {
        // Who is limited to some jobs is told of single jobs alone; the page is shown again anyway.
        let is_told = |query: &&String| !who.is_limited() || query.starts_with("jobs=");
        let stream = self.live.as_ref().filter(is_told).map(|query| format!("v1/stream?{query}"));
        html! {
            (head(&self.title, &view.base, view.theme))
            body hx-ext="sse,morph" data-store=[view.store_option()] {
                a.skip href={ (view.here.trim_start_matches('/')) "#content" } { "Skip to the content" }
                (side(self.nav, view, who))
                main #content tabindex="-1" {
                    @if let Some(told) = &view.told {
                        p.told role="status" { (icon("check")) (told) }
                    }
                    @if self.live.is_some() {
                        div #live hx-get="" hx-trigger="news" hx-sync="this:queue last" hx-select="#live" hx-swap="morph:outerHTML" {
                            (self.body)
                        }
                        // The stream is of an element that stays: what is shown again would open another one.
                        p #held role="status" hidden { "Not refreshed while rows are marked or a form is open." }
                        p #stale role="status" sse-connect=[stream] hidden { "Disconnected. This page is as it was " time {} " ago." }
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

fn side(here: Option<Nav>, view: &View, who: &Who) -> Markup {
    html! {
        header.side {
            a.brand href=(view.base.home()) { (icon("mark")) span { "Windlass" } }
            nav.places aria-label="Pages" { (groups(here, view, who)) }
            (foot(view, who))
            (bar(here, view, who))
        }
    }
}

/// All places that somebody may see, in their groups.
fn groups(here: Option<Nav>, view: &View, who: &Who) -> Markup {
    html! {
        @for (group, places) in PLACES {
            @if !group.is_empty() { h2 { (group) } }
            ul { @for link in places.iter().filter(|(place, ..)| place.is_for(who)) { li { (place(here, link, view)) } } }
        }
    }
}

fn place(here: Option<Nav>, (place, href, name, picture): &Link, view: &View) -> Markup {
    let href = if href.is_empty() { view.base.home() } else { (*href).to_owned() };
    html! { a href=(href) aria-current=[(Some(*place) == here).then_some("page")] { (icon(picture)) span { (name) } } }
}

/// The bar of a narrow window: what is looked at most, and the rest behind one entry more.
fn bar(here: Option<Nav>, view: &View, who: &Who) -> Markup {
    let all = || PLACES.into_iter().flat_map(|(_, places)| places);
    let first: Vec<&Link> = all().filter(|(nav, ..)| nav.is_for(who)).take(IN_BAR).collect();
    let is_first = first.iter().any(|(nav, ..)| Some(*nav) == here);
    let behind = all().find(|(nav, ..)| Some(*nav) == here && !is_first);
    html! {
        nav.bar aria-label="Pages" {
            ul { @for link in &first { li { (place(here, link, view)) } } }
            details.more {
                summary aria-current=[behind.map(|_| "true")] {
                    (icon("more")) span { "More" }
                    @if let Some((_, _, name, _)) = behind { span.hidden { ", with " (name) ", where you are" } }
                }
                div.sheet { (groups(here, view, who)) (foot(view, who)) }
            }
        }
    }
}

/// Which store it is, who looks, and in which colours.
fn foot(view: &View, who: &Who) -> Markup {
    html! {
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

const fn next(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "light",
        Theme::Light => "dark",
        Theme::Dark => "system",
    }
}

const fn named(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "System theme",
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
