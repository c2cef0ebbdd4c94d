use serde::{Deserialize, Serialize};
use windlass::Event;

#[derive(Serialize, Deserialize, Event)]
#[event(type = "order.paid", subject = "order/{ordre}", about(customer = customer_id))]
struct OrderPaid {
    order: i64,
}

fn main() {}
