//! Acts are kept in a chain, in which what is changed later is found.

use std::slice;

use futures_util::future::join_all;
use windlass_core::audit::{Act, Chain, EntriesWanted, Entry, EntryDigest, Via};
use windlass_core::error::{Refusal, StoreError};
use windlass_core::json::Json;
use windlass_core::limits::{ACT_BYTES, ACT_DOCUMENT_BYTES, KEEP_ACTS};

use crate::fixture::{MINUTE, StoreFixture};

fn act(actor: &str, target: &str) -> Act {
    Act {
        actor: actor.to_owned(),
        via: Via::Api,
        origin: Some("127.0.0.1".to_owned()),
        action: "queues.pause".to_owned(),
        target: target.to_owned(),
        asked: Json::args(r#"{"note":"upgrade"}"#).ok(),
        before: None,
        after: Json::args(r#"{"paused":{"note":"upgrade"}}"#).ok(),
    }
}

impl StoreFixture {
    async fn act(&self, actor: &str, target: &str) -> Entry {
        let act = act(actor, target);
        self.store().add_act(&act, self.now()).await.expect("kept")
    }

    async fn acts(&self, wanted: EntriesWanted) -> Vec<u64> {
        let found = self.store().acts(&wanted).await.expect("read");
        found.into_iter().map(|entry| entry.number).collect()
    }
}

/// An act is kept whole, and found by who has done it and to what, the newest first.
pub async fn acts_are_found(fixture: StoreFixture) {
    let first = fixture.act("ana", "queues/mail").await;
    fixture.advance(MINUTE);
    fixture.act("bob", "queues/mail").await;
    fixture.act("ana", "queues/media").await;
    let all = EntriesWanted { limit: 10, ..EntriesWanted::default() };
    assert_eq!(fixture.acts(all.clone()).await, [3, 2, 1]);
    assert_eq!(fixture.acts(EntriesWanted { limit: 1, ..all.clone() }).await, [3]);
    assert_eq!(fixture.acts(EntriesWanted { before: Some(3), ..all.clone() }).await, [2, 1]);
    let of_ana = EntriesWanted { actor: Some("ana".to_owned()), ..all.clone() };
    assert_eq!(fixture.acts(of_ana).await, [3, 1]);
    let to_mail = EntriesWanted { target: Some("queues/mail".to_owned()), ..all };
    assert_eq!(fixture.acts(to_mail).await, [2, 1]);
    let kept = fixture.store().acts_after(0, 1).await.expect("read");
    assert_eq!(kept, slice::from_ref(&first));
    assert_eq!((first.act, first.previous), (act("ana", "queues/mail"), EntryDigest::NONE));
}

/// Acts of many at the same moment become one chain without holes.
pub async fn acts_of_many_are_one_chain(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    let acts: Vec<Act> = (0..20).map(|nth| act("ana", &format!("queues/q{nth}"))).collect();
    let add = |(nth, act): (usize, _)| {
        let store = if nth.is_multiple_of(2) { fixture.store() } else { &*other };
        store.add_act(act, fixture.now())
    };
    let added = join_all(acts.iter().enumerate().map(add)).await;
    assert!(added.iter().all(Result::is_ok), "{added:?}");
    let kept = fixture.store().acts_after(0, 100).await.expect("read");
    assert_eq!(kept.len(), 20);
    let start = fixture.store().audit_start().await.expect("read");
    let mut chain = Chain::behind(start);
    kept.iter().for_each(|entry| chain.next(entry).expect("the chain is whole"));
}

/// Acts are removed when their time of keeping is over, and the chain goes on behind them, also where none is left.
pub async fn the_chain_outlives_its_entries(fixture: StoreFixture) {
    fixture.act("ana", "queues/a").await;
    let second = fixture.act("ana", "queues/b").await;
    fixture.advance(MINUTE);
    let third = fixture.act("ana", "queues/c").await;
    fixture.advance(KEEP_ACTS - MINUTE);
    fixture.tidy().await;
    let start = fixture.store().audit_start().await.expect("read");
    assert_eq!(start, (2, second.digest));
    let left = fixture.store().acts_after(0, 10).await.expect("read");
    assert_eq!(left, slice::from_ref(&third));
    fixture.advance(MINUTE);
    fixture.tidy().await;
    let fourth = fixture.act("ana", "queues/d").await;
    assert_eq!((fourth.number, fourth.previous), (4, third.digest));
}

/// Bad input: an act of nobody, or with too much to say, is refused.
pub async fn an_act_of_nobody_is_refused(fixture: StoreFixture) {
    let long = "x".repeat(ACT_BYTES + 1);
    let huge = format!("\"{}\"", "x".repeat(ACT_DOCUMENT_BYTES));
    let huge = Act { asked: Json::args(huge).ok(), ..act("ana", "queues/a") };
    let bad = [act("", "queues/a"), act("ana", ""), act("ana", &long), act("a\0b", "x"), huge];
    for one in &bad {
        let refused = fixture.store().add_act(one, fixture.now()).await.expect_err("refused");
        assert!(matches!(refused, StoreError::Refused(Refusal::Key { .. })), "{refused}");
    }
    assert!(fixture.store().acts_after(0, 10).await.expect("read").is_empty());
}
