//! The store's own thread for sockets: connections are driven here, so that a handler which
//! blocks the application's runtime cannot stall a heartbeat.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use windlass_core::error::StoreError;

/// A runtime on a thread of its own; it ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Io {
    handle: Handle,
    _alive: Arc<oneshot::Sender<()>>,
}

impl Io {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let fail = |error: std::io::Error| StoreError::Unavailable {
            reason: format!("the connections' thread could not be started: {error}"),
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let handle = runtime.handle().clone();
        let (alive, gone) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("windlass-postgres".to_owned())
            .spawn(move || {
                // Resolves with an error when the last handle is dropped, which is the signal.
                let _ = runtime.block_on(gone);
                runtime.shutdown_background();
            })
            .map_err(fail)?;
        Ok(Self { handle, _alive: Arc::new(alive) })
    }

    /// Runs a task on the store's thread until it ends or the store is dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }
}
