//! Users are kept with the hash of their password.

use windlass_core::error::{Refusal, StoreError};
use windlass_core::token::{Grant, GrantChange, Scope, Token, TokenDigest};
use windlass_core::user::{PasswordHash, Role, User, UserChange};

use crate::fixture::StoreFixture;

pub(super) fn user(name: &str, password: &str) -> User {
    User {
        name: name.to_owned(),
        password: Some(PasswordHash::new(password.to_owned())),
        grant: Grant {
            scopes: Role::Operator.scopes().to_vec(),
            queues: vec!["mail".to_owned()],
            kinds: Vec::new(),
            tags: vec!["tenant:acme".to_owned()],
        },
    }
}

/// A user is found by name, whole, and what is not named in a change stays.
pub async fn a_user_is_kept_changed_and_taken_away(fixture: StoreFixture) {
    let store = fixture.store();
    let (ben, ana) = (user("ben", "h1"), User { password: None, ..user("ana", "") });
    for one in [&ben, &ana] {
        assert!(store.add_user(one, fixture.now()).await.expect("kept"));
    }
    assert!(!store.add_user(&user("ben", "h2"), fixture.now()).await.expect("asked"));
    let token = |name: &str, digest| Token {
        name: name.to_owned(),
        digest: TokenDigest::new([digest; 32]),
        hint: "x9Qa".to_owned(),
        grant: Grant::everywhere([Scope::Read]),
        expires_at: None,
    };
    let taken = store.add_token(&token("ben", 1), fixture.now()).await.expect("asked");
    assert!(!taken, "the audit tells them apart by their names");
    assert!(store.add_token(&token("ci", 2), fixture.now()).await.expect("kept"));
    assert!(!store.add_user(&user("ci", "h"), fixture.now()).await.expect("asked"));
    let found = store.user("ben").await.expect("read").expect("there");
    assert_eq!((found.user, found.created_at), (ben.clone(), fixture.moment()));
    let all = store.users().await.expect("read");
    assert_eq!(all.into_iter().map(|one| one.user).collect::<Vec<_>>(), [ana, ben.clone()]);
    let password = Some(PasswordHash::new("h3".to_owned()));
    let change = UserChange { password: password.clone(), ..UserChange::default() };
    assert!(store.change_user("ben", &change).await.expect("changed"));
    let mut expected = ben.grant.clone();
    let change = |grant| UserChange { password: None, grant };
    let patterns = |patterns: &[&str]| Some(patterns.iter().map(|one| (*one).to_owned()).collect());
    let scopes = GrantChange { scopes: Some(vec![Scope::Read]), ..GrantChange::default() };
    let kinds = GrantChange { kinds: patterns(&["k", "\"x\""]), ..GrantChange::default() };
    let queues = GrantChange { queues: patterns(&[]), ..GrantChange::default() };
    let tags = GrantChange { tags: patterns(&["tenant:b", "a.b/c"]), ..GrantChange::default() };
    let nowhere = GrantChange { tags: patterns(&[]), ..GrantChange::default() };
    expected.scopes = vec![Scope::Read];
    assert!(store.change_user("ben", &change(scopes.clone())).await.expect("changed"));
    expected.kinds = vec!["k".to_owned(), "\"x\"".to_owned()];
    assert!(store.change_user("ben", &change(kinds)).await.expect("changed"));
    let now = store.user("ben").await.expect("read").expect("there").user;
    assert_eq!((now.password, now.grant), (password, expected.clone()), "the rest stays");
    expected.queues.clear();
    assert!(store.change_user("ben", &change(queues)).await.expect("changed"));
    assert_eq!(store.user("ben").await.expect("read").expect("there").user.grant, expected);
    expected.tags = vec!["tenant:b".to_owned(), "a.b/c".to_owned()];
    assert!(store.change_user("ben", &change(tags)).await.expect("changed"));
    assert_eq!(store.user("ben").await.expect("read").expect("there").user.grant, expected);
    expected.tags.clear();
    assert!(store.change_user("ben", &change(nowhere)).await.expect("changed"));
    assert_eq!(store.user("ben").await.expect("read").expect("there").user.grant, expected);
    let change = change(scopes);
    assert!(!store.change_user("eve", &change).await.expect("asked"));
    for nobody in ["b\0n", "\0"] {
        assert_eq!(store.user(nobody).await.expect("asked"), None);
        assert!(!store.change_user(nobody, &change).await.expect("asked"));
        assert!(!store.remove_user(nobody).await.expect("asked"));
        assert_eq!(store.end_sessions(nobody).await.expect("asked"), 0);
        assert!(!store.remove_token(nobody).await.expect("asked"));
    }
    assert!(store.remove_user("ben").await.expect("removed"));
    assert!(!store.remove_user("ben").await.expect("asked"));
    assert_eq!(store.user("ben").await.expect("read"), None);
}

/// Bad input: a user without a name or a scope, or with too much, is refused, and so is a change to that.
pub async fn a_user_that_makes_no_sense_is_refused(fixture: StoreFixture) {
    let store = fixture.store();
    let mut bad = [
        user("", "h"),
        user("a\nb", "h"),
        user(&"x".repeat(101), "h"),
        user("a", "h"),
        user("a", "h"),
    ];
    bad[3].grant.scopes.clear();
    bad[4].grant.kinds = vec!["k".to_owned(); 101];
    for one in &bad {
        let refused = store.add_user(one, fixture.now()).await.expect_err("refused");
        assert_told(&refused);
    }
    assert!(store.users().await.expect("read").is_empty());
    assert!(store.add_user(&user("a", "h"), fixture.now()).await.expect("kept"));
    let [.., without, crowded] = bad;
    for grant in [
        GrantChange { scopes: Some(without.grant.scopes), ..GrantChange::default() },
        GrantChange { kinds: Some(crowded.grant.kinds), ..GrantChange::default() },
        GrantChange { tags: Some(vec!["t".to_owned(); 101]), ..GrantChange::default() },
        GrantChange { tags: Some(vec!["tenant:*".to_owned()]), ..GrantChange::default() },
    ] {
        let change = UserChange { password: None, grant };
        assert_told(&store.change_user("a", &change).await.expect_err("refused"));
    }
    assert_eq!(store.user("a").await.expect("read").expect("there").user, user("a", "h"));
}

fn assert_told(refused: &StoreError) {
    let is_told = matches!(
        refused,
        StoreError::Refused(
            Refusal::Key { .. } | Refusal::NoScope | Refusal::Patterns { .. } | Refusal::Name(_)
        )
    );
    assert!(is_told, "{refused}");
}
