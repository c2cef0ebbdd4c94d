//! The verbs of users and their sessions.

mod keep;
mod list;
mod session;

use windlass_core::store::{Now, Reply};
use windlass_core::token::TokenDigest;
use windlass_core::user::{
    OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore,
};

use crate::store::{SqliteStore, at};

impl UserStore for SqliteStore {
    fn add_user<'a>(&'a self, user: &'a User, now: Now) -> Reply<'a, bool> {
        let owned = user.clone();
        Box::pin(async move {
            owned.check()?;
            self.writer.write(move |c| keep::add(c, &owned, at(now))).await
        })
    }

    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<UserRecord>> {
        let name = name.to_owned();
        Box::pin(self.readers.read(move |c| list::user(c, &name)))
    }

    fn users(&self) -> Reply<'_, Vec<UserRecord>> {
        Box::pin(self.readers.read(list::users))
    }

    fn change_user<'a>(&'a self, name: &'a str, change: &'a UserChange) -> Reply<'a, bool> {
        let (name, change) = (name.to_owned(), change.clone());
        Box::pin(async move {
            change.check()?;
            self.writer.write(move |c| keep::change(c, &name, &change)).await
        })
    }

    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| keep::remove(c, &name)))
    }

    fn start_session<'a>(&'a self, session: &'a Session<'a>, now: Now) -> Reply<'a, bool> {
        let Session { digest, user, password } = *session;
        let (user, password) = (user.to_owned(), password.clone());
        Box::pin(self.writer.write(move |c| {
            session::start(c, &Session { digest, user: &user, password: &password }, at(now))
        }))
    }

    fn change_own_password<'a>(&'a self, change: &'a OwnPassword<'a>, now: Now) -> Reply<'a, bool> {
        let OwnPassword { session, old, new, next } = *change;
        let (old, new) = (old.clone(), new.clone());
        Box::pin(self.writer.write(move |c| {
            let change = OwnPassword { session, old: &old, new: &new, next };
            session::change_password(c, &change, at(now))
        }))
    }

    fn session(&self, digest: TokenDigest) -> Reply<'_, Option<SessionRecord>> {
        Box::pin(self.readers.read(move |c| list::session(c, digest)))
    }

    fn use_session(&self, digest: TokenDigest, now: Now) -> Reply<'_, ()> {
        Box::pin(self.writer.write(move |c| session::used(c, digest, at(now))))
    }

    fn end_session(&self, digest: TokenDigest) -> Reply<'_, bool> {
        Box::pin(self.writer.write(move |c| session::end(c, digest)))
    }

    fn end_sessions<'a>(&'a self, name: &'a str) -> Reply<'a, u64> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| session::end_all(c, &name)))
    }
}
