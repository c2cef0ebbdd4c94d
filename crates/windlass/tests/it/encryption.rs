//! Args that are encrypted at rest.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use windlass::encryption::{Encrypted, KeyError, Keys};
use windlass::job::Filter;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Enqueued, InlineWorker, JobId, Json, NewJob, Outcome, State, StoreError, Unique};

use crate::test_database::{TestDatabase, connect, on_both_stores};

on_both_stores! {
    /// S-45: args come to the handler as they were enqueued, also on a second attempt, and are nowhere in the database.
    args_are_read_by_handlers_alone;
    /// S-45: the same of a unique key that is made of them; it still holds.
    a_unique_key_tells_nothing;
    /// A job that takes the args of the one that came later can be read.
    args_that_replace_others_are_read;
    /// A worker without the key fails the attempt with what is to be done, and runs the job once it has it.
    a_key_that_is_missing_is_told;
    /// What was encrypted for one job is not another's, nor is what was changed.
    args_of_another_job_are_not_read;
    /// A new key writes, an old one still reads; which jobs need it can be asked.
    a_key_is_changed_while_jobs_wait;
    /// Kinds that are not named stay as they are.
    other_kinds_are_not_encrypted;
    /// What was encrypted before it was enqueued is not encrypted twice.
    what_is_encrypted_stays_so;
    /// Args that their program has encrypted for one job do not replace another one's.
    args_of_one_job_do_not_replace_others;
    /// What is not encrypted and looks so is encrypted.
    what_looks_encrypted_is_encrypted;
    /// S-45: args that a handler cannot read are told by their place alone.
    malformed_args_are_not_quoted;
    /// Bad input: args that are too large once they are encrypted are refused, and nothing is written.
    args_that_grow_too_large_are_refused;
    /// Jobs that handlers enqueue, and those of a transaction, are encrypted too.
    jobs_of_handlers_and_transactions_are_encrypted;
    /// The same args twice are not seen to be the same.
    equal_args_look_different;
}

const CANARY: &str = "canary-4711";
const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "a-new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Job)]
#[job(kind = "customer.create")]
struct Create {
    card: String,
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "customer.greet", unique(by = [card]))]
struct Greet {
    card: String,
}

type Seen = Mutex<Vec<String>>;

