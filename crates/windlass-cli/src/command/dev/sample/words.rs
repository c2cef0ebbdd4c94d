//! What the sample's jobs are about.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::condition::Waits;
use windlass::job::{Claimed, Due};
use windlass::{Json, Lane, NewJob, Subject, Timestamp};

/// Who orders.
pub(super) const CUSTOMERS: [(&str, &str); 8] = [
    ("1042", "ana.silva@example.com"),
    ("1107", "ben.okafor@example.com"),
    ("1188", "chiara.rossi@example.com"),
    ("1203", "daniel.weber@example.com"),
    ("1291", "elif.yilmaz@example.com"),
    ("1317", "farid.haddad@example.com"),
    ("1350", "grace.lindqvist@example.com"),
    ("1402", "hiro.tanaka@example.com"),
];

pub(super) const SMTP_BUSY: &str = "SmtpError: 451 4.7.1 greylisted, try again later\n  at send (mail/smtp.rs:88)\n  at receipt (mail/receipt.rs:31)";
pub(super) const NO_MAILBOX: &str = "SmtpError: 550 5.1.1 no such mailbox\n  at send (mail/smtp.rs:91)\n  at receipt (mail/receipt.rs:31)";
pub(super) const GATEWAY: &str = "GatewayTimeout: the payment gateway did not answer within 30 s\n  at capture (billing/gateway.rs:140)";

/// Why an invoice could not be made.
pub(super) fn renderer(order: u64) -> String {
    format!(
        "RenderError: pdf renderer answered 503 for order {order}\n  at render (billing/pdf.rs:57)\n  at create (billing/invoice.rs:22)"
    )
}

/// What a row or a price list lacks that cannot be imported.
pub(super) fn incomplete(job: &Claimed) -> Option<String> {
    let args = job.args.as_str();
    let lacks = match job.kind.as_str() {
        "catalog.row" if args.contains("A-3317") => "A-3317 has no price",
        "catalog.row" if args.contains("prices") => "the list of prices has no currency",
        _ => return None,
    };
    Some(format!("ImportError: {lacks}\n  at row (catalog/row.rs:40)"))
}

/// A job with these args.
pub(super) fn job(kind: &str, queue: &str, args: &Value) -> NewJob {
    NewJob { queue: queue.to_owned(), ..NewJob::new(kind, json_of(args)) }
}

/// What a job of no type of the program's can be told besides.
pub(super) trait Told {
    fn subject(self, kind: &str, id: impl ToString) -> Self;
    fn tag(self, tag: &str) -> Self;
    fn lane(self, key: &str) -> Self;
    fn delay(self, delay: Duration) -> Self;
    fn timeout(self, limit: Duration) -> Self;
    fn on_signal(self, key: &str) -> Self;
}

impl Told for NewJob {
    fn subject(mut self, kind: &str, id: impl ToString) -> Self {
        self.meta.subjects.push(Subject::new(kind, id));
        self
    }

    fn tag(mut self, tag: &str) -> Self {
        self.meta.tags.push(tag.to_owned());
        self
    }

    fn lane(mut self, key: &str) -> Self {
        self.meta.lane = Some(Lane::by(key));
        self
    }

    fn delay(mut self, delay: Duration) -> Self {
        self.due = Due::In(delay);
        self
    }

    fn timeout(mut self, limit: Duration) -> Self {
        self.meta.timeout_ms = u64::try_from(limit.as_millis()).ok();
        self
    }

    fn on_signal(mut self, key: &str) -> Self {
        self.meta.waits = Some(Waits::all().signal("picked", key));
        self
    }
}

/// A value as it is stored.
pub(super) fn json_of(value: &Value) -> Json {
    Json::stored(value.to_string())
}

/// What is known of an order.
pub(super) fn order(number: u64, customer: usize, total: u64) -> Value {
    let (customer, mail) = CUSTOMERS[customer % CUSTOMERS.len()];
    let total = format!("{}.{:02}", total / 100, total % 100);
    json!({ "order": number, "customer": customer, "email": mail, "total": total, "currency": "EUR" })
}

/// A moment before another.
pub(super) fn before(moment: Timestamp, time: Duration) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() - windlass::time::micros(time))
}
