//! Questions in SQL, in a session of their own that cannot write.
//!
//! The text becomes the query of a cursor: the server takes one statement there, and only one that reads. The relations that it
//! read are those that the session has locked since the views were opened.

mod text;

use std::time::{Duration, Instant};

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use windlass_core::error::{StoreError, Unusable};
use windlass_core::limits::ANSWER_BYTES;
use windlass_core::question::{Answer, Counting, Question, Rest, Unanswered, VIEWS, Value, View};

use crate::connection::config::Config;
use crate::connection::connect::connect;
use crate::connection::io::Io;
use crate::error::store_error;

/// The cursor of a question, with a line of its own, so that nothing of the question is a part of it.
const DECLARE: &str = "declare windlass_question no scroll cursor without hold for\n";
/// Rows that come at once.
const PAGE: usize = 100;
/// The columns of the views that this role may read.
const COLUMNS: &str = "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) \
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
     where c.relnamespace = to_regnamespace($1) and c.relkind = 'v' and c.relname = any ($2) \
     and has_table_privilege(c.oid, 'select') order by c.relname, a.attnum";
/// The relations that this session has locked.
const LOCKED: &str = "select l.relation, coalesce(c.relname::text, l.relation::text) \
     from pg_locks l left join pg_class c on c.oid = l.relation \
     where l.pid = pg_backend_pid() and l.locktype = 'relation' order by l.relation";

const JOBS: &str = "select kind, state, count(*) as jobs from windlass.job group by kind, state order by kind, state";
const FAILURES: &str = "select kind, outcome, count(*) as attempts, count(distinct error) as different_errors, max(ended_at) as last_at \
     from windlass.attempt where outcome in ('error', 'timeout', 'panic', 'lost') group by kind, outcome order by kind, outcome";

/// A question of ours, as it is asked here: whatever the schema's name is, its session looks for views there.
#[must_use]
pub fn counting(what: Counting) -> String {
    let question = match what {
        Counting::Jobs => JOBS,
        Counting::Failures => FAILURES,
    };
    question.replace("windlass.", "")
}

/// Asks the store at `postgres://user@host/database`. A read replica answers as well.
///
/// # Errors
/// See [`Unanswered`].
pub async fn ask(url: &str, question: &Question) -> Result<Answer, Unanswered> {
    let session = Session::begin(url, question.within).await?;
    let views = session.views().await?;
    session.answer(question, &views).await
}

/// The views of the store at `postgres://user@host/database` that the role may read.
///
/// # Errors
/// When it cannot be reached, or has another schema.
pub async fn views(url: &str) -> Result<Vec<View>, Unanswered> {
    const WITHIN: Duration = Duration::from_secs(30);
    Session::begin(url, WITHIN).await?.views().await
}

/// A session in a transaction that can write nothing, and is never committed.
struct Session {
    client: Client,
    schema: String,
    within: Duration,
    ends: Instant,
    /// The thread that drives it.
    _io: Io,
}

impl Session {
    async fn begin(url: &str, within: Duration) -> Result<Self, Unanswered> {
        let (config, io) = (url.parse::<Config>()?, Io::start()?);
        let client = connect(&config, &io, None).await?;
        let ends = Instant::now() + within;
        let session = Self { client, schema: config.schema, within, ends, _io: io };
        let begin = format!(
            "begin isolation level read committed read only; set local search_path = {}; set local timezone = 'UTC'; \
             set local datestyle = 'ISO'; set local bytea_output = 'hex'; set local extra_float_digits = 1; \
             set local enable_seqscan = on; set local enable_bitmapscan = on; set local plan_cache_mode = auto",
            session.schema
        );
        session.client.batch_execute(&begin).await.map_err(store_error)?;
        session.limit().await?;
        Ok(session)
    }

