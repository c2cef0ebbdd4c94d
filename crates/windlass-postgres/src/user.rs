//! The verbs of users and their sessions.

mod keep;
mod list;
mod session;

use windlass_core::store::{Now, Reply};
use windlass_core::token::TokenDigest;
use windlass_core::user::{
    OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore,
};

use crate::store::PostgresStore;

/// Whether the server takes it as a text at all.
pub(crate) fn is_name(name: &str) -> bool {
    !name.contains('\0')
}

impl UserStore for PostgresStore {
    fn add_user<'a>(&'a self, user: &'a User, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            user.check()?;
            keep::add(&self.writes, user, now).await
        })
    }

    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<UserRecord>> {
        Box::pin(async move {
            if is_name(name) { list::user(&self.claims, name).await } else { Ok(None) }
        })
    }

    fn users(&self) -> Reply<'_, Vec<UserRecord>> {
        Box::pin(list::users(&self.claims))
    }

    fn change_user<'a>(&'a self, name: &'a str, change: &'a UserChange) -> Reply<'a, bool> {
        Box::pin(async move {
            change.check()?;
            Ok(is_name(name) && keep::change(&self.writes, name, change).await?)
        })
    }

    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(async move { Ok(is_name(name) && keep::remove(&self.writes, name).await?) })
    }

    fn start_session<'a>(&'a self, session: &'a Session<'a>, now: Now) -> Reply<'a, bool> {
        Box::pin(session::start(&self.writes, session, now))
    }

    fn change_own_password<'a>(&'a self, change: &'a OwnPassword<'a>, now: Now) -> Reply<'a, bool> {
        Box::pin(session::change_password(&self.writes, change, now))
    }

    fn session(&self, digest: TokenDigest) -> Reply<'_, Option<SessionRecord>> {
        Box::pin(list::session(&self.claims, digest))
    }

    fn use_session(&self, digest: TokenDigest, now: Now) -> Reply<'_, ()> {
        Box::pin(session::used(&self.writes, digest, now))
    }

    fn end_session(&self, digest: TokenDigest) -> Reply<'_, bool> {
        Box::pin(session::end(&self.writes, digest))
    }

    fn end_sessions<'a>(&'a self, name: &'a str) -> Reply<'a, u64> {
        Box::pin(async move {
            if is_name(name) { session::end_all(&self.writes, name).await } else { Ok(0) }
        })
    }
}
