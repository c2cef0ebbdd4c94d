//! `windlass subscription`, `[subscription.NAME]`, `windlass event types`, and `windlass explain` of an event.

use serde_json::Value;
use windlass::store::Now;
use windlass::subscription::Feed;
use windlass_testkit::database::{Database as _, PostgresDatabase};
use windlass_testkit::worker::worker;

use super::fixture::CliFixture;

const RECEIPTS: [&str; 11] = [
    "subscription",
    "add",
    "receipts",
    "--kind",
    "mail.receipt",
    "--queue",
    "mail",
    "--type",
    "order.*",
    "--sql",
    "data.total >= 1000",
];

fn publish(cli: &CliFixture, totals: &[u32]) {
    for total in totals {
        cli.ok(&["publish", "order.paid", &format!("total={total}"), "--subject", "order/1"]);
    }
}

/// Feeds all subscriptions what they have not got yet, as a worker does.
fn feed(cli: &CliFixture) {
    let url = format!("sqlite:{}", cli.path("windlass.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = windlass::open(&url).await.expect("it opens");
        let mut feed = Feed::default();
        while feed.round(&*store, Now::Database).await.expect("fed").is_behind {}
    });
}

/// E21: a subscription is made, shown with how far it is behind, changed, paused, resumed and removed.
#[test]
fn a_subscription_is_made_shown_changed_and_removed() {
    let cli = CliFixture::new();
    publish(&cli, &[5, 2_000]);
    insta::assert_snapshot!("made", cli.table(&RECEIPTS, "120"));
    insta::assert_snapshot!("made_again", cli.table(&RECEIPTS, "120"));
    cli.ok(&["subscription", "add", "audit", "--kind", "audit.store", "--from", "beginning"]);
    publish(&cli, &[3_000]);
    insta::assert_snapshot!("list", cli.table(&["subscription", "list"], "120"));
    insta::assert_snapshot!("show", cli.table(&["subscription", "show", "receipts"], "120"));
    let shown = cli.json(&["subscription", "show", "audit"]);
    assert_eq!((&shown["schema"], &shown["state"]), (&"subscription.v1".into(), &"live".into()));
    assert_eq!(
        (&shown["after"], &shown["position"], &shown["behind"]),
        (&0.into(), &0.into(), &3.into())
    );
    assert_eq!(shown["wants"], "every event");
    feed(&cli);
    assert_eq!(cli.json(&["subscription", "list"])[1]["behind"], 0);
    let receipts = cli.json(&["job", "list", "kind:mail.receipt"]);
    assert_eq!(receipts.as_array().map(Vec::len), Some(1));

    let paused = cli.json(&["subscription", "pause", "receipts"]);
    assert_eq!((&paused["state"], paused["paused_at"].is_string()), (&"paused".into(), true));
    let resumed = cli.ok(&["subscription", "resume", "receipts"]);
    assert!(resumed.starts_with("subscription receipts goes on"), "{resumed}");
    assert!(cli.ok(&["subscription", "resume", "receipts"]).contains("was not paused"));
    let changed = cli.run(&["subscription", "add", "receipts", "--kind", "other", "--from", "1"]);
    assert!(changed.stdout.contains("is changed, and goes on where it is"), "{}", changed.stdout);
    assert!(changed.stderr.contains("--from counts where a subscription is made"));
    assert_eq!(
        cli.ok(&["subscription", "remove", "receipts"]),
        "subscription receipts is gone; its jobs stay\n"
    );
    let removed = cli.json(&["subscription", "remove", "audit"]);
    assert_eq!(removed["schema"], "subscription_removed.v1");
    assert_eq!(cli.json(&["subscription", "list"]), serde_json::json!([]));
}

