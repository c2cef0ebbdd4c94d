//! Adding, changing and removing users.

use serde::Serialize;
use windlass::store::Now;
use windlass::token::{Grant, GrantChange};
use windlass::user::{User, UserChange};
use windlass_http::Document;
use windlass_http::user::document;

use super::password;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::escape::in_one_line;
use crate::store;

pub(super) async fn create(
    globals: &Globals,
    name: String,
    grant: Grant,
    has_password: bool,
) -> anyhow::Result<Exit> {
    let mut user = User { name, password: None, grant };
    user.check().map_err(|refusal| Failure::usage(refusal.to_string()))?;
    if has_password {
        user.password = Some(password::asked(&user.name)?);
    }
    let store = store::created_and_told(globals).await?;
    if !store.add_user(&user, Now::Database).await? {
        let what = format!(
            "there is a user or a token {} already; take another name, or change them",
            in_one_line(&user.name)
        );
        return Err(Failure::new(Exit::Conflict, what).into());
    }
    told(globals, &user.name, "is added").await
}

pub(super) async fn change(
    globals: &Globals,
    name: &str,
    grant: GrantChange,
    password: bool,
) -> anyhow::Result<Exit> {
    if grant == GrantChange::default() && !password {
        let what =
            "say what is to be different: --role, --scope, --queue, --kind, --tag or --password";
        return Err(Failure::usage(what).into());
    }
    let store = store::existing(&globals.store).await?;
    // Before somebody types a password for nobody.
    store.user(name).await?.ok_or_else(|| none(name))?;
    let password = if password { Some(password::asked(name)?) } else { None };
    let change = UserChange { password, grant };
    change.check().map_err(|refusal| Failure::usage(refusal.to_string()))?;
    if !store.change_user(name, &change).await? {
        return Err(none(name).into());
    }
    told(globals, name, "is changed, and signs in again").await
}

/// Says how a user is now.
async fn told(globals: &Globals, name: &str, what: &str) -> anyhow::Result<Exit> {
    let out = &globals.out;
    if out.is_json() {
        let store = store::existing(&globals.store).await?;
        let found = store.user(name).await?.ok_or_else(|| none(name))?;
        out.json(&document(&found))?;
    } else if !out.is_plain() {
        out.line(&format!("{} {what}", in_one_line(name)))?;
    }
    Ok(Exit::Done)
}

/// `sessions_ended.v1`.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    name: &'a str,
    sessions: u64,
}

pub(super) async fn sign_out(globals: &Globals, name: &str) -> anyhow::Result<Exit> {
    let (out, store) = (&globals.out, store::existing(&globals.store).await?);
    store.user(name).await?.ok_or_else(|| none(name))?;
    let sessions = store.end_sessions(name).await?;
    if out.is_json() {
        out.json(&Document::new("sessions_ended.v1", Ended { name, sessions }))?;
    } else if !out.is_plain() {
        let many = if sessions == 1 { "session is" } else { "sessions are" };
        out.line(&format!("{sessions} {many} over"))?;
    }
    Ok(Exit::Done)
}

/// `user_removed.v1`.
#[derive(Debug, Serialize)]
struct Removed<'a> {
    name: &'a str,
}

pub(super) async fn remove(globals: &Globals, name: &str) -> anyhow::Result<Exit> {
    let out = &globals.out;
    if !store::existing(&globals.store).await?.remove_user(name).await? {
        return Err(none(name).into());
    }
    if out.is_json() {
        out.json(&Document::new("user_removed.v1", Removed { name }))?;
    } else if !out.is_plain() {
        out.line(&format!("removed {}; their sessions are over", in_one_line(name)))?;
    }
    Ok(Exit::Done)
}

fn none(name: &str) -> Failure {
    let what = format!("there is no user {}; see `windlass user list`", in_one_line(name));
    Failure::new(Exit::NotFound, what)
}