    async fn views(&self) -> Result<Vec<View>, Unanswered> {
        let names: &[&str] = &VIEWS;
        let binds: [crate::connection::Bind<'_>; 2] =
            [(&self.schema, Type::TEXT), (&names, Type::TEXT_ARRAY)];
        let rows = self.client.query_typed(COLUMNS, &binds).await.map_err(store_error)?;
        let mut views: Vec<View> = Vec::new();
        for row in rows {
            let (name, column) = (row.get::<_, String>(0), (row.get(1), row.get(2)));
            match views.last_mut().filter(|view| view.name == name) {
                Some(view) => view.columns.push(column),
                None => views.push(View { name, columns: vec![column] }),
            }
        }
        if views.is_empty() {
            let reason = format!(
                "there are no views in schema {} that this role may read; run `windlass migrate`, or grant select on them",
                self.schema
            );
            return Err(StoreError::Unusable { reason, kind: Unusable::Schema }.into());
        }
        Ok(views)
    }

    async fn answer(&self, question: &Question, views: &[View]) -> Result<Answer, Unanswered> {
        let known = self.read_by(views).await?;
        let declare = format!("{DECLARE}{}", question.sql);
        let declared = self.client.query_typed(&declare, &[]).await;
        declared.map_err(|error| self.unanswered(error, &question.sql))?;
        // Before it runs, and again for what its functions have read.
        self.check(&known).await?;
        let answer = self.fetch(question).await?;
        self.check(&known).await?;
        Ok(answer)
    }

    /// What is locked once all views were opened.
    async fn read_by(&self, views: &[View]) -> Result<Vec<u32>, Unanswered> {
        let open = |view: &View| {
            let View { name, .. } = view;
            format!("declare windlass_view cursor for select * from {name}; close windlass_view;")
        };
        let all: String = views.iter().map(open).collect();
        self.client.batch_execute(&all).await.map_err(store_error)?;
        // Twice, since this reads relations as well.
        self.locked().await?;
        Ok(self.locked().await?.into_iter().map(|(relation, _)| relation).collect())
    }

    async fn locked(&self) -> Result<Vec<(u32, String)>, Unanswered> {
        let rows = self.client.query_typed(LOCKED, &[]).await.map_err(store_error)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn check(&self, known: &[u32]) -> Result<(), Unanswered> {
        let other = self.locked().await?.into_iter().find(|(id, _)| !known.contains(id));
        other.map_or(Ok(()), |(_, name)| Err(Unanswered::NotAView(name)))
    }

    async fn fetch(&self, question: &Question) -> Result<Answer, Unanswered> {
        let failed = |error| self.unanswered(error, &question.sql);
        let described = "fetch forward 0 from windlass_question";
        let statement = self.client.prepare(described).await.map_err(failed)?;
        let kinds: Vec<Type> = statement.columns().iter().map(|c| c.type_().clone()).collect();
        let columns = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        drop(statement);
        let mut answer = Answer { columns, rows: Vec::new(), rest: Rest::Nothing };
        let mut bytes = 0;
        loop {
            self.limit().await?;
            let page = PAGE.min(question.rows - answer.rows.len() + 1);
            let fetch = format!("fetch forward {page} from windlass_question");
            let found = rows(self.client.simple_query(&fetch).await.map_err(failed)?);
            for row in &found {
                if answer.rows.len() >= question.rows {
                    return Ok(Answer { rest: Rest::Rows, ..answer });
                }
                let value = |(nth, kind)| text::value(kind, row.get(nth));
                let values: Vec<Value> = kinds.iter().enumerate().map(value).collect();
                bytes += values.iter().map(Value::size).sum::<usize>();
                if bytes > ANSWER_BYTES {
                    return Ok(Answer { rest: Rest::Bytes, ..answer });
                }
                answer.rows.push(values);
            }
            if found.len() < page {
                return Ok(answer);
            }
        }
    }

    /// The server ends what is not over in time.
    async fn limit(&self) -> Result<(), Unanswered> {
        let left = self.ends.saturating_duration_since(Instant::now()).as_millis().max(1);
        let limit = format!("set local statement_timeout = {left}");
        self.client.batch_execute(&limit).await.map_err(|error| store_error(error).into())
    }

    fn is_over(&self) -> bool {
        // The server counts whole milliseconds.
        Instant::now() + Duration::from_millis(1) >= self.ends
    }

    fn unanswered(&self, error: tokio_postgres::Error, sql: &str) -> Unanswered {
        let Some(refusal) = error.as_db_error() else { return store_error(error).into() };
        let refused = |what: String| Unanswered::Refused(what);
        match refusal.code() {
            code if *code == SqlState::QUERY_CANCELED && self.is_over() => {
                Unanswered::TooLong(self.within)
            }
            code if *code == SqlState::UNDEFINED_TABLE => match unknown(refusal.message()) {
                Some(name) => Unanswered::NotAView(name.to_owned()),
                None => refused(refusal.message().to_owned()),
            },
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                let reason = format!("{}: this role may not ask that", refusal.message());
                StoreError::Unusable { reason, kind: Unusable::Rights }.into()
            }
            code if *code == SqlState::SYNTAX_ERROR && refusal.message().contains("multiple") => {
                refused("there is more than one statement: ask one question".to_owned())
            }
            code if *code == SqlState::SYNTAX_ERROR && is_first_word(refusal, sql) => {
                refused("that is not a question: begin with select, values or with".to_owned())
            }
            code if *code == SqlState::PROTOCOL_VIOLATION => refused(
                "the question has parameters, which nobody gives: write the values".to_owned(),
            ),
            code if is_of_the_server(code) => store_error(error).into(),
            code => refused(words(code, refusal.message())),
        }
    }
}

fn rows(messages: Vec<SimpleQueryMessage>) -> Vec<SimpleQueryRow> {
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

/// Whether the server stumbled over the first word of the question.
fn is_first_word(refusal: &DbError, sql: &str) -> bool {
    let Some(ErrorPosition::Original(at)) = refusal.position() else { return false };
    let before = (*at as usize).saturating_sub(1).checked_sub(DECLARE.len());
    before.is_some_and(|before| sql.chars().take(before).all(char::is_whitespace))
}

/// Connections, resources, and what an operator does: not what was asked.
fn is_of_the_server(code: &SqlState) -> bool {
    ["08", "53", "57P", "58"].iter().any(|class| code.code().starts_with(class))
}

/// The server's words. What it quotes of anything but names may be a value of a table that is not a view.
fn words<'a>(code: &SqlState, message: &'a str) -> String {
    let is_of_names = code.code().starts_with("42");
    let kept: &'a str = if is_of_names { message } else { message.split('"').next().unwrap_or("") };
    kept.trim_end_matches([' ', ':']).to_owned()
}

/// The relation that is not there.
fn unknown(message: &str) -> Option<&str> {
    message.strip_prefix("relation \"")?.split('"').next()
}
