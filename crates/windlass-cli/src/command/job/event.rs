//! The event that a job comes of, as a row of the job's page.

use windlass_http::job::OfEvent;

use crate::output::escape::in_one_line;

/// The row: `order.paid at 1201, for the subscription receipts`, and its id.
pub(super) fn row(of: &OfEvent) -> String {
    let OfEvent { id, position, r#type, subscription } = of;
    let what = match r#type {
        Some(event_type) => format!("{} at position {position}", in_one_line(event_type)),
        None => format!("at position {position}, which is not kept any more"),
    };
    let whose = match subscription {
        Some(name) => format!("subscription {}", in_one_line(name)),
        None => "a subscription that was removed".to_owned(),
    };
    format!("{id}  {what}, by {whose}")
}
