//! Values of the application's own types as events: published, stored and read again.

use std::error::Error;

use serde::{Deserialize, Serialize};
use windlass::event::{DecodeError, EventRecord, EventType, NewEvent, Published};
use windlass::prelude::*;
use windlass::{Event, EventId, Json, Refusal, StoreError, Subject};

use crate::test_database::{TestDatabase, connect, on_both_stores};

/// What was published before there were items.
mod old {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(type = "order.paid")]
    pub(super) struct OrderPaid {
        pub(super) order: i64,
        pub(super) total: i64,
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(
    type = "order.paid",
    version = 2,
    source = "/shop",
    subject = "order/{order}",
    about(customer = customer_id, order),
    upgrade = with_items
)]
struct OrderPaid {
    order: i64,
    customer_id: Option<String>,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    sku: String,
    price: i64,
}

fn with_items(version: u16, data: &Json) -> Result<OrderPaid, Box<dyn Error + Send + Sync>> {
    let old: old::OrderPaid = data.read()?;
    if version != 1 || old.total < 0 {
        return Err(format!("a total of {} was never paid", old.total).into());
    }
    let item = Item { sku: "unknown".to_owned(), price: old.total };
    Ok(OrderPaid { order: old.order, customer_id: None, items: vec![item] })
}

fn paid(order: i64) -> OrderPaid {
    let item = Item { sku: "tea \"ü\"".to_owned(), price: 1_299 };
    OrderPaid { order, customer_id: Some(format!("c{order}")), items: vec![item.clone(), item] }
}

on_both_stores! {
    /// E20, O1, O37: what is published by value or by reference, in a transaction or without, is read again as it was.
    typed_events_are_read_as_they_were_published;
    /// O37: data of an older version come through the upgrade; what is newer, of another type, or does not fit is a defined error.
    what_does_not_fit_is_a_defined_error;
    /// E20, T5: a typed event that no store can keep is refused, and nothing is written.
    typed_events_that_cannot_be_stored_are_refused;
}

async fn read(client: &Client, id: EventId) -> EventRecord {
    client.event(id).await.expect("read").expect("it is there")
}

/// Publishes in a transaction of the application's own: one that is rolled back, and one that is committed, of two.
async fn publish_within(database: &TestDatabase, client: &Client, events: &[OrderPaid]) -> EventId {
    let ids = |published: Vec<Published>| published.into_iter().map(Published::id).next();
    let id = if database.url().starts_with("sqlite") {
        let mut connection = database.file();
        let tx = connection.transaction().expect("begun");
        client.within(&tx).publish_blocking(&events[0]).expect("published");
        tx.rollback().expect("rolled back");
        let tx = connection.transaction().expect("begun");
        let published = client.within(&tx).publish_all_blocking(events).expect("published");
        tx.commit().expect("committed");
        ids(published)
    } else {
        let mut connection = connect(database).await;
        let tx = connection.client.transaction().await.expect("begun");
        client.within(&tx).publish(&events[0]).await.expect("published");
        tx.rollback().await.expect("rolled back");
        let tx = connection.client.transaction().await.expect("begun");
        let published = client.within(&tx).publish_all(events).await.expect("published");
        tx.commit().await.expect("committed");
        ids(published)
    };
    id.expect("an answer for each")
}

async fn typed_events_are_read_as_they_were_published(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let id = client.publish(&paid(1)).await.expect("published").id();
    let within = publish_within(&database, &client, &[paid(2), paid(3)]).await;
    client.publish_all(vec![paid(4), paid(5)]).await.expect("published");
    let adjusted = paid(6).event().expect("an event").given("6-paid");
    client.publish(adjusted).await.expect("published");
    for (id, order) in [(id, 1), (within, 2)] {
        let record = read(&client, id).await;
        assert_eq!(record.decode::<OrderPaid>().expect("it fits"), paid(order));
        assert_eq!((&*record.event_type, &*record.source), ("order.paid", "/shop"));
        assert_eq!(record.subject, Some(format!("order/{order}")));
        assert_eq!(record.version(), 2);
        let mut about = record.meta.subjects.clone();
        about.sort();
        let customer = Subject::new("customer", format!("c{order}"));
        assert_eq!(about, [customer, Subject::new("order", order)]);
    }
    while client.store().sequence(100, windlass::store::Now::Database).await.expect("done") > 0 {}
    let events = client.events(0, 100).await.expect("read");
    let orders: Vec<i64> =
        events.iter().map(|event| event.decode::<OrderPaid>().expect("it fits").order).collect();
    assert_eq!(orders, [1, 2, 3, 4, 5, 6]);
}

