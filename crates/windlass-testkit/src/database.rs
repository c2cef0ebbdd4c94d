//! Databases of tests: each test has its own, empty at first and gone afterwards.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use windlass_core::error::StoreError;
use windlass_core::store::Store;

use crate::fixture::StoreFixture;

mod postgres;
mod sqlite;

pub use postgres::PostgresDatabase;
pub use sqlite::SqliteFile;

/// A store being opened.
pub type Opening<'a> =
    Pin<Box<dyn Future<Output = Result<Arc<dyn Store>, StoreError>> + Send + 'a>>;

/// A database that lasts as long as this value.
pub trait Database: Send + Sync + 'static {
    /// Opens a store on it; as often as wanted.
    fn open(&self) -> Opening<'_>;

    /// Where another process finds it.
    fn url(&self) -> String;
}

/// Runs one behaviour on a database of its own.
///
/// # Panics
/// When the behaviour does.
pub fn run<F: Future>(
    database: impl Database,
    behaviour: impl FnOnce(StoreFixture) -> F,
) -> F::Output {
    // Declared first, dropped last: after the runtime, and with it every connection, has ended.
    let database: Arc<dyn Database> = Arc::new(database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async { behaviour(StoreFixture::on(Arc::clone(&database)).await).await })
}
