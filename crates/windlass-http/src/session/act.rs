//! Signing in and out.

use std::net::IpAddr;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::audit::{Act, Via};
use windlass::limits::{SESSION_IDLE, TOKEN_NAME_BYTES};
use windlass::store::Now;
use windlass::token::TokenDigest;
use windlass::user::{OwnPassword, Session, UserRecord};

use super::document::{SessionBody, document};
use crate::access::{Anybody, Caller, Credential, Secret, password, session};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::{Body, JSON, read, too_slow, type_of};
use crate::limits::{BODY_TIME, SIGN_IN_BYTES};
use crate::problem::{Code, Problem};

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// The user's name.
    user: String,
    /// Their password.
    password: String,
}

/// Another password for who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The one until now.
    password: String,
    /// The one from now on.
    #[schema(min_length = 12, max_length = 1024)]
    new_password: String,
}

/// Who asks
///
/// Any token or session may ask: what it is good for, and until when.
#[utoipa::path(
    get,
    path = "/session",
    tag = "session",
    responses((status = 200, description = "Who asks.", body = Document<SessionBody>))
)]
pub(super) async fn show(Anybody(caller): Anybody) -> Response {
    ok(&document(&caller))
}

/// Sign in
///
/// The answer's `Set-Cookie` has the session's secret, for a browser. It ends after half an hour without a request, and after 12
/// hours. A wrong name and a wrong password are the same 401. After ten attempts from one network each takes 6 s to come back: 429.
#[utoipa::path(
    post,
    path = "/session",
    tag = "session",
    request_body = SignIn,
    responses((status = 201, description = "Signed in.", body = Document<SessionBody>))
)]
pub(super) async fn start(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    if !api.access().has_users() {
        return Err(nobody_signs_in());
    }
    let (parts, body) = request.into_parts();
    type_of(&parts.headers, &[JSON])?;
    let bytes = timeout(BODY_TIME, to_bytes(body, SIGN_IN_BYTES)).await;
    let bytes = bytes.map_err(|_| too_slow())?.map_err(|_| too_large())?;
    let SignIn { user, password } = read(&bytes)?;
    let record = checked(&api, &parts, &user, password).await?;
    let (own, from) = (api.clone(), api.access().address(&parts));
    // Its caller may go away; who has signed in is entered anyway.
    let begun = api.tasks().spawn(async move {
        let (caller, cookie) = begin(&own, &record).await?;
        enter(&own, from, &caller).await;
        Ok::<_, Problem>((caller, cookie))
    });
    let failed = |_| Problem::new(Code::Internal, "something went wrong here");
    let (caller, cookie) = begun.await.map_err(failed)??;
    Ok(with_cookie(created(&document(&caller)), cookie))
}

/// Sign out
///
/// The session is over at once, on every server. Who asks without a session gets 409.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "session",
    responses((status = 200, description = "It is over.", body = Document<EndedBody>))
)]
pub(super) async fn end(
    Anybody(caller): Anybody,
    State(api): State<Api>,
) -> Result<Response, Problem> {
    let digest = of_session(&caller)?;
    api.store().end_session(digest).await?;
    let body = EndedBody { name: caller.name().to_owned() };
    let answer = ok(&Document::new("session_ended.v1", body));
    Ok(with_cookie(answer, session::gone(api.access().is_over_tls())?))
}

/// Change one's own password
///
/// Every other session of the user is over; the answer's cookie has a new one.
#[utoipa::path(
    put,
    path = "/session/password",
    tag = "session",
    request_body = NewPassword,
    responses((status = 200, description = "It is another one.", body = Document<SessionBody>))
)]
pub(super) async fn change_password(
    Anybody(caller): Anybody,
    State(api): State<Api>,
    parts: Parts,
    Body(asked): Body<NewPassword>,
) -> Result<Response, Problem> {
    let session = of_session(&caller)?;
    let record = checked(&api, &parts, caller.name(), asked.password).await?;
    let old = record.user.password.as_ref().ok_or_else(wrong)?;
    let new = password::hashed(asked.new_password, "/new_password").await?;
    let secret = Secret::of_session()?;
    let change = OwnPassword { session, old, new: &new, next: secret.digest() };
    if !api.store().change_own_password(&change, Now::Database).await? {
        let detail =
            "the session is over, or the password was changed meanwhile; nothing was written";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let (caller, cookie) = begun(&api, &record, &secret)?;
    Ok(with_cookie(ok(&document(&caller)), cookie))
}

/// The user with this name, whose password this is.
async fn checked(
    api: &Api,
    parts: &Parts,
    name: &str,
    password: String,
) -> Result<UserRecord, Problem> {
    // What cannot be a name is nobody's, and nothing to remember attempts by.
    let known = name.len() <= TOKEN_NAME_BYTES && !name.contains('\0');
    api.access().attempt(parts, if known { name } else { "" }).await?;
    let record = if known { api.store().user(name).await? } else { None };
    let kept = record.as_ref().and_then(|record| record.user.password.clone());
    let is_right = password::is_right(password, kept).await?;
    if !is_right {
        let from = api.access().address(parts);
        tracing::warn!(user = name, ?from, "a wrong name or password");
    }
    record.filter(|_| is_right).ok_or_else(wrong)
}

async fn begin(api: &Api, record: &UserRecord) -> Result<(Caller, HeaderValue), Problem> {
    let (secret, password) = (Secret::of_session()?, record.user.password.as_ref());
    let password = password.ok_or_else(wrong)?;
    let (digest, user) = (secret.digest(), record.user.name.as_str());
    let session = Session { digest, user, password };
    if !api.store().start_session(&session, Now::Database).await? {
        return Err(wrong());
    }
    begun(api, record, &secret)
}

fn begun(
    api: &Api,
    record: &UserRecord,
    secret: &Secret,
) -> Result<(Caller, HeaderValue), Problem> {
    let ends_at = Timestamp::wall_clock().after(SESSION_IDLE);
    let caller = Caller::of_session((secret.digest(), ends_at), &record.user);
    Ok((caller, session::kept(secret, api.access().is_over_tls())?))
}

fn of_session(caller: &Caller) -> Result<TokenDigest, Problem> {
    match caller.credential() {
        Credential::Session { digest, .. } => Ok(digest),
        _ => Err(Problem::new(Code::Conflict, "who asks has no session; nothing was written")),
    }
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// Nobody was known when the request came, so that the watch over acts has let it pass.
async fn enter(api: &Api, from: Option<IpAddr>, caller: &Caller) {
    let act = Act {
        actor: caller.name().to_owned(),
        via: Via::Api,
        origin: from.map(|address| address.to_string()),
        action: "session.start".to_owned(),
        target: format!("session/{}", caller.name()),
        asked: None,
        before: None,
        after: None,
    };
    if let Err(error) = api.store().add_act(&act, Now::Database).await {
        tracing::error!(%error, "a sign-in could not be entered in the audit");
    }
}

/// Anybody may send this: it is read no further than a name and a password go.
fn too_large() -> Problem {
    let detail = format!("a request to sign in has {SIGN_IN_BYTES} bytes at most");
    Problem::new(Code::TooLarge, detail)
}

fn wrong() -> Problem {
    Problem::new(Code::Unauthorized, "the name or the password is wrong")
}

fn nobody_signs_in() -> Problem {
    Problem::new(
        Code::Conflict,
        "nobody signs in here: this server does not ask users for a password",
    )
}

/// A session that is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedSession)]
struct EndedBody {
    /// Whose it was.
    name: String,
}
