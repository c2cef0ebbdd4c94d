//! `windlass sql`, on both stores.

use serde_json::{Value, json};

use super::archive::{Stores, block_on};
use super::fixture::Ran;

on_both_stores! {
    /// T28: the question of the page about what fails most is answered, with the types of its values.
    a_question_is_answered;
    /// T28: every value has the type that JSON has for it.
    values_have_their_types;
    /// S-37: what others wrote is escaped, names of columns too.
    what_strangers_wrote_is_escaped;
    /// T28: an answer has so many rows, and says that there are more.
    an_answer_is_cut_and_says_so;
    /// Bad input: nothing is written by a question, however it is asked.
    a_question_writes_nothing;
    /// S-35: digests of tokens, keys of requests and every other table are not read, however they are named.
    only_views_are_read;
    /// Bad input: what is not one question is refused in one line, and one that takes too long is ended.
    what_is_not_a_question_is_refused;
    /// T28: the views are listed with their columns, and a name that is none has its neighbour named.
    views_are_listed;
}

/// A store of a test, which questions are asked.
struct Asking<'a> {
    stores: &'a Stores,
    url: String,
    /// What stands before a view's name.
    prefix: &'static str,
}

impl<'a> Asking<'a> {
    fn of(stores: &'a Stores) -> Self {
        let url = stores.from.url();
        let prefix = if url.starts_with("sqlite:") { "windlass_" } else { "" };
        stores.ok(&["migrate"], &url);
        for args in [
            &["token", "create", "ci", "--scope", "enqueue"][..],
            &["publish", "order.paid", "order=42"],
            &["publish", "order.open", "order=43"],
            &["enqueue", "good", "id=7", "--queue", "mail"],
            &["enqueue", "bad", "--queue", "media"],
            &["enqueue", "flaky", "--queue", "crm"],
        ] {
            stores.ok(args, &url);
        }
        let config = stores.cli.path("windlass.toml");
        stores.ok(&["work", "--once", "--config", &config.display().to_string()], &url);
        Self { stores, url, prefix }
    }

