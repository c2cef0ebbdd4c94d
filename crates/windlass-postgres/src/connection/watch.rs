//! Watch: the connection that listens, and whose session lock says that this process lives.
//!
//! It is made again whenever it breaks or falls silent, and every worker is woken then: what was
//! sent in between is lost. Where sessions are not ours (a transaction pooler) there is none, and polling and the
//! lease do its work. While there is none, `Wakeups::hears` says so.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::limits::RECONNECT_CAP;
use windlass_core::wake::Wakeups;
use windlass_core::worker::LivesWith;

use crate::connection::connect::{Note, connect};
use crate::connection::{Connection, Shared};
use crate::error::store_error;
use crate::row::get;

/// The payload that means "a heartbeat would bring news", in `cancel.sql` and in a wish for quiet;
/// any other means work.
const NEWS: &str = "news";
/// The payload that means that somebody has published, in `windlass.tell_of_events`.
const EVENTS: &str = "events";
const SAY: &str = "select pg_notify($1::text, '')";
/// How long a session may take to hear what was said; a fraction of a millisecond is usual.
const HEARING_TIME: Duration = Duration::from_secs(3);

/// How long after its end a session is made again, at first.
const FIRST_WAIT: Duration = Duration::from_millis(5);
/// How often the session is asked whether it still answers: a connection that was cut off far away
/// looks just like a quiet one.
const CHECK: Duration = Duration::from_secs(5);
/// How soon a session lock is tried again that a former session of ours still holds.
const AGAIN: Duration = Duration::from_millis(100);
/// The server may not have noticed that a former session is cut off. One that holds the lock of a
/// worker of ours, and is the one we had, is of no use to anybody.
const END_FORMER: &str = "select pg_terminate_backend(pid) from pg_locks \
     where pid = $1 and locktype = 'advisory' and objsubid = 1 and (classid::int8 << 32) | objid::int8 = $2";

/// Whether what others say to a worker is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    Heard,
    /// Sessions are not ours, or there is none now: the worker polls, and its lease alone says that it lives.
    Deaf,
}

/// Who waits to be heard.
type Reply = oneshot::Sender<Hearing>;

/// What the watcher is asked.
enum Wish {
    Hear(Listener, Reply),
    LetGo(WorkerId),
}

/// A worker that is listened for; one whose process is this one has a session lock as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listener {
    worker: WorkerId,
    lives_with: LivesWith,
}

/// The watcher's handle; dropping the last one ends it.
#[derive(Debug)]
pub(crate) struct Watch {
    wishes: mpsc::UnboundedSender<Wish>,
}

/// The key of a worker's session lock: the random half of its id.
pub(crate) fn guard_key(worker: WorkerId) -> i64 {
    worker.as_uuid().as_u64_pair().1.cast_signed()
}

/// The channel on which one worker is woken.
pub(crate) fn channel(worker: WorkerId) -> String {
    format!("windlass_{}", worker.as_uuid().simple())
}

impl Watch {
    pub(crate) fn start(
        shared: Arc<Shared>,
        writes: Arc<Connection>,
        wakeups: &Arc<Wakeups>,
    ) -> Self {
        let (wishes, asked) = mpsc::unbounded_channel();
        let watcher = Watcher {
            shared: Arc::clone(&shared),
            writes,
            wakeups: Arc::downgrade(wakeups),
            listeners: Vec::new(),
            unlocked: Vec::new(),
            backend: None,
        };
        shared.io.spawn(watcher.run(asked));
        Self { wishes }
    }

    /// Listens for a worker, and takes the session lock of one that lives as long as this process.
    pub(crate) async fn hear(&self, worker: WorkerId, lives_with: LivesWith) -> Hearing {
        let (reply, answer) = oneshot::channel();
        if self.wishes.send(Wish::Hear(Listener { worker, lives_with }, reply)).is_err() {
            return Hearing::Deaf;
        }
        answer.await.unwrap_or(Hearing::Deaf)
    }

    pub(crate) fn let_go(&self, worker: WorkerId) {
        // A watcher that is gone holds nothing.
        let _ = self.wishes.send(Wish::LetGo(worker));
    }
}

struct Watcher {
    shared: Arc<Shared>,
    writes: Arc<Connection>,
    wakeups: Weak<Wakeups>,
    listeners: Vec<Listener>,
    /// Workers whose lock a former session still holds.
    unlocked: Vec<WorkerId>,
    /// The server's process behind the last session that was ours.
    backend: Option<i32>,
}

