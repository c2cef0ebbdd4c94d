//! Sessions hold for their user as they are.

use std::time::Duration;

use windlass_core::limits::SESSIONS;
use windlass_core::token::{GrantChange, Scope, TokenDigest};
use windlass_core::user::{OwnPassword, PasswordHash, Session, UserChange};

use super::keep::user;
use crate::fixture::{MINUTE, StoreFixture};

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

async fn start(fixture: &StoreFixture, digest: u8, user: &str, password: &str) -> bool {
    let (digest, password) = (TokenDigest::new([digest; 32]), hash(password));
    let session = Session { digest, user, password: &password };
    fixture.store().start_session(&session, fixture.now()).await.expect("asked")
}

async fn is_there(fixture: &StoreFixture, digest: u8) -> bool {
    fixture.store().session(TokenDigest::new([digest; 32])).await.expect("read").is_some()
}

/// A session is found by its digest with its user as they are now, is kept alive by its use, and ends once.
pub async fn a_session_is_its_users_as_they_are_now(fixture: StoreFixture) {
    let store = fixture.store();
    store.add_user(&user("ana", "h"), fixture.now()).await.expect("kept");
    let started = fixture.moment();
    assert!(start(&fixture, 1, "ana", "h").await);
    let digest = TokenDigest::new([1; 32]);
    let found = store.session(digest).await.expect("read").expect("there");
    assert_eq!(found.user, user("ana", "h"));
    assert_eq!((found.created_at, found.used_at), (started, started));
    fixture.advance(29 * MINUTE);
    store.use_session(digest, fixture.now()).await.expect("used");
    fixture.advance(29 * MINUTE);
    let found = store.session(digest).await.expect("read").expect("there");
    assert!(found.holds(fixture.moment()), "{found:?}");
    assert_eq!(found.created_at, started);
    assert!(store.end_session(digest).await.expect("ended"));
    assert!(!store.end_session(digest).await.expect("asked"));
    assert!(!is_there(&fixture, 1).await);
}

/// S-12: whatever of a user changes, their sessions are over, and nobody else's.
pub async fn a_session_ends_with_what_its_user_was(fixture: StoreFixture) {
    let store = fixture.store();
    for name in ["ana", "ben"] {
        store.add_user(&user(name, "h"), fixture.now()).await.expect("kept");
    }
    assert!(start(&fixture, 9, "ben", "h").await);
    let password = UserChange { password: Some(hash("h")), ..UserChange::default() };
    let grant = GrantChange { scopes: Some(vec![Scope::Read]), ..GrantChange::default() };
    let grant = UserChange { password: None, grant };
    for (digest, change) in [(1, &password), (2, &grant)] {
        assert!(start(&fixture, digest, "ana", "h").await);
        assert!(store.change_user("ana", change).await.expect("changed"));
        assert!(!is_there(&fixture, digest).await, "{change:?}");
    }
    assert!(start(&fixture, 3, "ana", "h").await && start(&fixture, 4, "ana", "h").await);
    assert_eq!(store.end_sessions("ana").await.expect("ended"), 2);
    assert!(!is_there(&fixture, 3).await);
    assert!(start(&fixture, 5, "ana", "h").await);
    assert!(store.remove_user("ana").await.expect("removed"));
    store.add_user(&user("ana", "h"), fixture.now()).await.expect("kept");
    assert!(!is_there(&fixture, 5).await, "somebody else has the name now");
    assert!(is_there(&fixture, 9).await);
}

/// A password that was changed between its check and the start lets nobody in.
pub async fn a_session_of_another_password_does_not_start(fixture: StoreFixture) {
    let store = fixture.store();
    store.add_user(&user("ana", "h"), fixture.now()).await.expect("kept");
    assert!(!start(&fixture, 1, "ana", "old").await);
    assert!(!start(&fixture, 1, "eve", "h").await);
    assert!(!is_there(&fixture, 1).await);
}

/// The oldest session of a user makes room, and sessions that are over are forgotten.
pub async fn a_user_has_so_many_sessions_and_no_more(fixture: StoreFixture) {
    let store = fixture.store();
    for name in ["ana", "ben"] {
        store.add_user(&user(name, "h"), fixture.now()).await.expect("kept");
    }
    let most = u8::try_from(SESSIONS).expect("a small number");
    assert!(start(&fixture, 200, "ben", "h").await);
    for digest in 0..=most {
        fixture.advance(Duration::from_secs(1));
        assert!(start(&fixture, digest, "ana", "h").await);
    }
    assert!(!is_there(&fixture, 0).await && is_there(&fixture, 1).await);
    assert!(is_there(&fixture, most).await && is_there(&fixture, 200).await);
    fixture.advance(30 * MINUTE);
    assert!(is_there(&fixture, 200).await, "nobody has looked yet");
    assert!(start(&fixture, 201, "ana", "h").await);
    assert!(!is_there(&fixture, 200).await && !is_there(&fixture, most).await);
    assert_eq!(store.end_sessions("ana").await.expect("ended"), 1);
}

/// A user changes their own password with a session that holds and the password that is: not after somebody else has changed it or
/// signed them out.
pub async fn an_own_password_is_changed_by_who_is_signed_in(fixture: StoreFixture) {
    let store = fixture.store();
    let change = async |session: u8, old: &str, new: &str, next: u8| {
        let (old, new) = (hash(old), hash(new));
        let [session, next] = [session, next].map(|byte| TokenDigest::new([byte; 32]));
        let change = OwnPassword { session, old: &old, new: &new, next };
        store.change_own_password(&change, fixture.now()).await.expect("asked")
    };
    for name in ["ana", "ben"] {
        store.add_user(&user(name, "h1"), fixture.now()).await.expect("kept");
    }
    assert!(start(&fixture, 9, "ben", "h1").await);
    assert!(start(&fixture, 1, "ana", "h1").await && start(&fixture, 2, "ana", "h1").await);
    assert!(change(1, "h1", "h2", 3).await);
    assert!(!is_there(&fixture, 1).await && !is_there(&fixture, 2).await);
    assert!(is_there(&fixture, 3).await && is_there(&fixture, 9).await);
    assert_eq!(
        store.user("ana").await.expect("read").expect("there").user.password,
        Some(hash("h2"))
    );
    assert!(!change(1, "h2", "h4", 4).await, "that session is over");
    assert!(!change(3, "h1", "h4", 4).await, "that is not the password any more");
    let reset = UserChange { password: Some(hash("h5")), ..UserChange::default() };
    assert!(store.change_user("ana", &reset).await.expect("changed"));
    assert!(!change(3, "h2", "h4", 4).await, "somebody else has changed it");
    assert!(start(&fixture, 5, "ana", "h5").await);
    assert_eq!(store.end_sessions("ana").await.expect("ended"), 1);
    assert!(!change(5, "h5", "h4", 4).await, "signed out");
    assert!(!is_there(&fixture, 4).await);
    assert_eq!(
        store.user("ana").await.expect("read").expect("there").user.password,
        Some(hash("h5"))
    );
    assert!(is_there(&fixture, 9).await, "ben has nothing to do with it");
}
