use serde::{Deserialize, Serialize};
use windlass::Event;

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.paid", sourec = "/shop")]
struct OrderPaid {
    order: i64,
}

fn main() {}
