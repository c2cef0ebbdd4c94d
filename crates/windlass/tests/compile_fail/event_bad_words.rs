use serde::{Deserialize, Serialize};
use windlass::Event;

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order paid")]
struct OrderPaid {
    order: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.sent", source = "")]
struct OrderSent {
    order: i64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.lost", version = 0)]
struct OrderLost {
    order: i64,
}

fn main() {}
