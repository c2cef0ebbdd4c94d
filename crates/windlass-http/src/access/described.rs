//! How the API document tells who may: which scope each operation needs. A test holds the handlers against it.

use axum::http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use windlass::token::Scope;

const TOKEN: &str = "token";
const SESSION: &str = "session";

/// What an operation asks of its caller.
enum Asks {
    /// Nothing.
    Nothing,
    /// That they are known.
    Known,
    /// A scope.
    For(Scope),
}

fn asks(method: &Method, route: &str) -> Asks {
    let below = route.trim_start_matches("/v1/");
    let noun = below.split('/').next().unwrap_or_default();
    let ends = |ends: &[&str]| ends.iter().any(|end| below.ends_with(end));
    let (is_get, is_post) = (*method == Method::GET, *method == Method::POST);
    Asks::For(match noun {
        "" | "healthz" | "readyz" => return Asks::Nothing,
        "session" if is_post => return Asks::Nothing,
        "session" => return Asks::Known,
        "tokens" | "users" | "audit" => Scope::Admin,
        _ if is_get => Scope::Read,
        "workers" if !ends(OF_PEOPLE) => Scope::Work,
        "results" => Scope::Work,
        "jobs" if ends(&["/report"]) => Scope::Work,
        "jobs" if ["jobs", "jobs/batch"].contains(&below) => Scope::Enqueue,
        "events" if ["events", "events/batch"].contains(&below) => Scope::Publish,
        "events" | "subscriptions" if ends(&["/match", "/verify", "/backtest"]) => Scope::Read,
        "schedule-preview" => Scope::Read,
        "signals" => Scope::Enqueue,
        "batches" | "workflows" if is_post && !ends(&["/cancel", "/retry"]) => Scope::Enqueue,
        _ => Scope::Operate,
    })
}

/// What people ask of workers; the rest of their routes is the workers' own.
const OF_PEOPLE: &[&str] = &["/quiet", "/resume", "/stop"];

/// Says of an operation which scope it needs.
pub(crate) fn describe(method: &Method, route: &str, operation: &mut Operation) {
    let needs = |scopes: Vec<String>| {
        let of = |name: &str| SecurityRequirement::new(name, scopes.clone());
        Some(vec![of(TOKEN), of(SESSION)])
    };
    operation.security = match asks(method, route) {
        Asks::Nothing => Some(Vec::new()),
        Asks::Known => needs(Vec::new()),
        Asks::For(scope) => needs(vec![scope.word().to_owned()]),
    };
}

/// Says how somebody shows who they are.
pub(crate) fn with_schemes(document: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token, as `windlass token create` prints it."))
        .build();
    let what = "The cookie of a session, as signing in sets it; `__Host-windlass` over TLS.";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description("windlass", what));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(bearer));
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(cookie));
}
