//! Users and their sessions, while somebody else changes them at the same moment: on PostgreSQL, where several write at once.

use std::sync::Arc;

use windlass::store::{Now, Store};
use windlass::token::{Grant, Scope, Token, TokenDigest};
use windlass::user::{OwnPassword, PasswordHash, Session, User};

use crate::races::{begun, waits_for};
use crate::test_database::{TestDatabase, connect};

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

fn digest(byte: u8) -> TokenDigest {
    TokenDigest::new([byte; 32])
}

/// A user with the password `old`, and their session 1.
async fn signed_in(store: &dyn Store) {
    let grant = Grant::everywhere([Scope::Read]);
    let user = User { name: "ana".to_owned(), password: Some(hash("old")), grant };
    assert!(store.add_user(&user, Now::Database).await.expect("kept"));
    let session = Session { digest: digest(1), user: "ana", password: &hash("old") };
    assert!(store.start_session(&session, Now::Database).await.expect("started"));
}

/// S-12: a password that somebody else sets, or a sign-out, stands also where its user changes it at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_password_gives_way_to_who_was_before_it() {
    for others_set in ["password = 'reset', ", ""] {
        let database = TestDatabase::postgres();
        let store = database.open().await;
        signed_in(&*store).await;
        let other = format!("update windlass.user set {others_set}revision = revision + 1");
        let stranger = begun(&database, &other).await;
        let (old, new) = (hash("old"), hash("new"));
        let change = OwnPassword { session: digest(1), old: &old, new: &new, next: digest(2) };
        let goes_first = async {
            waits_for(&database, "transactionid").await;
            stranger.client.batch_execute("commit").await.expect("committed");
        };
        let change = store.change_own_password(&change, Now::Database);
        let (changed, ()) = tokio::join!(change, goes_first);
        assert!(!changed.expect("asked"), "others set {others_set:?}");
        let password = store.user("ana").await.expect("read").expect("there").user.password;
        let expected = if others_set.is_empty() { "old" } else { "reset" };
        assert_eq!(password, Some(hash(expected)));
        for session in [1, 2] {
            assert_eq!(store.session(digest(session)).await.expect("read"), None, "{session}");
        }
    }
}

/// S-12: a session that starts while its user is signed out, or changed, is of the user as they were, and over.
#[tokio::test]
async fn a_session_that_starts_beside_a_sign_out_is_over() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    signed_in(&*store).await;
    let stranger = begun(&database, "update windlass.user set revision = revision + 1").await;
    let session = Session { digest: digest(2), user: "ana", password: &hash("old") };
    assert!(store.start_session(&session, Now::Database).await.expect("started"));
    assert!(store.session(digest(2)).await.expect("read").is_some(), "nothing is committed yet");
    stranger.client.batch_execute("commit").await.expect("committed");
    assert_eq!(store.session(digest(2)).await.expect("read"), None);
}

/// What the test before it takes for granted: signing out raises the revision.
#[tokio::test]
async fn signing_out_raises_the_revision() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    signed_in(&*store).await;
    let sql = connect(&database).await;
    let revision = async || {
        let row = sql.client.query_one("select revision from windlass.user", &[]).await;
        row.expect("read").get::<_, i64>(0)
    };
    let before = revision().await;
    assert_eq!(store.end_sessions("ana").await.expect("ended"), 1);
    assert!(revision().await > before);
}

/// The audit tells people and programs apart by their names: a name that both want at once is not given to both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_two_want_at_once_is_not_both() {
    let database = TestDatabase::postgres();
    let (one, other) = (database.open().await, database.open().await);
    for nth in 0..60_u8 {
        let grant = Grant::everywhere([Scope::Read]);
        let name = format!("name-{nth}");
        let user = User { name: name.clone(), password: None, grant: grant.clone() };
        let hint = "x9Qa".to_owned();
        let token = Token { name, digest: digest(nth), hint, grant, expires_at: None };
        let (one, other): (&Arc<dyn Store>, &Arc<dyn Store>) = (&one, &other);
        let added = tokio::join!(
            async { one.add_user(&user, Now::Database).await.expect("asked") },
            async { other.add_token(&token, Now::Database).await.expect("asked") },
        );
        assert_ne!(added, (true, true), "{}", user.name);
        let kept = one.user(&user.name).await.expect("read").is_some();
        assert_eq!(kept, added.0, "what is answered is so");
    }
}