/// E20: several events become one job, as it was said; what waits is shown with its moment.
#[test]
fn several_events_become_one_job() {
    let cli = CliFixture::new();
    let add = ["subscription", "add", "comments", "--kind", "mail.comments", "--lane", "subject"];
    let made = cli.ok(&[&add[..], &["--batch", "2", "--within", "1h"]].concat());
    assert!(made.contains("mail.comments on queue default"), "{made}");
    publish(&cli, &[1, 2, 3]);
    feed(&cli);
    let jobs = cli.json(&["job", "list", "kind:mail.comments"]);
    assert_eq!(jobs.as_array().map(Vec::len), Some(1));
    let shown = cli.ok(&["subscription", "show", "comments"]);
    assert!(shown.contains("1 event until "), "{shown}");
    assert!(shown.contains("2 events, or those of 1h"), "{shown}");
    let shown = cli.json(&["subscription", "show", "comments"]);
    assert_eq!(shown["waiting"][0]["positions"], serde_json::json!([3]));
    let mode = serde_json::json!({ "batch": { "most": 2, "within_us": 3_600_000_000_u64 } });
    assert_eq!(shown["mode"], mode);
    let events = cli.json(&["event", "list"]);
    let last = events[2]["id"].as_str().expect("it has an id").to_owned();
    let explained = cli.ok(&["explain", &last]);
    assert!(explained.contains("it waits for others until"), "{explained}");
    let explained = cli.ok(&["explain", "1"]);
    assert!(explained.contains(" with 1 other, "), "{explained}");
    let of_first = &cli.json(&["explain", "1"])["subscriptions"][0];
    assert_eq!((&of_first["others"], &of_first["replaced_by"]), (&1.into(), &Value::Null));
    assert_eq!(cli.json(&["event", "verify"])["subscriptions"][0]["gathered"], 1);
    for (args, told) in [
        (&["--batch", "2"][..], "--within"),
        (&["--digest", "0 8 * *"], "is not a cron line"),
        (&["--digest", "every 1h", "--zone", "Mars/Olympus"], "there is no time zone"),
        (&["--latest", "0s"], "between a millisecond and 31 days"),
        (&["--batch", "1001", "--within", "1s"], "above the limit of 1000"),
        (&["--latest", "1s", "--digest", "every 1h"], "cannot be used with"),
    ] {
        let refused = cli.run(&[&add[..], args].concat());
        assert!(refused.code != 0 && refused.stderr.contains(told), "{told}: {}", refused.stderr);
    }
}

/// O4, E20: the list says which of them gather events, and which have a pace; programs get both columns always.
#[test]
fn a_list_tells_modes_and_paces() {
    let cli = CliFixture::new();
    publish(&cli, &[1, 2]);
    let add = |args: &[&str]| cli.ok(&[&["subscription", "add"], args].concat());
    add(&["audit", "--kind", "audit.store", "--type", "order.paid"]);
    add(&["comments", "--kind", "mail.comments", "--batch", "100", "--within", "5s"]);
    let zone = ["--zone", "Europe/Berlin"];
    add(&[&["daily", "--kind", "mail.daily", "--digest", "0 8 * * *"], &zone[..]].concat());
    add(&["push", "--kind", "push.state", "--queue", "push", "--latest", "1s"]);
    feed(&cli);
    cli.ok(&["subscription", "replay", "audit", "--from", "beginning", "--pace", "100/s"]);
    insta::assert_snapshot!("modes_and_paces", cli.table(&["subscription", "list"], "100"));
    cli.ok(&["subscription", "remove", "audit/replay"]);
    let plain = cli.ok(&["subscription", "list", "-o", "plain"]);
    assert_eq!(
        plain.lines().take(2).collect::<Vec<_>>(),
        [
            "subscription\twants\tbecomes\tmode\tqueue\tstate\tpace\tposition\tbehind",
            "audit\torder.paid\taudit.store\t\tdefault\tlive\t\t2\t0"
        ]
    );
}

/// E20, O4: an event that a later one has replaced says which.
#[test]
fn a_replaced_event_names_the_later_one() {
    let cli = CliFixture::new();
    cli.ok(&["subscription", "add", "push", "--kind", "push.state", "--latest", "1h"]);
    publish(&cli, &[1, 2, 3]);
    feed(&cli);
    let explained = cli.ok(&["explain", "1"]);
    assert!(explained.contains("; position 3 has replaced it, and waits until "), "{explained}");
    assert_eq!(cli.json(&["explain", "2"])["subscriptions"][0]["replaced_by"], 3);
    let last = &cli.json(&["explain", "3"])["subscriptions"][0];
    assert_eq!((&last["others"], &last["replaced_by"]), (&Value::Null, &Value::Null));
}

