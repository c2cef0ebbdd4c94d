//! [`Archive`] for SQLite: a file, read in one snapshot and written in one transaction.

pub(crate) mod layout;
mod look;
pub(crate) mod moving;
mod read;
mod write;

use std::path::PathBuf;

use windlass_core::archive::{Archive, Onto, Reached, ReadArchive, Standing, Table, WriteArchive};
use windlass_core::error::StoreError;
use windlass_core::store::Reply;

use crate::connection::connect::{self, Durability};
use crate::connection::migrate;
use crate::connection::open::{Migration, parse};
use crate::error::closed;

/// The rows of a file.
#[derive(Debug)]
pub struct SqliteArchive {
    path: PathBuf,
}

impl SqliteArchive {
    /// Opens `sqlite:PATH`, as [`SqliteStore::open`](crate::SqliteStore::open) does.
    ///
    /// # Errors
    /// As there.
    pub async fn open(url: &str, migration: Migration) -> Result<Self, StoreError> {
        let (path, options) = parse(url)?;
        asked(move || {
            connect::check_library()?;
            let connection = connect::writer(&path, options.durability)?;
            match migration {
                Migration::Apply => migrate::migrate(&connection).map(drop)?,
                Migration::Check => migrate::check(&connection)?,
            }
            Ok(Self { path })
        })
        .await
    }
}

impl Archive for SqliteArchive {
    fn look(&self) -> Reply<'_, Standing> {
        let path = self.path.clone();
        Box::pin(asked(move || look::look(&connect::reader(&path)?, &path)))
    }

    fn read(&self, tables: &'static [Table]) -> Reply<'_, Box<dyn ReadArchive>> {
        let path = self.path.clone();
        Box::pin(async move {
            let rows = asked(move || read::Rows::start(connect::reader(&path)?, tables)).await?;
            Ok(Box::new(rows) as Box<dyn ReadArchive>)
        })
    }

    fn write(&self, onto: Onto) -> Reply<'_, Box<dyn WriteArchive>> {
        let path = self.path.clone();
        Box::pin(async move {
            let connection = move || {
                let connection = connect::writer(&path, Durability::Full)?;
                write::Writing::start(connection, &path, onto)
            };
            Ok(Box::new(asked(connection).await?) as Box<dyn WriteArchive>)
        })
    }

    fn leave<'a>(&'a self, to: &'a str) -> Reply<'a, bool> {
        let (path, to) = (self.path.clone(), to.to_owned());
        Box::pin(asked(move || {
            moving::leave(&connect::writer(&path, Durability::Full)?, &path, &to)
        }))
    }

    fn has_left(&self) -> Reply<'_, ()> {
        let path = self.path.clone();
        Box::pin(asked(move || moving::has_left(&connect::writer(&path, Durability::Full)?)))
    }

    fn arrive<'a>(&'a self, from: &'a str) -> Reply<'a, (Reached, Box<dyn WriteArchive>)> {
        let (path, from) = (self.path.clone(), from.to_owned());
        Box::pin(async move {
            let begun = move || {
                let connection = connect::writer(&path, Durability::Full)?;
                let place = moving::arrive(&connection, &path, &from)?;
                Ok((place, write::Writing::go_on(connection)?))
            };
            let (place, writing) = asked(begun).await?;
            Ok((place, Box::new(writing) as Box<dyn WriteArchive>))
        })
    }

    fn stay(&self) -> Reply<'_, bool> {
        let path = self.path.clone();
        Box::pin(asked(move || moving::stay(&connect::writer(&path, Durability::Full)?)))
    }
}

/// What blocks on the disk, away from the caller's thread.
async fn asked<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(question).await.map_err(|_| closed())?
}
