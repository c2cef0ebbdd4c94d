//! `windlass backup` and `windlass restore`, on both stores.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use windlass::archive::{Fence, Onto, Page, TABLES, Value};
use windlass::batch::{Step, Workflow};
use windlass::job::Settled;
use windlass::{JobId, State};
use windlass_testkit::database::{Database, PostgresDatabase, SqliteFile};
use windlass_testkit::draft::jobs;
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::verdicts::{complete, die};
use windlass_testkit::worker::{job_ids, settlement};

use super::fixture::{CliFixture, Ran};

/// Runs each behaviour, a `fn(Stores)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            $($(#[$doc])* #[test] fn $name() { super::$name(&super::Stores::sqlite()); })+
        }
        mod postgres {
            $($(#[$doc])* #[test] fn $name() { super::$name(&super::Stores::postgres()); })+
        }
    };
}

on_both_stores! {
    /// F-39: the page on backups: all that a store holds comes back in another one.
    everything_comes_back;
    /// F-39, I-L1: who claimed a job before the restore cannot finish it, and the job is taken back as lost.
    a_worker_of_before_is_refused;
    /// F-39: readers see that the log is not the one that they knew, and positions stay.
    the_log_has_a_new_epoch;
    /// S-35, S-39: a backup is its owner's alone, replaces nothing unasked, follows no link, and has no tokens.
    a_backup_is_private;
    /// F-29: what was changed since it was written, or is cut off, is refused, and nothing is written.
    a_damaged_file_is_refused;
    /// Bad input: a store in which something is, or where somebody works, is left as it is.
    a_store_in_use_is_not_replaced;
    /// F-39: a restore that is given up has changed nothing.
    a_restore_that_is_given_up_changes_nothing;
    /// F-39, I-D1: under load nothing that was acknowledged before is missing, and nothing is there twice.
    a_backup_under_load_is_whole;
}

/// A database, an empty one beside it, and a command line.
pub(super) struct Stores {
    pub(super) cli: CliFixture,
    pub(super) from: Arc<dyn Database>,
    pub(super) to: Arc<dyn Database>,
}

impl Stores {
    pub(super) fn between(from: Arc<dyn Database>, to: Arc<dyn Database>) -> Self {
        Self { cli: CliFixture::new(), from, to }
    }

    pub(super) fn sqlite() -> Self {
        Self::between(Arc::new(SqliteFile::fresh()), Arc::new(SqliteFile::fresh()))
    }

    pub(super) fn postgres() -> Self {
        Self::between(Arc::new(PostgresDatabase::fresh()), Arc::new(PostgresDatabase::fresh()))
    }

    pub(super) fn run(&self, args: &[&str], url: &str) -> Ran {
        self.cli.run(&[args, &["--store", url]].concat())
    }

    pub(super) fn ok(&self, args: &[&str], url: &str) -> String {
        self.cli.ok(&[args, &["--store", url]].concat())
    }

    pub(super) fn backup(&self, name: &str) -> serde_json::Value {
        let said = self.ok(&["backup", name, "--json"], &self.from.url());
        serde_json::from_str(&said).expect("a document")
    }

    fn restore(&self, name: &str) -> serde_json::Value {
        let said = self.ok(&["restore", name, "--json"], &self.to.url());
        serde_json::from_str(&said).expect("a document")
    }