/// O10, O26: a job that comes of an event is shown with the event, its data as args and the subscription.
#[test]
fn a_job_is_shown_with_its_event() {
    let cli = CliFixture::new();
    cli.ok(&RECEIPTS);
    publish(&cli, &[2_000]);
    feed(&cli);
    let list = cli.json(&["job", "list"]);
    let id = list[0]["id"].as_str().expect("an id");
    insta::assert_snapshot!("job_of_event", cli.table(&["job", "show", id], "120"));
    let shown = cli.json(&["job", "show", id]);
    assert_eq!(shown["args"], serde_json::json!({"total": 2_000}));
    let (event, stored) = (&shown["event"], cli.json(&["event", "show", "1"]));
    assert_eq!((&event["id"], &event["position"]), (&stored["id"], &1.into()));
    assert_eq!(
        (&event["type"], &event["subscription"]),
        (&"order.paid".into(), &"receipts".into())
    );
    cli.ok(&["subscription", "remove", "receipts"]);
    let shown = cli.json(&["job", "show", id]);
    assert_eq!(shown["event"]["subscription"], serde_json::Value::Null);
    assert!(cli.ok(&["job", "show", id]).contains("by a subscription that was removed"));
    let plain = cli.json(&["enqueue", "k"]);
    let plain = cli.json(&["job", "show", plain["id"].as_str().expect("an id")]);
    assert_eq!(plain.get("event"), None);
}

