//! The examples of docs/events.md and docs/subscriptions.md, line by line: `scripts/tidy` compares them.