async fn what_does_not_fit_is_a_defined_error(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let publish = async |event: NewEvent| {
        let id = client.publish(event).await.expect("published").id();
        read(&client, id).await
    };
    let before = |total| old::OrderPaid { order: 7, total };
    let record = publish(before(5).event().expect("an event")).await;
    let upgraded: OrderPaid = record.decode().expect("it is upgraded");
    assert_eq!((upgraded.order, upgraded.items[0].price, record.version()), (7, 5, 1));

    let failed = publish(before(-1).event().expect("an event")).await.decode::<OrderPaid>();
    let failed = failed.expect_err("it is refused");
    assert!(matches!(failed, DecodeError::Upgrade { version: 1, known: 2, .. }), "{failed}");
    assert!(failed.to_string().ends_with("upgraded to version 2: a total of -1 was never paid"));

    let newer = publish(paid(8).event().expect("an event")).await;
    let error = newer.decode::<old::OrderPaid>().expect_err("it is newer");
    assert!(matches!(error, DecodeError::Newer { version: 2, known: 1, .. }), "{error}");

    let other = publish(NewEvent::bare("order.sent")).await.decode::<OrderPaid>();
    let error = other.expect_err("it is another type");
    assert!(matches!(&error, DecodeError::Type { found, .. } if found == "order.sent"), "{error}");

    let data = r#"{"order": 9, "customer_id": null, "items": [{"sku": "a", "price": 1}, {"sku": "b", "price": "x"}]}"#;
    let mut wrong = NewEvent::new("order.paid", Json::args(data).expect("JSON"));
    wrong.meta.version = Some(2);
    let record = publish(wrong).await;
    let error = record.decode::<OrderPaid>().expect_err("it does not fit").to_string();
    let expected = format!(
        "the data of the event {}, version 2 of `order.paid`, do not fit at `data.items.1.price`: \
         invalid type: string \"x\", expected i64",
        record.id
    );
    assert_eq!(error, expected);
}

/// What an application might write, and PostgreSQL cannot keep.
#[derive(Serialize, Event)]
#[event(type = "note.left", subject = author)]
struct Note<'a> {
    author: &'a str,
    text: &'a str,
    raw: Json,
}

#[derive(Serialize, Event)]
#[event(type = "map.drawn")]
struct Map {
    places: std::collections::BTreeMap<(i32, i32), String>,
}

async fn typed_events_that_cannot_be_stored_are_refused(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let large = "x".repeat(windlass::limits::ARGS_BYTES);
    let note = |text, raw| Note { author: "ana", text, raw: Json::stored(raw) };
    for (note, why) in [
        (note("a\0b", "1"), "an event's data refused: NUL character at byte"),
        (note("", r#""\u0000""#), "an event's data refused: NUL character at byte"),
        (note("", r#""\ud800""#), "an event's data refused: lone surrogate escape at byte"),
        (note(&large, "1"), "an event's data refused: 262178 bytes of JSON are above the limit"),
        (Note { author: "", ..note("", "1") }, "an event's subject has 1 to 256 bytes"),
    ] {
        let error = client.publish(&note).await.expect_err(why);
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        assert!(error.to_string().starts_with(why), "{error}");
    }
    let places = [((1, 2), "home".to_owned())].into();
    let error = client.publish(Map { places }).await.expect_err("no key of JSON");
    assert!(matches!(error, StoreError::Refused(Refusal::Data(_))), "{error:?}");
    let pair = [paid(1), OrderPaid { customer_id: Some("a\0".to_owned()), ..paid(2) }];
    client.publish_all(&pair).await.expect_err("all or none");
    while client.store().sequence(100, windlass::store::Now::Database).await.expect("done") > 0 {}
    assert_eq!(client.events(0, 100).await.expect("read"), []);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(type = "deploy.done", subject = "{type}-{of}/{part}", about(host))]
struct Deployed {
    r#type: Kind,
    of: String,
    part: Option<u8>,
    host: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Blue,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(type = "tick")]
struct Tick;

#[test]
fn the_derive_says_what_an_event_is() {
    let deployed = |part, host| Deployed { r#type: Kind::Blue, of: "a b".to_owned(), part, host };
    let event = deployed(Some(3), Some("h1".to_owned())).event().expect("an event");
    assert_eq!(event.subject.as_deref(), Some("blue-a b/3"));
    assert_eq!(event.meta.subjects, [Subject::new("host", "h1")]);
    assert_eq!((&*event.source, event.meta.version), ("/", None));
    let event = deployed(None, None).event().expect("an event");
    assert_eq!((event.subject, event.meta.subjects), (None, vec![]));
    assert_eq!(Tick.event().expect("an event").data, None);
    assert_eq!(
        (OrderPaid::TYPE, OrderPaid::VERSION, OrderPaid::SOURCE),
        ("order.paid", 2, "/shop")
    );
}
