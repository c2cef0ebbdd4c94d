//! A request with a key is carried out once, however often it comes.

use futures_util::future::join_all;
use uuid::Uuid;
use windlass_core::idempotency::{Answer, Begun, KeyedRequest, RequestEnd, RequestKey};
use windlass_core::limits::{KEEP_REQUESTS, REQUEST_HELD};

use crate::fixture::{SECOND, StoreFixture};

const KEY: RequestKey = RequestKey::new([1; 32]);

fn request(asked: u8) -> KeyedRequest {
    KeyedRequest { key: KEY, asked: [asked; 32], seed: Uuid::now_v7() }
}

fn answer() -> Answer {
    let body = br#"{"id":"job_1"}"#.to_vec();
    Answer { status: 201, content_type: "application/json".to_owned(), body }
}

impl StoreFixture {
    async fn begin(&self, request: KeyedRequest) -> Begun {
        self.store().begin_request(request, self.now()).await.expect("asked")
    }

    async fn end(&self, request: KeyedRequest, end: RequestEnd) {
        self.store().end_request(request, &end).await.expect("ended");
    }
}

/// The second request with a key gets the answer of the first; what asks for something else is told apart.
pub async fn an_answer_is_given_again(fixture: StoreFixture) {
    let first = request(1);
    assert_eq!(fixture.begin(first).await, Begun::Go(first.seed));
    assert_eq!(fixture.begin(request(1)).await, Begun::Running);
    assert_eq!(fixture.begin(request(2)).await, Begun::Other);
    fixture.end(first, RequestEnd::Answered(answer())).await;
    assert_eq!(fixture.begin(request(1)).await, Begun::Answered(answer()));
    assert_eq!(fixture.begin(request(2)).await, Begun::Other);
    fixture.end(first, RequestEnd::Refused).await;
    fixture.end(first, RequestEnd::Unknown).await;
    let other = Answer { status: 500, ..answer() };
    fixture.end(first, RequestEnd::Answered(other)).await;
    assert_eq!(fixture.begin(request(1)).await, Begun::Answered(answer()), "an answer stays");
    let elsewhere = KeyedRequest { key: RequestKey::new([2; 32]), ..request(1) };
    assert_eq!(fixture.begin(elsewhere).await, Begun::Go(elsewhere.seed));
}

/// Of requests with a key that come at the same moment one is carried out.
pub async fn one_of_many_is_carried_out(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    let begin = |nth: usize| {
        let store = if nth.is_multiple_of(2) { fixture.store() } else { &*other };
        store.begin_request(request(1), fixture.now())
    };
    let begun = join_all((0..20).map(begin)).await;
    let begun: Vec<Begun> = begun.into_iter().map(|begun| begun.expect("asked")).collect();
    let gone = begun.iter().filter(|begun| matches!(begun, Begun::Go(_))).count();
    let running = begun.iter().filter(|begun| **begun == Begun::Running).count();
    assert_eq!((gone, running), (1, 19));
}

/// A request whose server died is carried out again, with the ids of the first time; so is one whose end nobody knows, at once.
pub async fn what_died_goes_on_with_its_ids(fixture: StoreFixture) {
    let (first, second, third) = (request(1), request(1), request(1));
    fixture.begin(first).await;
    fixture.advance(REQUEST_HELD - SECOND);
    assert_eq!(fixture.begin(request(1)).await, Begun::Running);
    fixture.advance(SECOND);
    assert_eq!(fixture.begin(request(2)).await, Begun::Other);
    assert_eq!(fixture.begin(second).await, Begun::Go(first.seed));
    assert_eq!(fixture.begin(request(1)).await, Begun::Running, "it has begun again");
    fixture.end(second, RequestEnd::Unknown).await;
    assert_eq!(fixture.begin(third).await, Begun::Go(first.seed));
    fixture.end(third, RequestEnd::Answered(answer())).await;
    assert_eq!(fixture.begin(request(1)).await, Begun::Answered(answer()));
}

/// A server that was only slow neither frees the key that another has taken over nor gives it to a third; its answer counts.
pub async fn who_was_slow_frees_nothing(fixture: StoreFixture) {
    let (slow, second) = (request(1), request(1));
    fixture.begin(slow).await;
    fixture.advance(REQUEST_HELD);
    assert_eq!(fixture.begin(second).await, Begun::Go(slow.seed));
    for end in [RequestEnd::Refused, RequestEnd::Unknown] {
        fixture.end(slow, end).await;
        assert_eq!(fixture.begin(request(1)).await, Begun::Running);
    }
    fixture.end(slow, RequestEnd::Answered(answer())).await;
    fixture.end(second, RequestEnd::Refused).await;
    assert_eq!(fixture.begin(request(1)).await, Begun::Answered(answer()));
}

/// A request that was refused leaves its key free for a better one.
pub async fn what_was_refused_leaves_its_key(fixture: StoreFixture) {
    let first = request(1);
    fixture.begin(first).await;
    fixture.end(first, RequestEnd::Refused).await;
    let better = request(2);
    assert_eq!(fixture.begin(better).await, Begun::Go(better.seed));
}

/// Keys are forgotten after a day, whether a round has removed them or not.
pub async fn keys_are_forgotten(fixture: StoreFixture) {
    let first = request(1);
    fixture.begin(first).await;
    fixture.end(first, RequestEnd::Answered(answer())).await;
    fixture.advance(KEEP_REQUESTS - SECOND);
    fixture.tidy().await;
    assert_eq!(fixture.begin(request(1)).await, Begun::Answered(answer()));
    fixture.advance(SECOND);
    let second = request(2);
    assert_eq!(fixture.begin(second).await, Begun::Go(second.seed));
    fixture.end(second, RequestEnd::Answered(answer())).await;
    let early = fixture.now();
    fixture.advance(KEEP_REQUESTS);
    fixture.tidy().await;
    // For a clock that was set back: the row itself is gone.
    let third = request(3);
    let begun = fixture.store().begin_request(third, early).await.expect("asked");
    assert_eq!(begun, Begun::Go(third.seed));
}