async fn create(job: Create, cx: Context<Arc<Seen>>) -> Result<(), JobError> {
    cx.app().lock().expect("whole").push(job.card.clone());
    match (job.card.as_str(), cx.attempt()) {
        ("fails once", 1) => Err(JobError::retry("once")),
        ("has children", _) => {
            cx.enqueue(Greet { card: CANARY.to_owned() }).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn greet(job: Greet, cx: Context<Arc<Seen>>) -> Result<(), JobError> {
    cx.app().lock().expect("whole").push(job.card);
    Ok(())
}

fn keys(text: &str) -> Keys {
    Keys::parse(text).expect("keys")
}

fn job(card: &str) -> Create {
    Create { card: card.to_owned() }
}

/// A client with these keys, and the store.
async fn with_keys(database: &TestDatabase, text: &str) -> (Arc<dyn Store>, Client) {
    let store = database.open().await;
    (Arc::clone(&store), Client::new(store).encrypting(keys(text)))
}

/// A worker with these keys, or none; and what its handlers have seen.
async fn worker(store: &Arc<dyn Store>, text: Option<&str>) -> (InlineWorker, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let worker = Worker::new(store.clone(), Arc::clone(&seen));
    let worker = worker.handle_fn(create).handle_fn(greet);
    let worker = match text {
        Some(text) => worker.encrypting(keys(text)),
        None => worker,
    };
    (worker.inline().await.expect("it starts"), seen)
}

async fn runs_all(worker: &InlineWorker) -> usize {
    let mut ran = 0;
    while !worker.run_next().await.expect("asked").is_empty() {
        ran += 1;
    }
    ran
}

fn seen(seen: &Seen) -> Vec<String> {
    std::mem::take(&mut *seen.lock().expect("whole"))
}

async fn stored(store: &dyn Store, id: JobId) -> windlass::JobRecord {
    store.job(id).await.expect("read").expect("there")
}

async fn args_are_read_by_handlers_alone(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let (worker, handled) = worker(&store, Some(NEW)).await;
    let ids = [job(CANARY), job("fails once")];
    let ids = client.enqueue_all(ids).await.expect("written");
    let record = stored(&*store, ids[0].id()).await;
    let encrypted = Encrypted::of(&record.args).expect("it is encrypted");
    assert_eq!((encrypted.key.as_str(), encrypted.of_kind), ("a-new", false));
    assert_eq!(runs_all(&worker).await, 2);
    client.retry(&[ids[1].id()]).await.expect("retried");
    assert_eq!(runs_all(&worker).await, 1);
    assert_eq!(seen(&handled), [CANARY, "fails once", "fails once"]);
    let again = stored(&*store, ids[1].id()).await;
    assert_eq!(again.state, State::Completed);
    assert_eq!(client.args_of(&again).expect("read").as_str(), r#"{"card":"fails once"}"#);
    assert!(!database.has_text(CANARY).await);
    assert!(database.has_text("windlass_encrypted").await, "the search finds what is there");
}

async fn a_unique_key_tells_nothing(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let greet = || Greet { card: CANARY.to_owned() };
    let first = client.enqueue(greet()).await.expect("written").id();
    assert_eq!(client.enqueue(greet()).await.expect("asked"), Enqueued::Kept(first));
    let other = Greet { card: "another".to_owned() };
    assert!(matches!(client.enqueue(other).await, Ok(Enqueued::New(_))));
    let record = stored(&*store, first).await;
    let unique = record.meta.unique.as_ref().expect("it has one");
    assert!(unique.key().starts_with("encrypted:") && unique.key().len() < 40, "{unique:?}");
    assert!(!database.has_text(CANARY).await);
    // The first name decides, whatever the order: while keys are changed programs have them in different ones.
    for text in [format!("{NEW},{OLD}"), format!("{OLD},{NEW}")] {
        let newer = Client::new(store.clone()).encrypting(keys(&text));
        assert_eq!(newer.enqueue(greet()).await.expect("asked"), Enqueued::Kept(first));
    }
    // One that looks like a stand-in and is none is not left as it is.
    let disguised = greet().job().unique(Unique::by(format!("encrypted:{CANARY}")));
    client.enqueue(disguised).await.expect("written");
    assert!(!database.has_text(CANARY).await);
}

async fn args_that_replace_others_are_read(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let (worker, handled) = worker(&store, Some(NEW)).await;
    let latest = |card| job(card).job().unique(Unique::by("latest").replace());
    let first = client.enqueue(latest("first")).await.expect("written").id();
    let second = client.enqueue(latest("second")).await.expect("written");
    assert_eq!(second, Enqueued::Replaced(first));
    assert!(Encrypted::of(&stored(&*store, first).await.args).expect("it is").of_kind);
    assert_eq!(runs_all(&worker).await, 1);
    assert_eq!(seen(&handled), ["second"]);
}

async fn a_key_that_is_missing_is_told(database: TestDatabase) {
    let (store, client) = with_keys(&database, OLD).await;
    let id = client.enqueue(job(CANARY)).await.expect("written").id();
    for (text, told) in [
        (None, "encrypted with the key old, which this program does not have"),
        (Some(NEW), "encrypted with the key old, which this program does not have"),
        (
            Some("old:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="),
            "cannot be decrypted with the key old",
        ),
    ] {
        let (worker, handled) = worker(&store, text).await;
        let ran = worker.run_next().await.expect("asked").remove(0);
        let error = ran.error.expect("it failed");
        assert!(error.contains(told), "{error}");
        assert_eq!((ran.outcome, seen(&handled)), (Outcome::Error, vec![]));
        let record = stored(&*store, id).await;
        assert_eq!(record.state, State::Retryable, "it is not lost");
        client.retry(&[id]).await.expect("retried");
    }
    let (worker, handled) = worker(&store, Some(&format!("{NEW} {OLD}"))).await;
    assert_eq!(runs_all(&worker).await, 1);
    assert_eq!(seen(&handled), [CANARY]);
}

async fn args_of_another_job_are_not_read(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let theirs = client.enqueue(job("theirs")).await.expect("written").id();
    let stolen = stored(&*store, theirs).await.args;
    let text = stolen.as_str().to_owned();
    let turned = text.replacen("\"}", "A\"}", 1);
    let plain = Client::new(store.clone());
    let mut of_kind = Encrypted::of(&stolen).expect("it is encrypted");
    of_kind.of_kind = true;
    let of_kind = serde_json::to_string(&of_kind).expect("written");
    for args in [text, turned, of_kind, r#"{"windlass_encrypted":7}"#.to_owned()] {
        let job = NewJob::new("customer.create", Json::args(args).expect("JSON"));
        let id = plain.enqueue(job).await.expect("written").id();
        let record = stored(&*store, id).await;
        let refused = client.args_of(&record).expect_err("it is not its own").to_string();
        assert!(refused.contains("cannot be decrypted"), "{refused}");
    }
    let own = stored(&*store, theirs).await;
    assert_eq!(client.args_of(&own).expect("read").as_str(), r#"{"card":"theirs"}"#);
}

async fn a_key_is_changed_while_jobs_wait(database: TestDatabase) {
    let (store, client) = with_keys(&database, OLD).await;
    client.enqueue(job("before")).await.expect("written");
    let both = format!("{NEW},{OLD}");
    let newer = Client::new(store.clone()).encrypting(keys(&both));
    newer.enqueue(job("after")).await.expect("written");
    let with = async |key: &str| {
        let filter: Filter = format!("args.windlass_encrypted:{key}").parse().expect("a filter");
        newer.jobs(&filter, windlass::job::Page::default()).await.expect("found").len()
    };
    assert_eq!((with("old").await, with("a-new").await), (1, 1));
    let (worker, handled) = worker(&store, Some(&both)).await;
    assert_eq!(runs_all(&worker).await, 2);
    assert_eq!(seen(&handled), ["before", "after"]);
}

async fn other_kinds_are_not_encrypted(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(store.clone()).encrypting(keys(NEW).only(["customer.cr*", "x"]));
    let id = client.enqueue(job(CANARY)).await.expect("written").id();
    assert!(Encrypted::of(&stored(&*store, id).await.args).is_some());
    let greet = client.enqueue(Greet { card: "plain".to_owned() }).await.expect("written").id();
    let record = stored(&*store, greet).await;
    assert_eq!(record.args.as_str(), r#"{"card":"plain"}"#);
    assert_eq!(record.meta.unique.as_ref().expect("it has one").key(), r#"card="plain""#);
}

async fn what_is_encrypted_stays_so(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let mut once = client.pipeline().prepare(Greet { card: "a".to_owned() }).expect("in order");
    let twice = client.pipeline().prepare(once.clone()).expect("in order");
    assert_eq!((&twice.args, &twice.meta.unique), (&once.args, &once.meta.unique));
    // One without args has only its key.
    once.args = Json::args("null").expect("JSON");
    let again = client.pipeline().prepare(once.clone()).expect("in order");
    assert_eq!((again.args.as_str(), &again.meta.unique), ("null", &once.meta.unique));
    let id = client.enqueue(twice).await.expect("written").id();
    let (worker, handled) = worker(&store, Some(NEW)).await;
    assert_eq!(runs_all(&worker).await, 1);
    assert_eq!((seen(&handled), id), (vec!["a".to_owned()], once.id));
}

async fn args_of_one_job_do_not_replace_others(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let latest = || Unique::by("latest").replace();
    let first = client.enqueue(job("first").job().unique(latest())).await.expect("written").id();
    let mut own = client.pipeline().prepare(job("second")).expect("in order");
    own.meta.unique = Some(latest());
    let refused = client.enqueue(own).await.expect_err("it is refused").to_string();
    assert!(refused.contains("encrypt them for the kind"), "{refused}");
    let record = stored(&*store, first).await;
    assert_eq!(client.args_of(&record).expect("read").as_str(), r#"{"card":"first"}"#);
    // What its program has encrypted has a stand-in too.
    let mut kept = client.pipeline().prepare(job("third")).expect("in order");
    kept.meta.unique = Some(Unique::by("latest"));
    assert_eq!(client.enqueue(kept).await.expect("asked"), Enqueued::Kept(first));
}

async fn what_looks_encrypted_is_encrypted(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let text = format!(r#"{{"windlass_encrypted":1,"card":"{CANARY}"}}"#);
    let disguised = NewJob::new("customer.create", Json::args(text).expect("JSON"));
    client.enqueue(disguised).await.expect("written");
    assert!(!database.has_text(CANARY).await);
    let (worker, handled) = worker(&store, Some(NEW)).await;
    assert_eq!(runs_all(&worker).await, 1);
    assert_eq!(seen(&handled), [CANARY]);
}

async fn malformed_args_are_not_quoted(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let (worker, _) = worker(&store, Some(NEW)).await;
    for args in [format!(r#"{{"card":["{CANARY}"]}}"#), format!(r#""{CANARY}""#)] {
        let wrong = NewJob::new("customer.create", Json::args(args).expect("JSON"));
        client.enqueue(wrong).await.expect("written");
        let ran = worker.run_next().await.expect("asked").remove(0);
        let error = ran.error.expect("it failed");
        assert!(error.contains("malformed args: "), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    assert!(!database.has_text(CANARY).await);
}

async fn args_that_grow_too_large_are_refused(database: TestDatabase) {
    let (_store, client) = with_keys(&database, NEW).await;
    let fits = client.enqueue(job(&"x".repeat(196_400))).await;
    assert!(matches!(fits, Ok(Enqueued::New(_))), "{fits:?}");
    let refused = client.enqueue(job(&"x".repeat(200_000))).await;
    let Err(StoreError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert!(refusal.to_string().contains("above the limit of 262144 bytes"), "{refusal}");
    assert_eq!(client.counts().await.expect("counted").of(State::Available), 1);
}

async fn jobs_of_handlers_and_transactions_are_encrypted(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    if database.is_postgres() {
        let mut connection = connect(&database).await;
        let tx = connection.client.transaction().await.expect("begun");
        client.within(&tx).enqueue(job(CANARY)).await.expect("written");
        tx.commit().await.expect("committed");
    } else {
        let mut connection = database.file();
        let tx = connection.transaction().expect("begun");
        client.within(&tx).enqueue_blocking(job(CANARY)).expect("written");
        tx.commit().expect("committed");
    }
    client.enqueue(job("has children")).await.expect("written");
    let (worker, handled) = worker(&store, Some(NEW)).await;
    assert_eq!(runs_all(&worker).await, 3);
    assert_eq!(seen(&handled), [CANARY, "has children", CANARY]);
    assert!(!database.has_text(CANARY).await);
}

async fn equal_args_look_different(database: TestDatabase) {
    let (store, client) = with_keys(&database, NEW).await;
    let ids = client.enqueue_all([job("same"), job("same")]).await.expect("written");
    let [first, second] = [stored(&*store, ids[0].id()).await, stored(&*store, ids[1].id()).await];
    assert_ne!(first.args, second.args);
}

/// Bad input: what is wrong with keys is told without a key.
#[test]
fn keys_that_cannot_be_used_are_refused() {
    let refused = |text: &str| Keys::parse(text).expect_err("it is refused").to_string();
    assert!(refused(" , ").starts_with("there is no key"), "none");
    assert!(refused("c2VjcmV0").starts_with("key 1 has no name"), "a key alone");
    assert!(refused(&format!("{NEW},a b:x")).starts_with("key 2 has no name"));
    assert!(refused("ä:x").starts_with("the name of key 1 has 1 to 32 letters"));
    for short in ["a:", "a:c2VjcmV0", "a:!!!!", "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"] {
        let told = refused(short);
        assert_eq!(told, "the key a is not 32 bytes in Base64, as `windlass key new` makes one");
    }
    assert_eq!(
        refused(&format!("{NEW} {NEW}")),
        "there are two keys named a-new: each has a name of its own"
    );
    assert_eq!(Keys::generate("a b"), Err(KeyError::Name { nth: 1 }));
    let unset = Keys::from_env("WINDLASS_NO_SUCH_KEYS").expect_err("it is not set");
    assert!(unset.to_string().starts_with("WINDLASS_NO_SUCH_KEYS is not set"), "{unset}");
    let made = Keys::generate("2026-12").expect("made");
    assert_eq!(Keys::parse(&made).expect("read").names().collect::<Vec<_>>(), ["2026-12"]);
    let shown = format!("{:?}", Keys::parse(&made).expect("read"));
    assert!(!shown.contains(made.split(':').nth(1).expect("a key")), "{shown}");
}

/// The example of docs/encryption.md for other languages, made by it: what we write can be read, and the other way round.
#[test]
fn what_another_program_has_encrypted_is_read() {
    use windlass::encryption::{Cipher as _, Owner};
    let key = keys("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let job = "0192f0c1-2b3c-7d4e-8f50-617283940516".parse().expect("an id");
    let owner = Owner { kind: "customer.create", job: Some(JobId::from_uuid(job)) };
    let encrypted = Encrypted { key: "k".to_owned(), text: VECTOR.to_owned(), of_kind: false };
    assert_eq!(key.decrypt(&encrypted, &owner).expect("read"), r#"{"card":"4111"}"#);
    let stand_in = key.stand_in("customer.create", "card=1");
    assert_eq!(stand_in, STAND_IN);
}

const VECTOR: &str =
    "AAECAwQFBgcICQoLDA0OD2RlZmdoaWprbG1ub8XDfTwmrl4me98SMb6nondZxAF1vlG+gn8n+F/O2T8=";
const STAND_IN: &str = "+kDSB7wFiSBZxj9hWDGplbBa";
