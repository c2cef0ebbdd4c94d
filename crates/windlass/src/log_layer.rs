//! A layer that keeps what handlers log with their jobs.

use std::fmt::{self, Write as _};
use std::sync::Weak;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;
use windlass_core::context::attempt_of_new_span;
use windlass_core::progress;

use crate::AttemptContext;

/// Takes the events that happen in the span of an attempt, and in spans within it, and keeps them with the job: see
/// [`log_layer`].
#[derive(Debug, Clone)]
pub struct LogLayer {
    most: Level,
}

/// A layer for the application's subscriber: what handlers log is kept with their jobs, from `INFO` on, and shown by `windlass job show`
/// and [`Client::log`](crate::Client::log). It is written with the progress of the jobs, once a second at most.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let subscriber = tracing_subscriber::registry().with(windlass::log_layer());
/// # drop(subscriber);
/// ```
#[must_use]
pub fn log_layer() -> LogLayer {
    LogLayer { most: Level::INFO }
}

impl LogLayer {
    /// Takes events up to this level instead.
    #[must_use]
    pub fn up_to(self, most: Level) -> Self {
        Self { most }
    }
}

/// The attempt that a span is of.
struct Attempt(Weak<AttemptContext>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, _attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let (Some(attempt), Some(span)) = (attempt_of_new_span(), context.span(id)) {
            span.extensions_mut().insert(Attempt(attempt));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > self.most {
            return;
        }
        let Some(mut scope) = context.event_scope(event) else { return };
        let attempt = scope.find_map(|span| {
            span.extensions().get::<Attempt>().and_then(|Attempt(attempt)| attempt.upgrade())
        });
        if let Some(attempt) = attempt {
            let mut line = Line::default();
            event.record(&mut line);
            attempt.log(level(*event.metadata().level()), line.text());
        }
    }
}

fn level(level: Level) -> progress::Level {
    match level {
        Level::ERROR => progress::Level::Error,
        Level::WARN => progress::Level::Warn,
        Level::INFO => progress::Level::Info,
        Level::DEBUG => progress::Level::Debug,
        Level::TRACE => progress::Level::Trace,
    }
}

/// An event as a line: its message, then its fields.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn text(&mut self) -> &str {
        self.message.push_str(&self.fields);
        self.message.trim_start()
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            // A text cannot fail to take more.
            name => _ = write!(self.fields, " {name}={value}"),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => _ = write!(self.message, "{value:?}"),
            name => _ = write!(self.fields, " {name}={value:?}"),
        }
    }
}
