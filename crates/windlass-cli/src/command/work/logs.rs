//! The log on stderr: what the engine says and what programs print.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::screen::Screen;
use crate::handler::LOG_TARGET;
use crate::output::color::{Palette, Tone};

/// Begins logging.
pub(crate) fn begin(screen: &Screen, palette: Palette, quiet: bool) {
    // Lines name their attempt themselves; the span of an attempt would say it again.
    let standard = "info,windlass_core::engine::attempt=off";
    let standard = if quiet { format!("{standard},{LOG_TARGET}=off") } else { standard.to_owned() };
    let filter =
        EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new(standard));
    let terminal = io::stderr().is_terminal();
    let lines = Lines { terminal, palette, format: Format::default().with_target(false).compact() };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(palette == Palette::Colored)
        .with_writer(screen.clone())
        .event_format(lines)
        .finish();
    // Another log of this process stays; there is none in this binary.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// One line for each event: with everything for a file; for a person, what a program prints
/// stands beside the lines of its attempt.
struct Lines {
    terminal: bool,
    palette: Palette,
    format: Format<Compact>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !self.terminal || event.metadata().target() != LOG_TARGET {
            return self.format.format_event(context, writer, event);
        }
        let mut printed = Printed::default();
        event.record(&mut printed);
        let head = format!("  {}  {}", printed.kind, printed.job);
        writeln!(writer, "{}  {}", self.palette.paint(Tone::Dim, &head), printed.text)
    }
}

/// A line that a program printed.
#[derive(Debug, Default)]
struct Printed {
    kind: String,
    job: String,
    text: String,
}

impl Visit for Printed {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "kind" {
            value.clone_into(&mut self.kind);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let to = match field.name() {
            "job" => &mut self.job,
            "message" => &mut self.text,
            _ => return,
        };
        // Writing to a text cannot fail.
        let _ = write!(to, "{value:?}");
    }
}
