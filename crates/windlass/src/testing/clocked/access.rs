//! Who may use the API: tokens, users and their sessions.

use windlass_core::store::{Now, Reply};
use windlass_core::token::{Token, TokenDigest, TokenRecord, TokenStore};
use windlass_core::user::{
    OwnPassword, Session, SessionRecord, User, UserChange, UserRecord, UserStore,
};

use super::ClockedStore;

impl TokenStore for ClockedStore {
    fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool> {
        self.store.add_token(token, self.at(now))
    }

    fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>> {
        self.store.token(digest)
    }

    fn tokens(&self) -> Reply<'_, Vec<TokenRecord>> {
        self.store.tokens()
    }

    fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_token(name)
    }
}

impl UserStore for ClockedStore {
    fn add_user<'a>(&'a self, user: &'a User, now: Now) -> Reply<'a, bool> {
        self.store.add_user(user, self.at(now))
    }

    fn user<'a>(&'a self, name: &'a str) -> Reply<'a, Option<UserRecord>> {
        self.store.user(name)
    }

    fn users(&self) -> Reply<'_, Vec<UserRecord>> {
        self.store.users()
    }

    fn change_user<'a>(&'a self, name: &'a str, change: &'a UserChange) -> Reply<'a, bool> {
        self.store.change_user(name, change)
    }

    fn remove_user<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        self.store.remove_user(name)
    }

    fn start_session<'a>(&'a self, session: &'a Session<'a>, now: Now) -> Reply<'a, bool> {
        self.store.start_session(session, self.at(now))
    }

    fn change_own_password<'a>(&'a self, change: &'a OwnPassword<'a>, now: Now) -> Reply<'a, bool> {
        self.store.change_own_password(change, self.at(now))
    }

    fn session(&self, digest: TokenDigest) -> Reply<'_, Option<SessionRecord>> {
        self.store.session(digest)
    }

    fn use_session(&self, digest: TokenDigest, now: Now) -> Reply<'_, ()> {
        self.store.use_session(digest, self.at(now))
    }

    fn end_session(&self, digest: TokenDigest) -> Reply<'_, bool> {
        self.store.end_session(digest)
    }

    fn end_sessions<'a>(&'a self, name: &'a str) -> Reply<'a, u64> {
        self.store.end_sessions(name)
    }
}