    /// Something in most tables.
    pub(super) fn fill(&self) {
        let url = &self.from.url();
        let said = |args: &[&str]| self.ok(args, url);
        said(&["migrate"]);
        for args in [
            &["queue", "bound", "import", "--jobs", "10000"][..],
            &["queue", "age", "mail", "--every", "5m"],
            &["queue", "pause", "crm", "--note", "a \"note\" with ünicode"],
            &["kind", "pause", "later", "--note", "not yet"],
            &["limit", "set", "queue:mail", "--running", "20", "--reserve", "good=5"],
            &["limit", "set", "queue:media", "--rate", "100", "--per", "1m", "--burst", "10"],
            &[
                "limit",
                "set",
                "kind:bad",
                "--break-after",
                "5",
                "--within",
                "1m",
                "--open-for",
                "30s",
            ],
            &["schedule", "add", "nightly", "30 2 * * *", "report", "--zone", "Europe/Berlin"],
            &["subscription", "add", "paid", "--kind", "receipt", "--type", "order.*"],
            &["subscription", "add", "gone", "--kind", "gone", "--type", "gone.*"],
            &["subscription", "remove", "gone"],
            &["alert", "mute", "queue.stalled", "--note", "moving"],
            &["worker", "require", "shop 2.14.0"],
            &["token", "create", "ci", "--scope", "enqueue"],
            &["publish", "order.paid", "order=42", "--id", "42", "--source", "/shop"],
            &["publish", "order.open", "order=43", "--subject", "order/43"],
            &["signal", "came:1", "by=ann"],
            &[
                "enqueue",
                "good",
                "id=7",
                "--queue",
                "mail",
                "--tag",
                "billing",
                "--subject",
                "customer=42",
            ],
            &["enqueue", "good", "--queue", "mail", "--unique", "u 1"],
            &["enqueue", "good", "--queue", "mail", "--unique", "u 1"],
            &["enqueue", "bad", "--queue", "media"],
            &["enqueue", "flaky", "--queue", "crm", "--lane", "l 1"],
            &["enqueue", "flaky", "--queue", "crm", "--fair", "t 1", "--expires", "5d"],
            &[
                "enqueue",
                "waits",
                "--on-signal",
                "comes:1",
                "--on-signal",
                "came:1",
                "--deadline",
                "9d",
            ],
        ] {
            said(args);
        }
        block_on(async {
            let client = windlass::Client::new(self.from.open().await.expect("opened"));
            let job = |kind: &str| windlass_testkit::draft::job().kind(kind).done();
            let workflow = Workflow::new("vm.provision")
                .key("vm-on-h1")
                .step(Step::new("boot", job("boot")).after(["volume"]))
                .step(Step::new("volume", job("volume")).undo(job("undo")));
            client.start(workflow).await.expect("started");
        });
        let config = self.cli.path("windlass.toml");
        self.ok(&["work", "--once", "--config", &config.display().to_string()], url);
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// The lines of a file without what is another one each time: its head, its end, and epochs.
pub(super) fn lines(stores: &Stores, name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(stores.cli.path(name)).expect("a file");
    let all: Vec<&str> = text.lines().collect();
    let mut table = String::new();
    let mut kept = BTreeSet::new();
    for line in &all[1..all.len() - 1] {
        if line.starts_with('{') {
            (*line).clone_into(&mut table);
        }
        if !table.contains(r#""table":"log""#) || line.starts_with('{') {
            // PostgreSQL writes a blank behind the colons of its JSON.
            kept.insert(format!("{table} {line}").replace("\\\": ", "\\\":"));
        }
    }
    kept
}

fn everything_comes_back(stores: &Stores) {
    stores.fill();
    let backup = stores.backup("one.windlass");
    assert_eq!((&backup["schema"], &backup["tokens"]), (&"backup.v1".into(), &false.into()));
    let restored = stores.restore("one.windlass");
    assert_eq!((&restored["schema"], &restored["rows"]), (&"restore.v1".into(), &backup["rows"]));
    stores.ok(&["backup", "two.windlass"], &stores.to.url());
    let (one, two) = (lines(stores, "one.windlass"), lines(stores, "two.windlass"));
    let apart: Vec<_> = one.symmetric_difference(&two).collect();
    assert!(apart.is_empty(), "{apart:#?}");
    let tables = one.iter().filter(|line| line.contains("} [")).count();
    assert!(tables > 25, "the file has rows of most tables: {one:#?}");
    let is_of_stats =
        |line: &String| line.contains(r#""table":"stats_row""#) && line.contains("} [");
    assert!(one.iter().any(is_of_stats), "what jobs did comes with them: {one:#?}");
    // It works as any other: what waited goes on, keys are held, ids are new ones.
    let url = &stores.to.url();
    stores.ok(&["signal", "comes:1"], url);
    let again = stores.ok(&["enqueue", "good", "--queue", "mail", "--unique", "u 2"], url);
    assert!(again.starts_with("job_"), "{again}");
    let said =
        stores.ok(&["subscription", "add", "new", "--kind", "k", "--type", "new.*", "--json"], url);
    assert!(said.contains("new"), "{said}");
}

fn a_worker_of_before_is_refused(stores: &Stores) {
    block_on(async {
        let before = StoreFixture::on(Arc::clone(&stores.from)).await;
        let ids = before.enqueue(jobs(3)).await;
        let worker = before.worker().await;
        let batch = worker.claim(3).await;
        stores.backup("claimed.windlass");
        let restored = stores.restore("claimed.windlass");
        assert_eq!(restored["running"], 3);

        let after = StoreFixture::on(Arc::clone(&stores.to)).await;
        let late: Vec<_> = (0..3).map(|nth| settlement(&batch, nth, complete())).collect();
        let answers = after.store().settle(worker.id(), &late, after.now()).await.expect("asked");
        assert_eq!(answers, [Settled::Lost; 3]);
        let released = after.store().release(worker.id(), batch.lease, after.now()).await;
        assert_eq!(released.expect("asked"), 0);

        let other = after.worker().await;
        assert_eq!(other.sweep().await.rescued, 3);
        for id in &ids {
            after.check_job(*id, "available, attempt 1, failures 1, losses 1, history lost").await;
        }
        let again = other.claim(3).await;
        assert_eq!(BTreeSet::from_iter(job_ids(&again)), BTreeSet::from_iter(ids));
        assert_eq!(other.settle_all(&again, &complete()).await, [Settled::Done; 3]);
        let answers = after.store().settle(worker.id(), &late, after.now()).await.expect("asked");
        assert_eq!(answers, [Settled::Lost; 3]);
    });
}

fn the_log_has_a_new_epoch(stores: &Stores) {
    stores.fill();
    stores.backup("log.windlass");
    let restored = stores.restore("log.windlass");
    block_on(async {
        let log = async |database: &Arc<dyn Database>| {
            let store = database.open().await.expect("opened");
            windlass::Client::new(store).event_log().await.expect("read")
        };
        let (before, after) = (log(&stores.from).await, log(&stores.to).await);
        assert_eq!(restored["epoch"], after.epoch);
        assert!(after.epoch > before.epoch + 1_000_000, "it is the moment in seconds");
        assert_eq!((after.last, after.routed), (before.last, before.routed));
        assert!(after.revision > before.revision, "who knew the old one can feed nothing");
    });
}

fn a_backup_is_private(stores: &Stores) {
    let url = &stores.from.url();
    stores.fill();
    let path = stores.cli.path("b.windlass");
    let mut command = stores.cli.command(&["backup", "b.windlass", "--store", url]);
    // SAFETY: umask is safe to call between fork and exec.
    unsafe {
        std::os::unix::process::CommandExt::pre_exec(&mut command, || {
            libc::umask(0);
            Ok(())
        });
    }
    assert_eq!(Ran::of(&mut command).code, 0);
    let mode = std::fs::metadata(&path).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).expect("read");
    assert!(!written.contains("wlt_") && !written.contains(r#"["ci","#), "no tokens");
    let ran = stores.run(&["backup", "b.windlass"], url);
    assert_eq!(ran.code, 4);
    assert!(ran.error().contains("say --force"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), written);
    stores.ok(&["backup", "b.windlass", "--force", "--with-tokens"], url);
    let tokens = std::fs::read_to_string(&path).expect("read");
    assert!(tokens.contains(r#"["ci","#), "asked for");
    symlink(&path, stores.cli.path("link.windlass")).expect("a link");
    for args in [&["backup", "link.windlass"][..], &["backup", "link.windlass", "--force"]] {
        let ran = stores.run(args, url);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert!(ran.error().contains("not a link to it"), "{}", ran.stderr);
    }
    let left: Vec<_> = std::fs::read_dir(stores.cli.path(""))
        .expect("read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with('.') && name.contains("windlass-"))
        .collect();
    assert!(left.is_empty(), "half files are removed: {left:?}");
}

fn a_damaged_file_is_refused(stores: &Stores) {
    stores.fill();
    stores.backup("good.windlass");
    let whole = std::fs::read_to_string(stores.cli.path("good.windlass")).expect("read");
    assert_eq!(stores.run(&["backup", "--verify", "good.windlass"], &stores.from.url()).code, 0);
    let half = &whole[..whole.len() / 2];
    let cut = half.rsplit_once('\n').expect("lines").0;
    let row = whole.lines().find(|line| line.starts_with('[')).expect("a row");
    let bad = [
        ("empty".to_owned(), String::new()),
        ("changed".to_owned(), whole.replacen("order\\\":42", "order\\\":41", 1)),
        ("cut in a line".to_owned(), half.to_owned()),
        ("cut behind a line".to_owned(), format!("{cut}\n")),
        ("a row less".to_owned(), whole.replacen(&format!("{row}\n"), "", 1)),
        ("a row twice".to_owned(), whole.replacen(row, &format!("{row}\n{row}"), 1)),
        ("not JSON".to_owned(), whole.replacen(row, "[", 1)),
        (
            "another table".to_owned(),
            whole.replacen("\"table\":\"queue\"", "\"table\":\"secrets\"", 1),
        ),
        ("more behind it".to_owned(), format!("{whole}[]\n")),
        ("another version".to_owned(), whole.replacen("\"version\":1", "\"version\":2", 1)),
        ("something else".to_owned(), "hello\n".to_owned()),
    ];
    for (what, text) in bad {
        assert_ne!(text, whole, "{what}");
        std::fs::write(stores.cli.path("bad.windlass"), text).expect("written");
        for args in [&["backup", "--verify", "bad.windlass"][..], &["restore", "bad.windlass"]] {
            let ran = stores.run(args, &stores.to.url());
            assert!([9, 11].contains(&ran.code), "{what}: {} {}", ran.code, ran.stderr);
            assert!(ran.error().contains("bad.windlass"), "{what}: {}", ran.stderr);
        }
    }
    let ran = stores.run(&["restore", "none.windlass"], &stores.to.url());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    stores.restore("good.windlass");
}

fn a_store_in_use_is_not_replaced(stores: &Stores) {
    stores.fill();
    stores.backup("b.windlass");
    let url = &stores.to.url();
    stores.ok(&["enqueue", "other"], url);
    let ran = stores.run(&["restore", "b.windlass"], url);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.error().contains("1 jobs") && ran.error().contains("--replace"), "{}", ran.stderr);
    let ran = stores.run(&["restore", "b.windlass", "--replace"], url);
    assert_eq!(ran.code, 2, "nobody can be asked: {}", ran.stderr);
    assert_eq!(stores.ok(&["job", "list", "kind:other", "--no-header"], url).lines().count(), 1);
    block_on(async {
        let fixture = StoreFixture::on(Arc::clone(&stores.to)).await;
        let worker = fixture.worker().await;
        let ran = stores.run(&["restore", "b.windlass", "--replace", "--yes"], url);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert!(ran.error().contains("its workers live"), "{}", ran.stderr);
        worker.leave().await;
    });
    // An operation that goes on would change what is brought back.
    let begins = ["job", "cancel", "kind:other", "--yes", "--expect", "1", "--no-wait"];
    stores.ok(&begins, url);
    assert!(stores.ok(&["op", "list", "--json"], url).contains("running"));
    stores.ok(&["restore", "b.windlass", "--replace", "--yes"], url);
    assert_eq!(stores.ok(&["op", "list", "--json"], url).trim(), "[]");
    assert_eq!(stores.ok(&["job", "list", "kind:other", "--no-header"], url).lines().count(), 0);
    stores.ok(&["backup", "two.windlass"], url);
    assert_eq!(lines(stores, "b.windlass"), lines(stores, "two.windlass"));
}

fn a_restore_that_is_given_up_changes_nothing(stores: &Stores) {
    stores.fill();
    stores.backup("b.windlass");
    block_on(async {
        let archive = windlass::open_archive(&stores.from.url()).await.expect("opened");
        let before = archive.look().await.expect("read");
        let mut pages = all_pages(&stores.from.url()).await;
        let mut writing = archive.write(Onto::Everything).await.expect("begun");
        for page in pages.drain(..).take(20) {
            writing.write(page).await.expect("written");
        }
        drop(writing);
        assert_eq!(archive.look().await.expect("read"), before);
    });
    stores.ok(&["backup", "two.windlass"], &stores.from.url());
    assert_eq!(lines(stores, "b.windlass"), lines(stores, "two.windlass"));
}

pub(super) async fn all_pages(url: &str) -> Vec<Page> {
    let archive = windlass::open_archive(url).await.expect("opened");
    let (mut rows, mut pages) = (archive.read(TABLES).await.expect("begun"), Vec::new());
    while let Some(page) = rows.next().await.expect("read") {
        pages.push(page);
    }
    pages
}

/// The jobs in some pages, in whatever state.
pub(super) fn jobs_of(pages: &[Page]) -> Vec<JobId> {
    let tables = ["pending", "running", "finished"];
    let rows = pages.iter().filter(|page| tables.contains(&page.table.name));
    let rows = rows.flat_map(|page| {
        page.rows.iter().map(|row| {
            let id =
                page.table.columns.iter().position(|column| column.name == "id").expect("an id");
            match row[id] {
                Value::Id(id) => JobId::from_uuid(id),
                ref other => panic!("{other:?} is not an id"),
            }
        })
    });
    rows.collect()
}

fn a_backup_under_load_is_whole(stores: &Stores) {
    block_on(async {
        let load = Arc::new(StoreFixture::on(Arc::clone(&stores.from)).await);
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let goes_on = {
            let stop = Arc::clone(&stop);
            move || !stop.load(std::sync::atomic::Ordering::Relaxed)
        };
        let mut running = tokio::task::JoinSet::new();
        {
            let (load, goes_on) = (Arc::clone(&load), goes_on.clone());
            running.spawn(async move {
                while goes_on() {
                    let ids = load.enqueue(jobs(7)).await;
                    said.send(ids).expect("heard");
                }
            });
        }
        {
            let load = Arc::clone(&load);
            running.spawn(async move {
                let worker = load.worker().await;
                while goes_on() {
                    let batch = worker.claim(5).await;
                    if batch.jobs.is_empty() {
                        continue;
                    }
                    worker.settle(&batch, 0, die()).await;
                    for nth in 1..batch.jobs.len().saturating_sub(1) {
                        worker.settle(&batch, nth, complete()).await;
                    }
                    worker.release(&batch).await;
                }
            });
        }
        let mut acknowledged: BTreeSet<JobId> = BTreeSet::new();
        for nth in 0..6 {
            while acknowledged.len() < 100 * (nth + 1) {
                acknowledged.extend(heard.recv().await.expect("it enqueues"));
            }
            while let Ok(ids) = heard.try_recv() {
                acknowledged.extend(ids);
            }
            let found = jobs_of(&all_pages(&stores.from.url()).await);
            let once: BTreeSet<JobId> = found.iter().copied().collect();
            assert_eq!(once.len(), found.len(), "none twice");
            let missing: Vec<_> = acknowledged.difference(&once).collect();
            assert!(missing.is_empty(), "acknowledged before, and not in it: {missing:?}");
        }
        stores.backup("load.windlass");
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        while let Some(ended) = running.join_next().await {
            ended.expect("it ends");
        }
        stores.restore("load.windlass");
        let restored = StoreFixture::on(Arc::clone(&stores.to)).await;
        let all = jobs_of(&all_pages(&stores.to.url()).await);
        for id in &acknowledged {
            assert!(all.contains(id), "{id}");
        }
        let counts = restored.store().counts().await.expect("counted");
        assert_eq!(counts.total(), all.len() as u64, "the counts are of what is there");
        let worker = restored.worker().await;
        worker.sweep().await;
        loop {
            let batch = worker.claim(100).await;
            if batch.jobs.is_empty() {
                break;
            }
            worker.settle_all(&batch, &complete()).await;
        }
        let counts = restored.store().counts().await.expect("counted");
        let ended = counts.of(State::Completed) + counts.of(State::Dead);
        assert_eq!(ended, counts.total(), "all that was restored can be done: {counts:?}");
    });
}

/// A fence gives the same answer each time, and hides what it was made of.
#[test]
fn a_fence_gives_each_job_a_lease_of_its_own() {
    let table = windlass::archive::Table::named("running").expect("a table");
    let (job, lease, worker) = (JobId::new(), JobId::new(), JobId::new());
    let mut row = vec![Value::Null; table.columns.len()];
    row[0] = Value::Id(job.as_uuid());
    row[1] = Value::Id(lease.as_uuid());
    row[2] = Value::Id(worker.as_uuid());
    let mut page = Page { table, rows: vec![row.clone(), row.clone()] };
    let fence = Fence::by_chance();
    fence.pass(&mut page);
    assert_eq!(page.rows[0], page.rows[1]);
    assert_eq!(page.rows[0][0], row[0]);
    assert_ne!(page.rows[0][1], row[1]);
    assert_ne!(page.rows[0][2], row[2]);
    let mut other = Page { table, rows: vec![row] };
    Fence::by_chance().pass(&mut other);
    assert_ne!(other.rows[0], page.rows[0]);
}
