use serde::{Deserialize, Serialize};
use windlass::Event;

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.paid", subject = "order")]
struct OrderPaid {
    order: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.sent", subject = "order/{order")]
struct OrderSent {
    order: i64,
}

fn main() {}
