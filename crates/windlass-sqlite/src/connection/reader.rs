//! Readers: threads with connections that only read, so that a long count delays no claim.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;
use windlass_core::error::StoreError;

use crate::connection::{connect, thread};
use crate::error::{closed, store_error};

const THREADS: usize = 2;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// Hands questions to the readers' threads.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    questions: Sender<Question>,
}

impl Readers {
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        let (questions, waiting) = channel::<Question>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let connection = connect::reader(path)?;
            let waiting = Arc::clone(&waiting);
            thread::start(("windlass-read", "reader"), connection, move |connection| {
                serve(connection, &waiting);
            })?;
        }
        Ok(Self { questions })
    }

    /// Asks something of the database as it is committed now.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let boxed: Question = Box::new(move |connection| {
            // A caller that stopped waiting does not want the answer.
            let _ = reply.send(question(connection));
        });
        self.questions.send(boxed).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn serve(connection: &Connection, waiting: &Mutex<Receiver<Question>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(question) => question(connection),
            Err(_) => return,
        }
    }
}

/// Several statements of one question see the same state of the database.
pub(crate) fn in_one_snapshot<T>(
    question: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> impl FnOnce(&Connection) -> Result<T, StoreError> {
    move |connection| {
        connection.execute_batch("begin").map_err(store_error)?;
        let answer = question(connection);
        connection.execute_batch("rollback").map_err(store_error)?;
        answer
    }
}
