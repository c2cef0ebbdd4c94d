//! The views that people ask by SQL are those of docs/sql.md, column by column.

use std::collections::BTreeMap;

use crate::test_database::{TestDatabase, connect, on_both_stores};

on_both_stores! {
    /// T28: every view has the columns and the types that its page says, in that order, and can be asked.
    the_views_have_the_columns_of_their_page;
}

/// A column and its type; the type is empty where the database does not tell it.
type Columns = Vec<(String, String)>;

/// The views of the page, with the columns that one of the stores has.
fn of_page(nth: usize) -> BTreeMap<String, Columns> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (mut views, mut view) = (BTreeMap::<String, Columns>::new(), String::new());
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            view = heading.split('`').next().expect("a name").to_owned();
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let Some(named) = cells[0].strip_prefix("column of `") {
            view = named.trim_end_matches('`').to_owned();
        }
        let name = cells[0].strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        if let Some(name) = name.filter(|_| cells.len() == 4 && cells[nth] != "–") {
            let column = (name.to_owned(), cells[nth].to_owned());
            views.entry(view.clone()).or_default().push(column);
        }
    }
    views
}

async fn the_views_have_the_columns_of_their_page(database: TestDatabase) {
    let store = database.open().await;
    let path = database.url().strip_prefix("sqlite:").map(str::to_owned);
    let page = of_page(if path.is_some() { 2 } else { 1 });
    assert_eq!(page.len(), 11, "{:?}", page.keys());
    for (view, columns) in page {
        let found = match &path {
            Some(path) => of_sqlite(path, &view),
            None => of_postgres(&database, &view).await,
        };
        // What is computed has no type of its own on SQLite.
        let told = |((name, of_page), (_, found)): (&(String, String), &(String, String))| {
            (name.clone(), if found.is_empty() { String::new() } else { of_page.clone() })
        };
        let names =
            |columns: &Columns| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&columns), "{view}");
        let expected: Columns = columns.iter().zip(&found).map(told).collect();
        assert_eq!(found, expected, "{view}");
    }
    drop(store);
}

fn of_sqlite(path: &str, view: &str) -> Columns {
    let sql = rusqlite::Connection::open(path).expect("opened");
    let mut asked = sql.prepare(&format!("select * from windlass_{view}")).expect("a view");
    assert!(asked.query([]).expect("asked").next().expect("asked").is_none(), "{view}");
    let mut asked = sql.prepare(&format!("pragma table_info(windlass_{view})")).expect("asked");
    let column = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get::<_, String>(2)?));
    let rows = asked.query_map([], column).expect("asked");
    let written = |kind: String| match kind.to_lowercase().as_str() {
        "int" | "num" => "integer".to_owned(),
        other => other.to_owned(),
    };
    rows.map(|row| row.map(|(name, kind)| (name, written(kind))).expect("read")).collect()
}

async fn of_postgres(database: &TestDatabase, view: &str) -> Columns {
    let connection = connect(database).await;
    let client = &connection.client;
    let rows = client.query(&format!("select * from windlass.{view}"), &[]).await.expect("asked");
    assert!(rows.is_empty(), "{view}");
    let columns = "select column_name::text, data_type::text from information_schema.columns \
         where table_schema = 'windlass' and table_name = $1 order by ordinal_position";
    let rows = client.query(columns, &[&view]).await.expect("asked");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