    fn is_sqlite(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// The text with the names that views have here.
    fn named(&self, sql: &str) -> String {
        sql.replace('#', self.prefix)
    }

    fn run(&self, sql: &str) -> Ran {
        self.stores.run(&["sql", &self.named(sql)], &self.url)
    }

    fn json(&self, sql: &str) -> Value {
        let said = self.stores.ok(&["sql", &self.named(sql), "--json"], &self.url);
        serde_json::from_str(&said).expect("a document")
    }

    /// All rows of all tables, as a backup has them.
    fn rows(&self, name: &str) -> std::collections::BTreeSet<String> {
        self.stores.ok(&["backup", name, "--with-tokens"], &self.url);
        super::archive::lines(self.stores, name)
    }
}

fn a_question_is_answered(stores: &Stores) {
    let asking = Asking::of(stores);
    let failures = "select kind, count(*) as failures from #attempt where outcome = 'error' group by kind order by kind";
    assert_eq!(
        asking.json(failures),
        json!([{ "kind": "bad", "failures": 1 }, { "kind": "flaky", "failures": 1 }])
    );
    let ran = asking.run(failures);
    assert_eq!((ran.code, &*ran.stdout), (0, "kind\tfailures\nbad\t1\nflaky\t1\n"));
    let named = asking.named(failures);
    let ran = stores.cli.run_with_stdin(&["sql", "-", "--store", &asking.url], named.as_bytes());
    assert_eq!((ran.code, &*ran.stdout), (0, "kind\tfailures\nbad\t1\nflaky\t1\n"));
    for view in ["attempt", "batches", "events", "job", "job_log", "job_progress", "job_step"] {
        assert!(asking.json(&format!("select * from #{view}")).is_array(), "{view}");
    }
    let with = "with late as (select * from #job where state = 'dead'), paid as (select * from #events) \
        select (select count(*) from late) as dead, (select count(*) from paid) as events, w.n \
        from (values (7)) as w (n)";
    let sqlite = with.replace("w.n", "w.column1 as n").replace("as w (n)", "as w");
    let with = if asking.is_sqlite() { &sqlite } else { with };
    assert_eq!(asking.json(with), json!([{ "dead": 1, "events": 2, "n": 7 }]));
}

fn values_have_their_types(stores: &Stores) {
    let asking = Asking::of(stores);
    if asking.is_sqlite() {
        let all = "select 'a' as t, -7 as w, 1.5 as r, 9e999 as i, null as n, x'00ff' as b, 1 as t, (select value from json_each('[3]')) as j";
        assert_eq!(
            asking.json(all),
            json!([{ "t": "a", "w": -7, "r": 1.5, "i": "inf", "n": null, "b": "00ff", "t_2": 1, "j": 3 }])
        );
        assert_eq!(asking.json("select length(id) as n from #job limit 1"), json!([{ "n": 16 }]));
        return;
    }
    let all = "select 'a' as t, -7 as w, 1.5 as r, 'NaN'::float8 as i, null as n, '\\x00ff'::bytea as b, 1 as t, true as y, \
        '{\"a\":\n[1]}'::json as j, array['a b', null] as l, '2026-11-21 02:00:00.5+02'::timestamptz as at, \
        '00000000-0000-0000-0000-000000000001'::uuid as u, 12345678901234567890.5::numeric as d, '{}'::text[] as e";
    assert_eq!(
        asking.json(all),
        json!([{ "t": "a", "w": -7, "r": 1.5, "i": "NaN", "n": null, "b": "00ff", "t_2": 1, "y": true, "j": { "a": [1] },
            "l": ["a b", null], "at": "2026-11-21T00:00:00.5Z", "u": "00000000-0000-0000-0000-000000000001",
            "d": 12_345_678_901_234_567_890.5, "e": [] }])
    );
    let said =
        asking.stores.ok(&["sql", "select 12345678901234567890.50 as d", "--json"], &asking.url);
    assert!(said.contains("12345678901234567890.50"), "all digits: {said}");
    // Large values are kept apart from their rows there.
    let large = "x".repeat(100_000);
    let args = format!("{{\"a\":\"{large}\"}}");
    let file = stores.cli.file("large.json", args.as_bytes());
    stores.ok(&["enqueue", "large", &file], &asking.url);
    let said = asking.json("select length(args) as n, args from job where kind = 'large'");
    assert_eq!((&said[0]["n"], said[0]["args"].as_str()), (&json!(100_008), Some(args.as_str())));
}

fn what_strangers_wrote_is_escaped(stores: &Stores) {
    let asking = Asking::of(stores);
    let red = "select 'a\u{1b}[31m' as \"b\u{1b}c\"";
    for args in [&["sql", red, "-o", "table"][..], &["sql", red, "-o", "plain"]] {
        let said = stores.ok(args, &asking.url);
        assert!(!said.contains('\u{1b}') && said.contains(r"a\u{1b}[31m"), "{said}");
    }
    let ran = asking.run("select * from \"\u{1b}[31m\"");
    assert!(ran.code != 0 && !ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

fn an_answer_is_cut_and_says_so(stores: &Stores) {
    let asking = Asking::of(stores);
    let endless =
        "with recursive n (i) as (select 1 union all select i + 1 from n) select i from n";
    let ran = asking.run(endless);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 1_001), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 000 rows; more are left out; say --limit"), "{}", ran.stderr);
    let ran = stores.run(&["sql", endless, "--limit", "2", "--json"], &asking.url);
    assert_eq!(ran.code, 0);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!(rows, json!([{ "i": 1 }, { "i": 2 }]));
    assert!(ran.stderr.contains("more are left out"), "{}", ran.stderr);
    let ran = asking.run("select 1 as one");
    assert_eq!((&*ran.stdout, &*ran.stderr), ("one\n1\n", ""), "all is there");
    let large = match asking.is_sqlite() {
        true => {
            "with recursive n (i) as (select 1 union all select i + 1 from n) select hex(zeroblob(500000)) as x from n"
        }
        false => "select repeat('x', 1000000) as x from generate_series(1, 1000)",
    };
    let ran = asking.run(large);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("because these are large"), "{}", ran.stderr);
    assert!(ran.stdout.len() < 40_000_000, "{}", ran.stdout.len());
}

fn a_question_writes_nothing(stores: &Stores) {
    let asking = Asking::of(stores);
    let before = asking.rows("before.windlass");
    let into = stores.cli.path("into.db").display().to_string();
    let sqlite = [
        "insert into windlass_enqueue (kind, args) values ('k', '{}')",
        "insert into windlass_job (id) values (1) returning id",
        "update windlass_pending set kind = 'x' returning kind",
        "delete from windlass_pending",
        "with d as (select 1) delete from windlass_pending returning 1",
        "create table t (a)",
        "create temp table windlass_job (a)",
        "create temp view windlass_x as select * from windlass_token",
        "drop table windlass_pending",
        "alter table windlass_pending add column x",
        "pragma query_only = off",
        "pragma journal_mode = delete",
        "pragma user_version = 7",
        "select * from pragma_user_version(7)",
        "select * from pragma_journal_mode('delete')",
        "attach 'other.db' as o",
        "begin immediate",
        "commit",
        "savepoint s",
        "reindex",
        "analyze",
        "select load_extension('x')",
        "select writefile('x', 'y')",
        "explain select 1",
        &format!("vacuum into '{into}'"),
        "vacuum",
    ];
    let postgres = [
        "insert into windlass.queue (name) values ('x')",
        "with w as (insert into windlass.queue (name) values ('x') returning name) select * from w",
        "update pending set kind = 'x'",
        "delete from pending",
        "truncate pending",
        "create table t (a int)",
        "create temp table t (a int)",
        "select 1 as a into t",
        "drop view windlass.job",
        "set transaction read write",
        "set session characteristics as transaction read write",
        "reset all",
        "commit",
        "rollback",
        "begin",
        "select windlass.enqueue('k', '{}')",
        "select windlass.publish('a', '{}')",
        "select set_config('transaction_read_only', 'off', true), windlass.enqueue('k', '{}')",
        "select set_config('transaction_read_only', 'off', false) from windlass.job where windlass.enqueue('k', '{}') is not null",
        "select nextval(c.oid) from pg_class c where relkind = 'S'",
        "select * from job for update",
        "copy (select 1) to program 'touch /tmp/windlass-was-here'",
        "copy job to stdout",
        "do $$ begin perform windlass.enqueue('k', '{}'); end $$",
        "call pg_catalog.now()",
        "lock table pending",
        "notify a, 'b'",
        "listen a",
        "prepare p as select 1",
        "execute p",
        "close all",
        "move forward 1 from windlass_question",
        "explain analyze select windlass.enqueue('k', '{}')",
        "vacuum",
        "load 'plpgsql'",
        "select pg_catalog.query_to_xml('select windlass.enqueue(''k'', ''{}'')', true, false, '')",
    ];
    for sql in if asking.is_sqlite() { &sqlite[..] } else { &postgres[..] } {
        let ran = asking.run(sql);
        assert!([2, 3, 5].contains(&ran.code), "{sql}: {} {}{}", ran.code, ran.stdout, ran.stderr);
        assert!(ran.stdout.is_empty() && ran.error().len() > 20, "{sql}: {}", ran.stdout);
    }
    let after = asking.rows("after.windlass");
    let apart: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(apart.is_empty(), "{apart:#?}");
    assert!(!stores.cli.path("into.db").exists() && !stores.cli.path("other.db").exists());
}

fn only_views_are_read(stores: &Stores) {
    let asking = Asking::of(stores);
    block_on(async {
        // What a request with a key leaves behind.
        let client = windlass::Client::new(stores.from.open().await.expect("opened"));
        let tokens = client.store().tokens().await.expect("listed");
        assert_eq!(tokens.len(), 1, "there is something to be read");
    });
    let sqlite = [
        "select * from windlass_token",
        "select 1 from windlass_token",
        "select count(*) from main.windlass_token",
        "select digest from \"windlass_token\"",
        "with windlass_job as (select * from windlass_token) select * from windlass_job",
        "with windlass_attempt as (select * from windlass_pending) select * from windlass_attempt",
        "select * from (select digest from windlass_token) as windlass_job",
        "select * from windlass_job where exists (select 1 from windlass_token where name like 'c%')",
        "select (select digest from windlass_token)",
        "select j.* from windlass_job j natural join windlass_token",
        "select * from windlass_request",
        "select * from windlass_pending",
        "select args from windlass_finished",
        "select * from sqlite_schema",
        "select sql from sqlite_master",
        "select * from temp.sqlite_master",
        "select * from pragma_table_info('windlass_token')",
        "select * from pragma_database_list",
        "select 1 from dbstat",
        "select count(*) from SQLITE_SCHEMA",
        "select count(*) from Pragma_Table_List",
        "select count(*) from sqlite_stmt",
        "select * from windlass_token()",
        "values ((select count(*) from windlass_token))",
        "select 1 union all select digest from windlass_token",
        "select 1 order by (select digest from windlass_token)",
        "select 1 limit (select length(digest) from windlass_token)",
    ];
    let postgres = [
        "select * from token",
        "select * from windlass.token",
        "select count(*) from windlass.token",
        "table windlass.token",
        "with job as (select * from windlass.token) select * from job",
        "select * from job where exists (select 1 from windlass.token where name like 'c%')",
        "select (select name from windlass.token)",
        "select * from job natural join windlass.token",
        "select * from windlass.request",
        "select * from pg_authid",
        "select * from pg_catalog.pg_shadow",
        "select query_to_xml('select * from windlass.token', true, false, '')",
        "select table_to_xml('windlass.token', true, false, '')",
        "select ('x' || query_to_xml('select name from windlass.token', true, false, ''))::int",
        "select 1 from job where kind = query_to_xml('select name from windlass.token', true, false, '')::text",
        "select 1 union all select 2 from windlass.token",
        "select 1 limit (select count(*) from windlass.token)",
    ];
    for sql in if asking.is_sqlite() { &sqlite[..] } else { &postgres[..] } {
        let ran = asking.run(sql);
        assert!([2, 3].contains(&ran.code), "{sql}: {} {}{}", ran.code, ran.stdout, ran.stderr);
        assert!(ran.stdout.is_empty(), "{sql}: {}", ran.stdout);
        assert!(!ran.stderr.contains("<name>"), "{sql}: {}", ran.stderr);
    }
}

fn what_is_not_a_question_is_refused(stores: &Stores) {
    let asking = Asking::of(stores);
    let refused = |sql: &str, code: i32, said: &str| {
        let ran = stores.run(&["sql", &asking.named(sql), "--timeout", "1s"], &asking.url);
        assert_eq!(ran.code, code, "{sql:.60}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.error().contains(said), "{sql:.60}: {}", ran.stderr);
        assert!(ran.stderr.len() < 2_000, "{sql:.60}: {}", ran.stderr.len());
    };
    refused("", 2, "the question is empty");
    refused(";", 2, "not a question");
    refused("/* nothing */", 2, "");
    refused("select 1; select 2", 2, "more than one statement");
    refused("select 1; delete from #job", 2, "");
    refused("select 'a", 2, "");
    refused("select from where", 2, "syntax error");
    refused("hello", 2, "");
    refused("select nothing from #job", 2, "nothing");
    refused("select $1 as a", 2, "parameter");
    let endless =
        "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n";
    refused(endless, 7, "there is no answer after 1s");
    if !asking.is_sqlite() {
        refused("select pg_sleep(1000)", 7, "there is no answer after 1s");
        refused("select set_config('statement_timeout', '0', false), pg_sleep(1000)", 7, "");
        refused("select 1 / 0", 2, "division by zero");
    } else {
        refused("select zeroblob(1000000000)", 2, "too big");
    }
    refused(&format!("select '{}'", "x".repeat(70_000)), 2, "above the limit");
    let large = "x".repeat(10_000_000);
    for (stdin, said) in [
        (large.as_bytes(), "above the limit"),
        (b"select '\0'", "NUL character at byte 8"),
        (b"select '\xff'", "invalid UTF-8 at byte 8"),
    ] {
        let ran = stores.cli.run_with_stdin(&["sql", "-", "--store", &asking.url], stdin);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.error().contains(said), "{}", ran.stderr);
    }
    let ran = stores.run(&["sql", "select 1"], "sqlite:none.db");
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(!stores.cli.path("none.db").exists(), "a look makes no store");
}

fn views_are_listed(stores: &Stores) {
    let asking = Asking::of(stores);
    let said = stores.ok(&["sql", "--views", "--json"], &asking.url);
    let views: Vec<Value> = serde_json::from_str(&said).expect("a document");
    let names: Vec<_> = views.iter().map(|view| view["view"].as_str().expect("a name")).collect();
    assert_eq!(names, windlass::question::VIEWS.map(|name| asking.named(&format!("#{name}"))));
    let kind = |view: usize, column: usize| views[view]["columns"][column].to_string();
    assert!(kind(3, 0).contains(r#""name":"id""#), "{}", kind(3, 0));
    let plain = stores.ok(&["sql", "--views"], &asking.url);
    assert!(plain.contains(&asking.named("#job\tkind\ttext\n")), "{plain}");
    let ran = asking.run("select * from #jobs");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let near = asking.named("did you mean `#job`?");
    assert!(ran.error().contains(&near), "{}", ran.stderr);
    let ran = asking.run("select * from queue_stat");
    assert!(ran.error().contains(&asking.named("did you mean `#queue_stats`?")), "{}", ran.stderr);
    assert_eq!(stores.run(&["sql"], &asking.url).code, 2);
    let ran = stores.run(&["sql", "select 1"], "discard:");
    assert!(ran.code != 0 && ran.error().contains("keeps nothing"), "{}", ran.stderr);
}

/// S-35: a role that has what the page grants asks the views, and reads nothing else by any path.
#[test]
fn the_role_of_the_page_reads_the_views_alone() {
    let stores = Stores::postgres();
    let asking = Asking::of(&stores);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let grants = page.split("```sql\ncreate role asks").nth(1).expect("grants");
    let grants = format!("create role asks{}", grants.split("```").next().expect("an end"));
    // The cluster is shared: another test may have made the role.
    let name = format!("asks_{}", std::process::id());
    execute(&asking.url, &grants.replace("asks", &name));
    let url = as_user(&asking.url, &name);
    let ran = |sql: &str| stores.run(&["sql", sql], &url);
    assert_eq!(ran("select count(*) as n from events").stdout, "n\n2\n");
    assert_eq!(ran("select count(*) as n from windlass.job").code, 0);
    for view in windlass::question::VIEWS {
        let ran = ran(&format!("select * from {view}"));
        assert_eq!(ran.code, 0, "{view}: {}", ran.stderr);
    }
    for sql in [
        "select * from windlass.token",
        "select ('x' || query_to_xml('select name from windlass.token', true, false, ''))::int",
        "select set_config('role', 'none', true), query_to_xml('select * from windlass.token', true, false, '')",
        "select windlass.enqueue('k', '{}')",
        "select pg_read_file('/etc/passwd')",
    ] {
        let ran = ran(sql);
        assert!([2, 5].contains(&ran.code), "{sql}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.is_empty() && !ran.stderr.contains("'x'"), "{sql}: {}", ran.stdout);
    }
    let left = format!("drop owned by {name}; drop role {name}");
    execute(&asking.url, &left);
}

/// Executes these statements on a connection of its own.
fn execute(url: &str, statements: &str) {
    block_on(async {
        let config: tokio_postgres::Config = url.parse().expect("a URL");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("connected");
        let executed = async {
            client.batch_execute(statements).await.expect("executed");
            drop(client);
        };
        let ((), driven) = tokio::join!(executed, connection);
        driven.expect("no error");
    });
}

/// The URL with another user in it.
fn as_user(url: &str, user: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    format!("postgres://{user}@{host}")
}
