//! A standby of the server, and how far it is: asked of both, on a connection each.

use std::sync::Arc;

use tokio::sync::OnceCell;
use windlass_core::error::{StoreError, Unusable};
use windlass_core::standby::{Follow, LogPlace, ReadOnly};
use windlass_core::store::{Reply, Store};

use crate::connection::config::Config;
use crate::connection::io::Io;
use crate::connection::{Connection, Shared};
use crate::row::get;
use crate::store::PostgresStore;

/// What is flushed, not only written: a standby is sent no more than that, and a commit is told to its caller only then.
const WRITTEN: &str = "select c.system_identifier, d.oid::int8, \
     ('x' || substr(pg_walfile_name(l.flushed), 1, 8))::bit(32)::int8, pg_wal_lsn_diff(l.flushed, '0/0')::int8 \
     from pg_control_system() c, pg_database d, pg_current_wal_flush_lsn() as l (flushed) \
     where d.datname = current_database()";
/// The control file names the timeline as of the last restart point. Who may see the receiver's row knows it at once.
const REPLAYED: &str = "select c.system_identifier, d.oid::int8, \
     greatest(p.timeline_id, r.min_recovery_end_timeline, (select received_tli from pg_stat_wal_receiver))::int8, \
     coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::int8 \
     from pg_control_system() c, pg_control_checkpoint() p, pg_control_recovery() r, pg_database d \
     where d.datname = current_database() and pg_is_in_recovery()";

/// A standby and the primary that it follows.
#[derive(Debug)]
pub struct PostgresStandby {
    url: String,
    primary: Connection,
    replica: OnceCell<Replica>,
}

/// A standby that has been reached.
#[derive(Debug)]
struct Replica {
    store: Arc<ReadOnly>,
    /// What it is asked on while something long is read.
    connection: Connection,
}

impl PostgresStandby {
    /// The standby at this URL, of the store at the other one. Nothing is asked yet.
    ///
    /// # Errors
    /// When a URL makes no sense, or they name two schemas.
    pub fn of(url: &str, primary_url: &str) -> Result<Self, StoreError> {
        let (replica, primary) = (url.parse::<Config>()?, primary_url.parse::<Config>()?);
        if replica.schema != primary.schema {
            let reason = format!(
                "the standby is to be read in the schema {}, and the store is in {}: say schema={} in both URLs",
                replica.schema, primary.schema, primary.schema
            );
            return Err(StoreError::Unusable { reason, kind: Unusable::Url });
        }
        if replica.driver.get_hosts().len() > 1 {
            let reason = "one standby is read, so that its age is that of what it answers: name one server, and not several";
            return Err(StoreError::Unusable { reason: reason.to_owned(), kind: Unusable::Url });
        }
        let primary = Connection::new(Arc::new(Shared::new(primary, Io::start()?)));
        Ok(Self { url: url.to_owned(), primary, replica: OnceCell::new() })
    }

    async fn replica(&self) -> Result<&Replica, StoreError> {
        let open = async || {
            let store = PostgresStore::open_standby(&self.url).await?;
            let connection = Connection::new(Arc::clone(&store.shared));
            Ok(Replica { store: Arc::new(ReadOnly::new(Arc::new(store))), connection })
        };
        self.replica.get_or_try_init(open).await
    }
}

impl Follow for PostgresStandby {
    fn written(&self) -> Reply<'_, LogPlace> {
        Box::pin(async move {
            let found = place(&self.primary, WRITTEN).await?;
            found.ok_or_else(|| StoreError::NotFound { what: "the primary's database".to_owned() })
        })
    }

    fn replayed(&self) -> Reply<'_, LogPlace> {
        Box::pin(async move {
            let found = place(&self.replica().await?.connection, REPLAYED).await?;
            found.ok_or_else(|| {
                let reason = "it is not a standby any more: it was promoted".to_owned();
                StoreError::Unusable { reason, kind: Unusable::Server }
            })
        })
    }

    fn store(&self) -> Reply<'_, Arc<dyn Store>> {
        Box::pin(async move {
            let store: Arc<dyn Store> = Arc::<ReadOnly>::clone(&self.replica().await?.store);
            Ok(store)
        })
    }
}

async fn place(
    connection: &Connection,
    asked: &'static str,
) -> Result<Option<LogPlace>, StoreError> {
    let rows = connection.query(asked, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let narrow = |number: i64| u32::try_from(number).unwrap_or_default();
    Ok(Some(LogPlace {
        cluster: get::<i64>(row, 0)?.cast_unsigned(),
        database: narrow(get(row, 1)?),
        timeline: narrow(get(row, 2)?),
        bytes: get::<i64>(row, 3)?.unsigned_abs(),
    }))
}
