//! Every statement of a backend can be prepared on a migrated schema.
//!
//! The statements are read from the backend's sources, so that none can be left out: every `.sql`
//! file, put together as the Rust code does it, and every string that begins like a statement.

use std::fs;
use std::path::{Path, PathBuf};

const VERBS: [&str; 5] = ["select ", "insert ", "update ", "delete ", "with "];

/// A statement, and the file it stands in.
struct Statement {
    file: PathBuf,
    sql: String,
}

mod sqlite {
    use windlass_testkit::database::{Database, SqliteFile};

    #[tokio::test]
    async fn every_statement_can_be_prepared() {
        let file = SqliteFile::fresh();
        let store = file.open().await.expect("migrated");
        let path = file.url().trim_start_matches("sqlite:").to_owned();
        let connection = rusqlite::Connection::open(path).expect("opened");
        for statement in super::statements("windlass-sqlite", 40) {
            let prepared = connection.prepare(&statement.sql);
            let error = prepared.err();
            assert!(error.is_none(), "{:?}: {error:?}\n{}", statement.file, statement.sql);
        }
        drop(store);
    }
}

mod postgres {
    use tokio::task::JoinSet;
    use tokio_postgres::NoTls;
    use windlass_testkit::database::PostgresDatabase;

    /// The schema's name is put in by replacing `windlass.`: a name that is written otherwise
    /// would be found only in the schema `windlass`.
    #[tokio::test]
    async fn every_statement_can_be_prepared() {
        for schema in ["windlass", "elsewhere"] {
            let database = PostgresDatabase::fresh();
            let joint = if database.tcp_url().contains('?') { '&' } else { '?' };
            let url = format!("{}{joint}schema={schema}", database.tcp_url());
            let migration = windlass_postgres::Migration::Apply;
            let store = windlass_postgres::PostgresStore::open(&url, migration).await;
            let store = store.expect("migrated");
            let (client, connection) =
                tokio_postgres::connect(&database.tcp_url(), NoTls).await.expect("connected");
            let mut driver = JoinSet::new();
            driver.spawn(connection);
            for statement in super::statements("windlass-postgres", 40) {
                let sql = statement.sql.replace("windlass.", &format!("{schema}."));
                let error = client.prepare(&sql).await.err();
                assert!(error.is_none(), "{:?}: {error:?}\n{sql}", statement.file);
            }
            drop(client);
            driver.join_all().await;
            drop((store, database));
        }
    }
}

/// The statements of a backend; fewer than `least` would mean that they are not found any more.
fn statements(backend: &str, least: usize) -> Vec<Statement> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(backend).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    let found: Vec<Statement> = files.iter().flat_map(|file| of_file(file)).collect();
    assert!(found.len() >= least, "only {} statements were found", found.len());
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// What a Rust file sends: the files it includes, and its strings that begin like a statement.
fn of_file(file: &Path) -> Vec<Statement> {
    let text = fs::read_to_string(file).expect("it can be read");
    let production = text.split("#[cfg(test)]").next().unwrap_or_default();
    let folder = file.parent().expect("a file has a folder");
    let mut sqls: Vec<String> = included(production, folder);
    // A text with holes is filled in by format!, and prepared by the tests of its verb.
    let is_statement =
        |text: &String| VERBS.iter().any(|verb| text.starts_with(verb)) && !text.contains('{');
    sqls.extend(strings(production).into_iter().filter(is_statement));
    sqls.into_iter().map(|sql| Statement { file: file.to_owned(), sql }).collect()
}

/// Included statements; what one `concat!` includes is one statement.
fn included(text: &str, folder: &Path) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("it is included");
    let mut found = Vec::new();
    for constant in text.split(';') {
        let names: Vec<&str> = constant
            .split("include_str!(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|name| name.ends_with(".sql") && !name.contains("migrations"))
            .collect();
        if constant.contains("concat!(") {
            found.push(names.into_iter().map(read).collect());
        } else {
            found.extend(names.into_iter().map(read));
        }
    }
    found.retain(|sql: &String| !sql.is_empty());
    found
}

