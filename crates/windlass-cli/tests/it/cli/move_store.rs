//! `windlass move`, from a file to a server and to another file.

use std::sync::Arc;

use windlass_testkit::database::{PostgresDatabase, SqliteFile};
use windlass_testkit::draft::jobs;
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::settlement;

use super::archive::{Stores, all_pages, block_on, jobs_of, lines};
use crate::work_fixture::until;

fn to_postgres() -> Stores {
    Stores::between(Arc::new(SqliteFile::fresh()), Arc::new(PostgresDatabase::fresh()))
}

fn to_sqlite() -> Stores {
    Stores::between(Arc::new(SqliteFile::fresh()), Arc::new(SqliteFile::fresh()))
}

fn between_servers() -> Stores {
    Stores::between(Arc::new(PostgresDatabase::fresh()), Arc::new(PostgresDatabase::fresh()))
}

impl Stores {
    fn moved(&self) -> serde_json::Value {
        let said = self.cli.ok(&["move", &self.from.url(), &self.to.url(), "--json"]);
        serde_json::from_str(&said).expect("a document")
    }
}

/// All rows are in the other store as they were, epoch and positions too, and the first one is out of use until a person says otherwise.
fn everything_is_there(stores: &Stores) {
    stores.fill();
    stores.backup("before.windlass");
    let moved = stores.moved();
    assert_eq!((&moved["schema"], &moved["before"]), (&"move.v1".into(), &0.into()));
    stores.ok(&["backup", "after.windlass"], &stores.to.url());
    let apart: Vec<_> = lines(stores, "before.windlass")
        .symmetric_difference(&lines(stores, "after.windlass"))
        // Counters of what SQLite does not count, and sums by the day they may be pruned.
        .filter(|line| !line.contains(r#""table":"counter""#))
        .cloned()
        .collect();
    assert!(apart.is_empty(), "{apart:#?}");
    let epoch = |url: &str| {
        block_on(async {
            windlass::open_archive(url).await.expect("opened").look().await.expect("read")
        })
    };
    assert_eq!(epoch(&stores.from.url()).jobs, epoch(&stores.to.url()).jobs);

    for args in [&["enqueue", "good"][..], &["status"], &["work", "--once"]] {
        let ran = stores.run(args, &stores.from.url());
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.stderr);
        assert!(
            ran.error().contains("was moved to") && ran.error().contains("--undo"),
            "{}",
            ran.stderr
        );
    }
    let again = stores.cli.run(&["move", &stores.from.url(), &stores.to.url()]);
    assert_eq!(again.code, 4, "the other one is not empty: {}", again.stderr);
    stores.ok(&["enqueue", "good"], &stores.to.url());
    stores.ok(&["status"], &stores.to.url());
}

#[test]
fn everything_is_there_on_a_server() {
    everything_is_there(&to_postgres());
}

#[test]
fn everything_is_there_in_another_file() {
    everything_is_there(&to_sqlite());
}

#[test]
fn everything_is_there_on_another_server() {
    everything_is_there(&between_servers());
}

/// I-L3: a job that ran comes as one that is lost; who claimed it in the first store finishes nothing in the other one.
#[test]
fn a_running_job_is_taken_back_where_it_was_moved_to() {
    let stores = to_postgres();
    block_on(async {
        let before = StoreFixture::on(Arc::clone(&stores.from)).await;
        let ids = before.enqueue(jobs(2)).await;
        let worker = before.worker().await;
        let batch = worker.claim(2).await;
        let ran = stores.cli.run(&["move", &stores.from.url(), &stores.to.url()]);
        assert_eq!(ran.code, 4, "its worker lives: {}", ran.stderr);
        assert!(ran.error().contains("workers live"), "{}", ran.stderr);
        before.enqueue(jobs(1)).await;
        let connection =
            rusqlite::Connection::open(stores.from.url().trim_start_matches("sqlite:"));
        let gone = connection.expect("opened").execute("delete from windlass_worker", []);
        assert_eq!(gone.expect("it is gone without a word"), 1);
        assert_eq!(stores.moved()["running"], 2);

        let after = StoreFixture::on(Arc::clone(&stores.to)).await;
        let late = [settlement(&batch, 0, complete()), settlement(&batch, 1, complete())];
        let answers = after.store().settle(worker.id(), &late, after.now()).await.expect("asked");
        assert_eq!(answers, [windlass::job::Settled::Lost; 2]);
        let other = after.worker().await;
        assert_eq!(other.sweep().await.rescued, 2);
        for id in ids {
            after.check_job(id, "available, attempt 1, failures 1, losses 1, history lost").await;
        }
    });
}

/// Who has the first store open writes nothing more into it.
fn who_has_it_open_is_refused(stores: &Stores) {
    block_on(async {
        let before = StoreFixture::on(Arc::clone(&stores.from)).await;
        let id = before.enqueue_one(windlass_testkit::draft::job()).await;
        stores.moved();
        let job = windlass_testkit::draft::job().done();
        let refused = before.try_enqueue(&[job]).await.expect_err("refused").to_string();
        assert!(refused.contains("goes to another one"), "{refused}");
        let cancelled = before.store().cancel(&[id], "no", before.now()).await;
        assert!(cancelled.is_err(), "{cancelled:?}");
        stores.cli.ok(&["move", "--undo", &stores.from.url()]);
        before.enqueue(jobs(1)).await;
    });
}

#[test]
fn who_has_a_file_open_is_refused() {
    who_has_it_open_is_refused(&to_postgres());
}

#[test]
fn who_has_a_server_open_is_refused() {
    who_has_it_open_is_refused(&between_servers());
}

/// A move that is killed leaves both stores closed, and goes on where it was.
fn a_killed_move_goes_on(stores: &Stores) {
    const JOBS: usize = 60_000;
    block_on(async {
        let before = StoreFixture::on(Arc::clone(&stores.from)).await;
        for _ in 0..JOBS / 5_000 {
            before.enqueue(jobs(5_000)).await;
        }
    });
    let (from, to) = (stores.from.url(), stores.to.url());
    let mut child = stores.cli.command(&["move", &from, &to]).spawn().expect("it starts");
    until("some rows have come", || {
        let ran = stores.run(&["status"], &to);
        ran.stderr.contains("is being filled") && some_are_there(&to)
    });
    child.kill().expect("killed");
    let ended = child.wait().expect("ended");
    assert!(!ended.success(), "it was not done yet");
    let ran = stores.run(&["enqueue", "good"], &from);
    assert!(ran.stderr.contains("is being moved to") && ran.code == 1, "{}", ran.stderr);
    let ran = stores.run(&["enqueue", "good"], &to);
    assert!(ran.stderr.contains("is being filled from") && ran.code == 1, "{}", ran.stderr);
    let moved = stores.moved();
    let was_there = moved["before"].as_u64().expect("a number");
    assert!((5_000..JOBS as u64 + 10).contains(&was_there), "{moved}");
    block_on(async {
        let all = jobs_of(&all_pages(&to).await);
        let once: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), once.len()), (JOBS, JOBS));
    });
}

