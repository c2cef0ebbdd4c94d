//! The verbs of tokens.

mod add;
mod list;

use windlass_core::store::{Now, Reply};
use windlass_core::token::{Token, TokenDigest, TokenRecord, TokenStore};

use crate::store::{SqliteStore, at};

impl TokenStore for SqliteStore {
    fn add_token<'a>(&'a self, token: &'a Token, now: Now) -> Reply<'a, bool> {
        let owned = token.clone();
        Box::pin(async move {
            owned.check()?;
            self.writer.write(move |c| add::add(c, &owned, at(now))).await
        })
    }

    fn token(&self, digest: TokenDigest) -> Reply<'_, Option<TokenRecord>> {
        Box::pin(self.readers.read(move |c| list::token(c, digest)))
    }

    fn tokens(&self) -> Reply<'_, Vec<TokenRecord>> {
        Box::pin(self.readers.read(list::tokens))
    }

    fn remove_token<'a>(&'a self, name: &'a str) -> Reply<'a, bool> {
        let name = name.to_owned();
        Box::pin(self.writer.write(move |c| add::remove(c, &name)))
    }
}
