//! Tokens are kept by the digest of their secret.

use windlass_core::error::{Refusal, StoreError};
use windlass_core::token::{Grant, Scope, Token, TokenDigest};

use crate::fixture::{MINUTE, StoreFixture};

fn token(name: &str, digest: u8) -> Token {
    Token {
        name: name.to_owned(),
        digest: TokenDigest::new([digest; 32]),
        hint: "x9Qa".to_owned(),
        grant: Grant {
            scopes: vec![Scope::Read, Scope::Work],
            queues: vec!["mail".to_owned(), "img-*".to_owned()],
            kinds: Vec::new(),
            tags: vec!["tenant:acme".to_owned(), "a.b/c-d_e".to_owned()],
        },
        expires_at: None,
    }
}

/// A token is found by its digest, whole, until it is taken away.
pub async fn a_token_is_found_by_its_digest(fixture: StoreFixture) {
    let expiring = Token { expires_at: Some(fixture.moment().after(MINUTE)), ..token("b", 2) };
    for one in [&expiring, &token("a", 1)] {
        assert!(fixture.store().add_token(one, fixture.now()).await.expect("kept"));
    }
    let found = fixture.store().token(expiring.digest).await.expect("read").expect("it is there");
    assert_eq!((&found.token, found.created_at), (&expiring, fixture.moment()));
    assert!(found.holds(fixture.moment()));
    fixture.advance(MINUTE);
    assert!(!found.holds(fixture.moment()));
    let names: Vec<_> = fixture
        .store()
        .tokens()
        .await
        .expect("read")
        .into_iter()
        .map(|one| one.token.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(fixture.store().remove_token("b").await.expect("removed"));
    assert!(!fixture.store().remove_token("b").await.expect("asked"));
    assert_eq!(fixture.store().token(expiring.digest).await.expect("read"), None);
    assert_eq!(fixture.store().token(TokenDigest::new([9; 32])).await.expect("read"), None);
}

/// A name is one token's: a second one with it is not kept, and the first stays as it is.
pub async fn a_name_is_one_tokens(fixture: StoreFixture) {
    assert!(fixture.store().add_token(&token("a", 1), fixture.now()).await.expect("kept"));
    assert!(!fixture.store().add_token(&token("a", 2), fixture.now()).await.expect("asked"));
    let tokens = fixture.store().tokens().await.expect("read");
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].token.digest, TokenDigest::new([1; 32]));
}

/// Bad input: a token without a name or a scope, or with too much, is refused.
pub async fn a_token_that_makes_no_sense_is_refused(fixture: StoreFixture) {
    let mut bad =
        ["", "a\nb", &"x".repeat(101), "a", "a", "a", "a", "a"].map(|name| token(name, 1));
    bad[3].grant.scopes.clear();
    bad[4].grant.queues = vec!["q".to_owned(); 101];
    bad[5].grant.tags = vec!["t".to_owned(); 101];
    bad[6].grant.tags = vec!["tenant:*".to_owned()];
    bad[7].grant.tags = vec!["no tag".to_owned()];
    for one in bad {
        let refused = fixture.store().add_token(&one, fixture.now()).await.expect_err("refused");
        let is_told = matches!(
            refused,
            StoreError::Refused(
                Refusal::Key { .. }
                    | Refusal::NoScope
                    | Refusal::Patterns { .. }
                    | Refusal::Name(_)
            )
        );
        assert!(is_told, "{one:?}: {refused}");
    }
    assert!(fixture.store().tokens().await.expect("read").is_empty());
}