/// Whether a page has been committed.
fn some_are_there(url: &str) -> bool {
    block_on(async {
        let archive = windlass::open_archive(url).await.expect("opened");
        archive.look().await.is_ok_and(|standing| standing.jobs > 0)
    })
}

#[test]
fn a_killed_move_to_a_server_goes_on() {
    a_killed_move_goes_on(&to_postgres());
}

#[test]
fn a_killed_move_to_a_file_goes_on() {
    a_killed_move_goes_on(&to_sqlite());
}

/// Bad input: what cannot be moved is refused, and both stores are as they were.
#[test]
fn what_cannot_be_moved_is_refused() {
    let stores = to_postgres();
    stores.fill();
    stores.ok(&["enqueue", "other"], &stores.to.url());
    let (from, to) = (stores.from.url(), stores.to.url());
    let cases: [(&[&str], i32, &str); 6] = [
        (&["move", &from, &from], 2, "the same store"),
        (&["move", &to, "sqlite:x.db"], 2, "cannot be moved into SQLite"),
        (&["move", "sqlite:none.db", &to], 6, "there is no database"),
        (&["move", &from, &to], 4, "both stores are as they were"),
        (&["move", "--undo", &from], 3, "nothing was moved"),
        (&["move", "discard:", &to], 2, "keeps nothing"),
    ];
    for (args, code, said) in cases {
        let ran = stores.cli.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.error().contains(said), "{args:?}: {}", ran.stderr);
    }
    stores.ok(&["enqueue", "good"], &from);
    stores.ok(&["enqueue", "good"], &to);
}