/// E21: a subscription begins behind a position, or with the first event of a moment or later.
#[test]
fn a_subscription_begins_where_it_is_told() {
    let cli = CliFixture::new();
    publish(&cli, &[1, 2, 3]);
    let second = cli.json(&["event", "show", "2"]);
    let moment = second["recorded_at"].as_str().expect("a moment");
    let after = |from: &str| {
        let made = cli.json(&["subscription", "add", from, "--kind", "k", "--from", from]);
        made["after"].as_u64().expect("a position")
    };
    assert_eq!((after("2"), after("beginning"), after("now")), (2, 0, 3));
    let at = cli.json(&["subscription", "add", "at", "--kind", "k", "--from", moment]);
    // A moment is shown in milliseconds, and the first event may have come in the same one.
    assert!(at["after"].as_u64().expect("a position") <= 1, "{at}");
    let future = ["subscription", "add", "later", "--kind", "k", "--from", "2100-01-01T00:00:00Z"];
    assert_eq!(cli.json(&future)["after"], 3);
    let wrong = cli.run(&["subscription", "add", "x", "--kind", "k", "--from", "soon"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.error().contains("expected now, beginning, a position"), "{}", wrong.stderr);
}

/// O8: what cannot be a subscription is wrong usage that names the place, and nothing is written, not even a store.
#[test]
fn what_cannot_be_a_subscription_is_refused() {
    let cli = CliFixture::new();
    let file = cli.file("filter.json", br#"{"all": [{"not": {"sql": "a ="}}]}"#);
    for (args, told) in [
        (&["a b", "--kind", "k"][..], "subscription `a b`"),
        (&["a", "--kind", "k k"], "kind `k k`"),
        (&["a", "--kind", "k", "--queue", "q q"], "queue `q q`"),
        (&["a", "--kind", "k", "--type", "a.*.b"], "--type: types[0]: "),
        (&["a", "--kind", "k", "--filter", "{"], "--filter: not a filter: "),
        (&["a", "--kind", "k", "--filter", "{\"typs\":[]}"], "did you mean `types`?"),
        (&["a", "--kind", "k", "--filter", "@none.json"], "the file none.json cannot be read"),
        (
            &["a", "--kind", "k", "--filter", "{\"types\":[\"a\"]}", "--type", "b"],
            "--type: the filter has types",
        ),
    ] {
        let ran = cli.run(&[&["subscription", "add"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.error().contains(told), "{args:?}: {}", ran.stderr);
    }
    let add =
        |more: &[&str]| cli.run(&[&["subscription", "add", "a", "--kind", "k"], more].concat());
    insta::assert_snapshot!("caret_of_sql", add(&["--sql", "data.total >= 1000 AND"]).stderr);
    insta::assert_snapshot!("caret_of_filter", add(&["--filter", &file]).stderr);
    let problem = add(&["--sql", "1 =", "--json"]).problem();
    assert!(problem["detail"].as_str().expect("one").starts_with("--sql: at 4: "), "{problem}");
    assert_eq!(cli.run(&["subscription", "list"]).code, 6, "there is no store");
    cli.ok(&["subscription", "add", "receipts", "--kind", "k"]);
    for verb in ["show", "pause", "resume", "remove", "explain", "backtest"] {
        let ran = cli.run(&["subscription", verb, "receits"]);
        assert_eq!(ran.code, 3, "{verb}: {}", ran.stderr);
        assert!(ran.error().contains("did you mean `receipts`?"), "{verb}: {}", ran.stderr);
    }
}

/// O26: an event names every subscription with the clause that decided and the job that has come of it; a subscription names
/// the events it gets and those it nearly gets.
#[test]
fn both_questions_are_answered() {
    let cli = CliFixture::new();
    cli.ok(&RECEIPTS);
    cli.ok(&["subscription", "add", "builds", "--kind", "build.note", "--type", "build.*"]);
    cli.ok(&["subscription", "add", "still", "--kind", "audit.store"]);
    cli.ok(&["subscription", "pause", "still"]);
    publish(&cli, &[5, 2_000]);
    feed(&cli);
    publish(&cli, &[7_000]);
    insta::assert_snapshot!("explain_event", cli.table(&["explain", "2"], "160"));
    let id = cli.json(&["event", "show", "3"])["id"].as_str().expect("an id").to_owned();
    let explained = cli.json(&["explain", &id]);
    assert_eq!(explained, cli.json(&["explain", "3"]));
    assert_eq!(explained["schema"], "event_explanation.v1");
    let first = &explained["subscriptions"][0];
    assert_eq!((&first["name"], &first["answer"]), (&"receipts".into(), &"waiting".into()));
    assert_eq!((&first["wants"], &first["job"]), (&true.into(), &serde_json::Value::Null));
    let fed = &cli.json(&["explain", "2"])["subscriptions"][0];
    assert_eq!(fed["job"], cli.id("kind:mail.receipt").as_str());
    assert_eq!((&fed["state"], &fed["clause"]), (&"available".into(), &"all[0].sql".into()));
    let unwanted = &explained["subscriptions"][1];
    assert_eq!((&unwanted["answer"], &unwanted["clause"]), (&"unwanted".into(), &"types".into()));

    let by_name = ["subscription", "explain", "receipts"];
    insta::assert_snapshot!("explain_subscription", cli.table(&by_name, "160"));
    let by_name = cli.json(&by_name);
    assert_eq!(by_name["schema"], "subscription_explanation.v1");
    assert_eq!((&by_name["matched"], &by_name["nearly_matched"]), (&2.into(), &1.into()));
    assert_eq!(by_name["matches"][0]["job"], fed["job"]);
    assert_eq!(by_name["near_misses"][0]["position"], 1);
    assert_eq!(by_name["near_misses"][0]["clause"], "all[0].sql");
    let none = cli.run(&["explain", "99"]);
    assert_eq!(none.code, 3);
    assert!(none.error().contains("there is no event 99"), "{}", none.stderr);
}

/// O26: a filter is tried on the log before anything is made of it.
#[test]
fn a_filter_is_tried_before_it_is_used() {
    let cli = CliFixture::new();
    publish(&cli, &[5, 2_000, 7_000]);
    cli.ok(&["publish", "tick"]);
    let backtest = ["subscription", "backtest"];
    let options = ["--type", "order.*", "--sql", "data.total >= 1000"];
    insta::assert_snapshot!("backtest", cli.table(&[&backtest[..], &options].concat(), "120"));
    let tried = cli.json(&[&backtest[..], &["--since", "1h"]].concat());
    assert_eq!((&tried["schema"], &tried["fired"]), (&"backtest.v1".into(), &4.into()));
    assert_eq!(tried["types"], serde_json::json!({ "order.paid": 3, "tick": 1 }));
    let last = cli.json(&[&backtest[..], &options, &["--last", "2"]].concat());
    assert_eq!(
        (&last["events"], &last["fired"], &last["left_out"]),
        (&2.into(), &1.into(), &0.into())
    );
    let never = cli.ok(&[&backtest[..], &["--type", "none"]].concat());
    assert_eq!(never, "none: would have fired 0 times among 4 events\n");
    cli.ok(&RECEIPTS);
    assert_eq!(cli.json(&["subscription", "backtest", "receipts"])["fired"], 2);
    let both = cli.run(&["subscription", "backtest", "receipts", "--type", "tick"]);
    assert_eq!(both.code, 2);
    let spans = cli.run(&["subscription", "backtest", "receipts", "--since", "1h", "--last", "3"]);
    assert_eq!(spans.code, 2);
    assert_eq!(cli.json(&["job", "list"]), serde_json::json!([]), "nothing was made");
}

/// O4: the types of events are listed with who takes them; one that nobody takes is told.
#[test]
fn types_are_listed_with_who_takes_them() {
    let cli = CliFixture::new();
    publish(&cli, &[1, 2]);
    cli.ok(&["publish", "tick"]);
    cli.ok(&RECEIPTS);
    insta::assert_snapshot!("types", cli.table(&["event", "types"], "120"));
    let types = cli.json(&["event", "types"]);
    assert_eq!((&types["schema"], &types["to"]), (&"event_types.v1".into(), &3.into()));
    assert_eq!(types["types"][0]["taken_by"], serde_json::json!(["receipts"]));
    assert_eq!(
        (&types["types"][1]["type"], &types["types"][1]["events"]),
        (&"tick".into(), &1.into())
    );
}

/// E21: a file declares subscriptions; the same again changes nothing, another definition changes it.
#[test]
fn a_file_declares_subscriptions() {
    let cli = CliFixture::new();
    publish(&cli, &[5, 2_000]);
    let handlers = std::fs::read_to_string(cli.path("windlass.toml")).expect("handlers");
    let declare = |text: &str| {
        cli.file("windlass.toml", format!("{handlers}{text}").as_bytes());
        cli.run(&["work", "--once"])
    };
    let receipts = "[subscription.receipts]\nkind = \"good\"\nqueue = \"mail\"\ntypes = [\"order.*\"]\n\
                    filter = { all = [{ exact = { subject = \"order/1\" } }] }\nfrom = \"beginning\"\n";
    let ran = declare(receipts);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let made = cli.json(&["subscription", "show", "receipts"]);
    assert_eq!(made["wants"], "order.* where subject = \"order/1\"");
    assert_eq!((&made["after"], &made["queue"]), (&0.into(), &"mail".into()));
    assert_eq!(declare(receipts).code, 0);
    assert_eq!(cli.json(&["subscription", "show", "receipts"])["created_at"], made["created_at"]);
    assert_eq!(
        declare("[subscription.receipts]\nkind = \"good\"\nsql = \"data.total > 9\"\nfrom = 7\n")
            .code,
        0
    );
    let changed = cli.json(&["subscription", "show", "receipts"]);
    assert_eq!(
        (&changed["wants"], &changed["after"]),
        (&"every event where data.total > 9".into(), &0.into())
    );

    let first = handlers.lines().count() + 1;
    for (text, line, told) in [
        (
            "kind = \"k\"\nkinds = 1\n",
            2,
            "`kinds` is not a key of [subscription.NAME]: did you mean `kind`?",
        ),
        ("queue = \"q\"\n", 0, "kind: one of kind, signal and event is required"),
        ("kind = \"k\"\nsignal = \"subject\"\n", 1, "kind: one of kind, signal and event alone"),
        ("event = \"e\"\nqueue = \"q\"\n", 2, "queue: it does not belong to"),
        ("signal = \"data.\"\n", 1, "signal: "),
        ("signal = \"subject\"\nlane = \"subject\"\n", 2, "lane: lane is of jobs"),
        ("signal = \"subject\"\nlatest = \"1s\"\n", 2, "latest: mode is of jobs"),
        ("event = \"a\"\ncredit = 7\n", 2, "credit: credit is of jobs"),
        ("types = [\"*\"]\nevent = \"a\"\n", 2, "event: a subscription that publishes a"),
        ("\nevent = \"a b\"\n", 2, "event: "),
        ("types = [\"a\"]\nevent = \"windlass.a\"\n", 2, "event: an event of type windlass.a"),
        ("event = \"a\"\nsource = \"\"\n", 2, "source: "),
        ("kind = \"k\"\ndigest = \"foo\"\n", 2, "digest: "),
        ("kind = \"k\"\ndigest = \"0 0 30 2 *\"\n", 2, "digest: "),
        ("kind = \"k\"\ndigest = \"0 8 * * *\"\nzone = \"Mars/Olympus\"\n", 3, "zone: "),
        ("kind = \"k\"\nlatest = \"0s\"\n", 2, "latest: "),
        ("kind = \"k\"\nbatch = 2\nwithin = \"400d\"\n", 3, "within: "),
        ("kind = \"k\"\nsql = \"a =\"\n", 2, "sql: at 4: "),
        ("kind = \"k\"\nfilter = { all = [{ exakt = { a = \"b\" } }] }\n", 2, "filter: all[0]: "),
        ("kind = \"k\"\n\ntypes = [\"a.*.b\"]\n", 3, "types: types[0]: "),
        ("kind = \"k\"\ntypes = []\n", 2, "types: an empty list wants nothing"),
        ("kind = \"k\"\nfrom = \"soon\"\n", 2, "from: expected now, beginning"),
    ] {
        let ran = declare(&format!("[subscription.one]\n{text}"));
        assert_eq!(ran.code, 2, "{text}: {}", ran.stderr);
        let place = format!("windlass.toml:{}: ", first + line);
        assert!(ran.error().contains(&format!("{place}{told}")), "{text}: {}", ran.stderr);
    }
}

/// O4: a worker says at its start whose jobs nobody runs, once for each subscription, unless a live worker does.
#[test]
fn a_worker_says_whose_jobs_nobody_runs() {
    let cli = CliFixture::new();
    let add = |name: &str, kind: &str, queue: &str| {
        cli.ok(&["subscription", "add", name, "--kind", kind, "--queue", queue]);
    };
    add("fine", "good", "mail");
    add("slip", "godo", "mail");
    add("queue", "good", "default");
    add("other", "ledger.write", "mail");
    let warned = || {
        let ran = cli.run(&["work", "--once"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let lines = ran.stderr.lines().filter(|line| line.starts_with("! subscription "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let nobody = "and no other live worker does";
    let slip = format!(
        "! subscription slip: no handler here runs kind godo, {nobody}; did you mean `good`?"
    );
    let queue = format!(
        "! subscription queue: this worker does not serve queue default of its jobs, {nobody}: say queue = \"mail\", as the handler of \
         good does, or start a worker that serves it"
    );
    let other = format!(
        "! subscription other: no handler here runs kind ledger.write, {nobody}: add one, or start a worker that has it"
    );
    assert_eq!(warned(), [slip.clone(), queue.clone(), other]);
    let url = format!("sqlite:{}", cli.path("windlass.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _other = runtime.block_on(async {
        let store = windlass::open(&url).await.expect("it opens");
        let other = worker().serving(&["mail"]).knowing(&[("ledger.write", 1)]).registration();
        store.register(&other, Now::Database).await.expect("registered");
        store
    });
    assert_eq!(warned(), [slip, queue]);
}

/// E21: a run that ends when nothing is left handles what came of events too, and what came of these.
#[test]
fn a_run_that_ends_feeds_what_was_published() {
    let cli = CliFixture::new();
    cli.file(
        "windlass.toml",
        b"[[handler]]\nkind = \"receipt\"\nexec = [\"true\"]\n\
        [subscription.settled]\ntypes = [\"order.paid\"]\nevent = \"order.settled\"\n\
        [subscription.receipts]\ntypes = [\"order.settled\"]\nkind = \"receipt\"\n",
    );
    assert_eq!(cli.run(&["work", "--once"]).code, 0);
    publish(&cli, &[5, 7]);
    // Another worker leads and feeds nobody: it is up to this run.
    let url = format!("sqlite:{}", cli.path("windlass.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let leading = runtime.block_on(async {
        let store = windlass::open(&url).await.expect("it opens");
        let leader = worker().registration();
        store.register(&leader, Now::Database).await.expect("registered");
        let swept = store.sweep(leader.worker, Now::Database).await.expect("swept");
        assert!(swept.leads);
        store
    });
    let ran = cli.run(&["work", "--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    drop(leading);
    assert_eq!(cli.json(&["job", "list", "state:completed"]).as_array().map(Vec::len), Some(2));
    let shown = cli.table(&["event", "show", "3"], "120");
    assert!(shown.contains("parent     evt_"), "{shown}");
}

/// O26: PostgreSQL answers the same questions.
#[test]
fn postgresql_answers_the_same_of_subscriptions() {
    let (cli, database) = (CliFixture::new(), PostgresDatabase::fresh());
    let url = database.url();
    let json = |args: &[&str]| cli.json(&[args, &["--store", &url]].concat());
    assert_eq!(json(&RECEIPTS)["state"], "live");
    json(&["publish", "order.paid", "total=2000"]);
    json(&["publish", "order.paid", "total=3"]);
    assert_eq!(json(&["explain", "1"])["subscriptions"][0]["answer"], "waiting");
    assert_eq!(json(&["explain", "2"])["subscriptions"][0]["clause"], "all[0].sql");
    let explained = json(&["subscription", "explain", "receipts"]);
    assert_eq!((&explained["matched"], &explained["nearly_matched"]), (&1.into(), &1.into()));
    assert_eq!(json(&["subscription", "backtest", "receipts", "--since", "1h"])["fired"], 1);
    assert_eq!(json(&["event", "types"])["types"][0]["events"], 2);
    assert_eq!(json(&["subscription", "show", "receipts"])["behind"], 2);
    assert_eq!(json(&["subscription", "pause", "receipts"])["state"], "paused");
    assert_eq!(json(&["subscription", "resume", "receipts"])["state"], "catching_up");
    assert_eq!(json(&["subscription", "remove", "receipts"])["name"], "receipts");
}

/// E21: a part of the log is fed once more; how much that is can be asked before.
#[test]
fn a_part_of_the_log_is_replayed() {
    let cli = CliFixture::new();
    cli.ok(&RECEIPTS);
    publish(&cli, &[5, 2_000, 3_000]);
    feed(&cli);
    let replay = ["subscription", "replay", "receipts", "--from", "beginning"];
    let paced = cli.run(&[&replay[..], &["--pace", "fast"]].concat());
    assert_eq!(paced.code, 2);
    assert!(paced.error().contains("expected 100/s, 30/m or 500/h"), "{}", paced.stderr);
    insta::assert_snapshot!(
        "replay_dry",
        cli.table(&[&replay[..], &["--dry-run"]].concat(), "120")
    );
    insta::assert_snapshot!("replay", cli.table(&replay, "120"));
    assert_eq!(cli.run(&replay).code, 4);
    let shown = cli.json(&["subscription", "show", "receipts/replay"]);
    assert_eq!((&shown["state"], &shown["until"]), (&"replaying".into(), &3.into()));
    feed(&cli);
    assert_eq!(cli.run(&["subscription", "show", "receipts/replay"]).code, 3);
    let jobs = cli.json(&["job", "list", "tag:replay"]);
    assert_eq!(jobs.as_array().map(Vec::len), Some(2), "{jobs}");
    cli.ok(&[&replay[..], &["--pace", "100/s"]].concat());
    let shown = cli.json(&["subscription", "show", "receipts/replay"]);
    assert_eq!(shown["pace"], "100/s");
    let page = cli.ok(&["subscription", "show", "receipts/replay"]);
    assert!(page.contains("100/s while it catches up"), "{page}");
    assert_eq!(cli.run(&["subscription", "replay", "receipts", "--from", "now"]).code, 2);
    let other = cli.run(&[&replay[..], &["--expect", "3"]].concat());
    assert_eq!(other.code, 4, "{}", other.stderr);
    insta::assert_snapshot!(
        "undo_dry",
        cli.table(&["subscription", "undo", "receipts", "--dry-run"], "120")
    );
    let undone = cli.json(&["subscription", "undo", "receipts"]);
    assert_eq!((&undone["state"], &undone["done"]), (&"done".into(), &2.into()));
    assert_eq!(cli.run(&["subscription", "show", "receipts/replay"]).code, 3);
    let said = cli.ok(&["subscription", "undo", "receipts"]);
    assert!(said.contains("the replay of receipts is undone: 0 jobs cancelled"), "{said}");
}