/// The string literals of a Rust text, with their continued lines joined.
fn strings(text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find('"') {
        rest = &rest[start + 1..];
        let Some(end) = end_of_string(rest) else { break };
        let joined = rest[..end].split("\\\n").map(str::trim_start).collect::<String>();
        found.push(joined);
        rest = &rest[end + 1..];
    }
    found
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// Plans are made once in a session, perhaps while all tables are empty: what grows must be looked up still. Statements inside functions
/// are not seen here.
mod plans {
    use tokio::task::JoinSet;
    use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
    use windlass_testkit::database::PostgresDatabase;

    const AS_A_SESSION_OF_OURS: &str = "vacuum analyze; set jit = off; set plan_cache_mode = force_generic_plan; \
         set enable_seqscan = off; set enable_bitmapscan = off";
    const THAT_GROW: [&str; 3] = [" on pending", " on finished", " on event"];

    #[tokio::test]
    async fn what_feeds_looks_things_up_though_all_was_empty() {
        let database = PostgresDatabase::fresh();
        let url = database.tcp_url();
        let migration = windlass_postgres::Migration::Apply;
        let store = windlass_postgres::PostgresStore::open(&url, migration).await;
        let store = store.expect("migrated");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("connected");
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        for set in AS_A_SESSION_OF_OURS.split("; ") {
            client.batch_execute(set).await.expect("set");
        }
        let mut looked_at = 0;
        for statement in super::statements("windlass-postgres", 40) {
            let file = statement.file.to_string_lossy().into_owned();
            if !file.contains("/subscription/") && !file.contains("/event/") {
                continue;
            }
            looked_at += 1;
            let plan = plan(&client, &statement.sql).await;
            for lines in plan.windows(2) {
                let grows = THAT_GROW.iter().any(|table| lines[0].contains(table));
                // Windows that are due are read in their order, and those that are left out passed over on the way.
                let walks = !lines[1].contains("Index Cond: ") && !lines[1].contains("<> ALL");
                assert!(!grows || !walks, "{file}: {}\n{}", statement.sql, plan.join("\n"));
            }
        }
        assert!(looked_at > 15, "only {looked_at} statements were looked at");
        drop((client, store, database));
        driver.join_all().await;
    }

    /// Indexes that have only the jobs that are asked for.
    const OF_FEW: [&str; 3] = ["pending_due", "pending_waiting", "pending_parked"];

    #[tokio::test]
    async fn a_look_for_jobs_goes_no_further_than_its_part() {
        let database = PostgresDatabase::fresh();
        let url = database.tcp_url();
        let migration = windlass_postgres::Migration::Apply;
        let store = windlass_postgres::PostgresStore::open(&url, migration).await;
        let store = store.expect("migrated");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("connected");
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        for set in AS_A_SESSION_OF_OURS.split("; ") {
            client.batch_execute(set).await.expect("set");
        }
        let (mut looked_at, mut walked) = (0, 0);
        for statement in super::statements("windlass-postgres", 40) {
            if !statement.file.to_string_lossy().ends_with("/job/find.rs") {
                continue;
            }
            looked_at += 1;
            let plan = plan(&client, &statement.sql).await;
            for lines in plan.windows(2) {
                let grows =
                    [" on pending", " on finished"].iter().any(|table| lines[0].contains(table));
                let is_of_few = OF_FEW.iter().any(|index| lines[0].contains(index));
                let is_bound = lines[1].contains("Index Cond: ") && lines[1].contains("id ");
                walked += usize::from(grows);
                assert!(!grows || is_of_few || is_bound, "{}\n{}", statement.sql, plan.join("\n"));
            }
        }
        assert!(looked_at >= 7 && walked >= 12, "{looked_at} statements, {walked} walks");
        drop((client, store, database));
        driver.join_all().await;
    }

    async fn plan(client: &Client, sql: &str) -> Vec<String> {
        let values = client.prepare(sql).await.expect("prepared").params().len();
        let values = match values {
            0 => String::new(),
            some => format!("({})", vec!["null"; some].join(", ")),
        };
        client.batch_execute(&format!("prepare asked as {sql}")).await.expect("prepared");
        let rows = client.simple_query(&format!("explain execute asked{values}")).await;
        client.batch_execute("deallocate asked").await.expect("forgotten");
        let rows = rows.expect("explained");
        let line = |row: &SimpleQueryMessage| match row {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        rows.iter().filter_map(line).collect()
    }
}