impl Watcher {
    /// Waits for a worker, then keeps a session up as long as there is one.
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Wish>) {
        while let Some(wish) = asked.recv().await {
            match wish {
                Wish::LetGo(worker) => self.listeners.retain(|known| known.worker != worker),
                Wish::Hear(listener, reply) if self.shared.owns_sessions() => {
                    self.add(listener);
                    if self.keep_session(&mut asked, reply).await.is_ok() {
                        return;
                    }
                }
                Wish::Hear(_, reply) => {
                    // A caller that stopped waiting will register again.
                    let _ = reply.send(Hearing::Deaf);
                }
            }
        }
    }

    /// `Ok` when the store is dropped, an error when sessions turned out not to be ours.
    async fn keep_session(
        &mut self,
        asked: &mut mpsc::UnboundedReceiver<Wish>,
        first: Reply,
    ) -> Result<(), StoreError> {
        let mut first = Some(first);
        let mut backoff = FIRST_WAIT;
        loop {
            let (ended, stood) = match self.session(&mut first).await {
                Ok((client, noted)) => {
                    let since = Instant::now();
                    (self.listen(client, noted, asked).await, Some(since.elapsed()))
                }
                Err(error) => (Err(error), None),
            };
            if let Some(wakeups) = self.wakeups.upgrade() {
                wakeups.stop_hearing();
            }
            // Without a session the worker registers without a guard: its lease alone counts.
            if let Some(reply) = first.take() {
                let _ = reply.send(Hearing::Deaf);
            }
            match ended {
                Ok(()) => return Ok(()),
                Err(error) if !self.shared.owns_sessions() => return Err(error),
                Err(error) => tracing::debug!(%error, "the listening connection ended"),
            }
            let wait = wait(backoff, stood);
            tokio::time::sleep(wait).await;
            backoff = (wait * 2).min(RECONNECT_CAP);
        }
    }

    /// A session that hears, with the locks of all workers.
    async fn session(
        &mut self,
        first: &mut Option<Reply>,
    ) -> Result<(Client, mpsc::UnboundedReceiver<Note>), StoreError> {
        let (notes, mut noted) = mpsc::unbounded_channel();
        let client = connect(&self.shared.config, &self.shared.io, Some(notes)).await?;
        self.prove_session(&client, &mut noted).await?;
        let former = self.backend.replace(backend(&client).await?);
        self.unlocked.clear();
        for listener in self.listeners.clone() {
            self.hear(&client, listener).await?;
        }
        if let Some(former) = former {
            self.end_former(&client, former).await;
        }
        if let Some(wakeups) = self.wakeups.upgrade() {
            wakeups.begin_to_hear();
            wakeups.work_anywhere();
            wakeups.news();
        }
        if let Some(reply) = first.take() {
            let _ = reply.send(Hearing::Heard);
        }
        Ok((client, noted))
    }

    /// The session's life; `Ok` when the store is dropped.
    async fn listen(
        &mut self,
        client: Client,
        mut noted: mpsc::UnboundedReceiver<Note>,
        asked: &mut mpsc::UnboundedReceiver<Wish>,
    ) -> Result<(), StoreError> {
        let mut check_at = tokio::time::Instant::now() + self.check_wait();
        loop {
            tokio::select! {
                note = noted.recv() => match note {
                    Some(note) => self.on_note(&note),
                    None => return Err(StoreError::Unavailable { reason: "the listening connection was closed".to_owned() }),
                },
                wish = asked.recv() => match wish {
                    Some(wish) => self.on_wish(&client, wish).await?,
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(check_at) => {
                    self.check(&client).await?;
                    check_at = tokio::time::Instant::now() + self.check_wait();
                }
            }
        }
    }

    fn check_wait(&self) -> Duration {
        if self.unlocked.is_empty() { CHECK } else { AGAIN }
    }

    /// Asks the session for anything at all, and for the locks it could not have so far.
    async fn check(&mut self, client: &Client) -> Result<(), StoreError> {
        let answer = async {
            for worker in std::mem::take(&mut self.unlocked) {
                self.lock(client, worker).await?;
            }
            client.batch_execute("").await.map_err(store_error)
        };
        tokio::time::timeout(HEARING_TIME, answer).await.map_err(|_| StoreError::Unavailable {
            reason: format!("the listening session did not answer for {HEARING_TIME:?}"),
        })?
    }

    /// Registered once more, a worker is listened for once.
    fn add(&mut self, listener: Listener) {
        self.listeners.retain(|known| known.worker != listener.worker);
        self.listeners.push(listener);
    }

    /// Listens for a worker, and takes its session lock where it has one.
    async fn hear(&mut self, client: &Client, listener: Listener) -> Result<(), StoreError> {
        let listen = format!("listen {}", channel(listener.worker));
        client.batch_execute(&listen).await.map_err(store_error)?;
        match listener.lives_with {
            LivesWith::Process => self.lock(client, listener.worker).await,
            LivesWith::Lease => Ok(()),
        }
    }

    /// Takes a worker's session lock, at once or as soon as a former session of ours has let it go.
    async fn lock(&mut self, client: &Client, worker: WorkerId) -> Result<(), StoreError> {
        let key = guard_key(worker);
        let row = client.query_one("select pg_try_advisory_lock($1)", &[&key]).await;
        if !get::<bool>(&row.map_err(store_error)?, 0)? {
            self.unlocked.push(worker);
        }
        Ok(())
    }

    /// Ends the session that we had before, where it lives on without us.
    async fn end_former(&self, client: &Client, former: i32) {
        for worker in &self.unlocked {
            let ended = client.query(END_FORMER, &[&former, &guard_key(*worker)]).await;
            if let Err(error) = ended {
                tracing::debug!(%error, "the former session could not be ended");
            }
        }
    }

    /// A session that is ours hears what another connection says. One that a pooler hands around
    /// does not, and a lock taken on it would be somebody else's.
    async fn prove_session(
        &self,
        client: &Client,
        noted: &mut mpsc::UnboundedReceiver<Note>,
    ) -> Result<(), StoreError> {
        let probe = channel(WorkerId::new());
        client.batch_execute(&format!("listen {probe}")).await.map_err(store_error)?;
        self.writes.query(SAY, &[(&probe, Type::TEXT)]).await?;
        let heard = tokio::time::timeout(HEARING_TIME, noted.recv()).await;
        if !matches!(heard, Ok(Some(_))) {
            // Where one has been ours before, there is no pooler but a server that is slow.
            if self.backend.is_none() {
                self.shared.disown_sessions();
            }
            return Err(StoreError::Unavailable {
                reason: "the session does not hear notifications".to_owned(),
            });
        }
        client.batch_execute(&format!("unlisten {probe}")).await.map_err(store_error)
    }

    fn on_note(&self, (channel_name, payload): &Note) {
        let Some(wakeups) = self.wakeups.upgrade() else { return };
        let known = self.listeners.iter().find(|known| channel(known.worker) == *channel_name);
        let Some(Listener { worker, .. }) = known.copied() else { return };
        match payload.as_str() {
            NEWS => wakeups.news_for(worker),
            EVENTS => wakeups.events(),
            _ => wakeups.work_for(worker),
        }
    }

    async fn on_wish(&mut self, client: &Client, wish: Wish) -> Result<(), StoreError> {
        match wish {
            Wish::Hear(listener, reply) => {
                self.hear(client, listener).await?;
                self.add(listener);
                // A caller that stopped waiting will register again.
                let _ = reply.send(Hearing::Heard);
            }
            Wish::LetGo(worker) => {
                self.listeners.retain(|known| known.worker != worker);
                self.unlocked.retain(|unlocked| *unlocked != worker);
                release(client, worker).await?;
            }
        }
        Ok(())
    }
}

/// How long to wait before the next try. A session that stood is made again soon, however often that
/// happens: until then its workers seem dead.
fn wait(backoff: Duration, stood: Option<Duration>) -> Duration {
    match stood {
        Some(time) if time > RECONNECT_CAP => FIRST_WAIT,
        Some(_) => backoff.min(AGAIN),
        None => backoff,
    }
}

/// The server's process behind a session.
async fn backend(client: &Client) -> Result<i32, StoreError> {
    let row = client.query_one("select pg_backend_pid()", &[]).await.map_err(store_error)?;
    get(&row, 0)
}

async fn release(client: &Client, worker: WorkerId) -> Result<(), StoreError> {
    let key = guard_key(worker);
    let binds: [&(dyn ToSql + Sync); 1] = [&key];
    client.batch_execute(&format!("unlisten {}", channel(worker))).await.map_err(store_error)?;
    client.query("select pg_advisory_unlock($1)", &binds).await.map(drop).map_err(store_error)
}
