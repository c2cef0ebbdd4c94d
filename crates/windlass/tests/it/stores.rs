//! Several stores behind one client.

mod clusters;
mod routes;
mod workers;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::stores::{Routes, Stores};

use crate::test_database::TestDatabase;

/// Two databases of one kind.
struct Pair {
    eu: TestDatabase,
    us: TestDatabase,
}

impl Pair {
    /// With another one beside it.
    fn beside(eu: TestDatabase) -> Self {
        let us = if eu.is_postgres() { TestDatabase::postgres() } else { TestDatabase::sqlite() };
        Self { eu, us }
    }

    fn stores(&self) -> Stores {
        Stores::of([("eu", self.eu.url()), ("us", self.us.url())], routes()).expect("stores")
    }
}

fn routes() -> Routes {
    Routes::otherwise("us")
        .queue("eu-*", "eu")
        .tag("region:us", "us")
        .subject("tenant=acme", "eu")
        .event("eu.*", "eu")
}

/// A job that says something.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "stores.note", queue = "notes")]
struct Note {
    text: String,
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

/// A note of a queue that goes to `eu`.
fn eu_note(text: &str) -> windlass::Draft<Note> {
    note(text).job().queue("eu-notes")
}
