//! The verbs of tokens.

mod add;
mod list;

use windlass_core::store::{Now, Reply};
use windlass_core::token::{Token, TokenDigest, TokenRecord, TokenStore};

use crate::store::PostgresStore;
use crate::user::is_name;

impl TokenStore for PostgresStore {
    fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            token.check()?;
            add::add(&self.writes, token, now).await
        })
    }

    fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>> {
        Box::pin(list::token(&self.claims, digest))
    }

    fn tokens(&self) -> Reply<'_, Vec<TokenRecord>> {
        Box::pin(list::tokens(&self.claims))
    }

    fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        Box::pin(async move { Ok(is_name(name) && add::remove(&self.writes, name).await?) })
    }
}
