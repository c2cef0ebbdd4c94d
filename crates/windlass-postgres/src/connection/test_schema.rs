//! Schemas of tests: made by opening a store in one, removed here.

use std::sync::Arc;

use tokio::runtime::Builder;
use windlass_core::error::StoreError;

use crate::connection::config::Config;
use crate::connection::io::Io;
use crate::connection::{Connection, Shared};

/// How the schema of a test must begin, so that no other one can be removed.
pub const TEST_SCHEMA: &str = "windlass_test_";

/// Removes the schema that a URL names, with everything in it. Only one that begins with [`TEST_SCHEMA`].
///
/// # Errors
/// When it is another schema, or the server cannot be reached.
pub fn drop_test_schema(url: &str) -> Result<(), StoreError> {
    let config: Config = url.parse()?;
    let schema = config.schema.clone();
    if !schema.starts_with(TEST_SCHEMA) {
        let what =
            format!("schema {schema} is not that of a test: it does not begin with {TEST_SCHEMA}");
        return Err(StoreError::Conflict { what });
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
    let shared = Arc::new(Shared::new(config, Io::start()?));
    runtime.block_on(async {
        let connection = Connection::new(shared);
        connection.batch(&format!("drop schema if exists {schema} cascade")).await
    })
}
