//! What is printed: one module decides on formats, colours, glyphs, widths and times, so that a
//! word, a glyph or a colour means the same in every command.
//!
//! Results go to stdout, errors and progress to stderr. Red is only for failure, amber for
//! attention, green for success, dim for what is beside the point.

pub(crate) mod ask;
pub(crate) mod color;
pub(crate) mod document;
pub(crate) mod glyph;
pub(crate) mod problem;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod tree;
pub(crate) mod trend;

pub(crate) use windlass_http::words::{escape, time};

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use windlass::redact::Redaction;
use windlass::{State, Timestamp};

use crate::config;
use color::{Palette, Tone};
use glyph::Glyphs;
use table::{Cell, Table};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, cut to the terminal's width
    Table,
    /// Aligned columns, more of them, never cut
    Wide,
    /// One line each, columns separated by tabs
    Plain,
    /// One JSON document
    Json,
}

/// Where and how results are printed.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    headers: bool,
    palette: Palette,
    /// What is written to stderr.
    asides: Palette,
    glyphs: Glyphs,
    /// Columns of the terminal; `None` where nothing is to be cut.
    width: Option<usize>,
    /// Whether a person reads it as it appears.
    live: bool,
    now: Timestamp,
    /// What is not shown, once somebody has asked.
    redaction: Arc<OnceLock<Redaction>>,
}

/// How results are wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// A table on a terminal, otherwise plain, unless this says otherwise.
    pub(crate) format: Option<Format>,
    /// Leaves the line with the columns' names out.
    pub(crate) no_header: bool,
    pub(crate) color: color::When,
}

impl Output {
    /// What is wanted, as far as the terminal and the environment allow it.
    pub(crate) fn new(wanted: &Wanted) -> Self {
        let live = io::stdout().is_terminal();
        let format = wanted.format.unwrap_or(if live { Format::Table } else { Format::Plain });
        Self {
            format,
            headers: !wanted.no_header,
            palette: Palette::of(wanted.color, live),
            asides: Palette::of(wanted.color, io::stderr().is_terminal()),
            glyphs: Glyphs::of_locale(),
            width: (format == Format::Table).then(|| terminal::width(live)).flatten(),
            live,
            now: Timestamp::wall_clock(),
            redaction: Arc::default(),
        }
    }

    /// That of a terminal with these colours and glyphs, whatever the environment says.
    #[cfg(test)]
    pub(crate) fn of_terminal(palette: Palette, glyphs: Glyphs) -> Self {
        let now = Timestamp::from_micros(0);
        let format = Format::Table;
        let (headers, live, width) = (true, true, None);
        let redaction = Arc::default();
        Self { format, headers, palette, asides: palette, glyphs, width, live, now, redaction }
    }

    /// The same for a text that is drawn elsewhere, as on this moment: without colours, and not cut.
    pub(crate) fn drawn(&self, now: Timestamp) -> Self {
        Self {
            format: Format::Table,
            headers: true,
            palette: Palette::Bare,
            width: None,
            live: true,
            now,
            redaction: Arc::clone(&self.redaction),
            ..*self
        }
    }

    /// What is not shown: by `[redact]` of the windlass.toml of this folder, where there is one.
    ///
    /// # Errors
    /// When that cannot be read: nothing is shown then that it may hide.
    pub(crate) fn redaction(&self) -> anyhow::Result<&Redaction> {
        if let Some(redaction) = self.redaction.get() {
            return Ok(redaction);
        }
        let redaction = config::redaction_here()?;
        Ok(self.redaction.get_or_init(|| redaction))
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether a script reads lines of columns.
    pub(crate) fn is_plain(&self) -> bool {
        self.format == Format::Plain
    }

    /// Whether all columns there are should be shown.
    pub(crate) fn is_wide(&self) -> bool {
        self.format == Format::Wide
    }

    /// Whether a person reads it as it appears.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// The moment that relative times are told from.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Columns a line may have; `None` where nothing is to be cut.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// A text in a tone, where colours are on.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        self.palette.paint(tone, text)
    }

    /// The colours of what is printed.
    pub(crate) fn palette(&self) -> Palette {
        self.palette
    }

    /// The colours of what is said on stderr.
    pub(crate) fn asides(&self) -> Palette {
        self.asides
    }

    /// The glyphs that the locale can show.
    pub(crate) fn glyphs(&self) -> Glyphs {
        self.glyphs
    }

    /// A state with its glyph, in its colour.
    pub(crate) fn state(&self, state: State) -> Cell {
        if self.is_plain() {
            return Cell::new(state.word());
        }
        let (glyph, tone) = self.glyphs.state(state);
        Cell::toned(tone, format!("{glyph} {state}"))
    }

    /// A moment: relative for a person, RFC 3339 for a file.
    pub(crate) fn moment(&self, moment: Timestamp) -> String {
        if self.live && self.format != Format::Plain {
            time::relative(moment, self.now)
        } else {
            moment.to_string()
        }
    }

    /// A moment both ways, for a page that has room.
    pub(crate) fn moment_in_full(&self, moment: Timestamp) -> String {
        if self.live {
            let exact = self.paint(Tone::Dim, &format!("({moment})"));
            format!("{} {exact}", time::relative(moment, self.now))
        } else {
            moment.to_string()
        }
    }

    /// A named line of parts, continued below where the terminal is too narrow.
    pub(crate) fn folded(&self, name: &str, parts: &[Cell]) -> String {
        const INDENT: usize = 9;
        let dot = format!(" {} ", self.glyphs.dot());
        let mut text = self.paint(Tone::Dim, &format!("{name:<INDENT$}"));
        let mut used = INDENT;
        for (place, part) in parts.iter().enumerate() {
            let needed = part.len() + terminal::columns(&dot);
            if place > 0 && self.width.is_some_and(|width| used + needed > width) {
                text.push_str(&format!("\n{:INDENT$}", ""));
                used = INDENT;
            } else if place > 0 {
                text.push_str(&dot);
            }
            used += needed;
            text.push_str(&part.paint(self));
        }
        text.push('\n');
        text
    }

    /// Prints a text as it is.
    ///
    /// # Errors
    /// When stdout cannot be written; a closed pipe ends the program quietly.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Prints one line.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.print(&format!("{text}\n"))
    }

    /// Says what was changed and, to a person, the command that shows or undoes it.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub(crate) fn done(&self, what: &str, hint: &str) -> io::Result<()> {
        self.line(what)?;
        if self.is_plain() {
            return Ok(());
        }
        self.line(&self.paint(Tone::Dim, &format!("  {hint}")))
    }

    /// Prints one JSON document.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub(crate) fn json<T: Serialize>(&self, document: &T) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        Ok(self.print(&text)?)
    }

    /// Prints one JSON document of many on a line of its own.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub(crate) fn json_line<T: Serialize>(&self, document: &T) -> anyhow::Result<()> {
        Ok(self.line(&serde_json::to_string(document)?)?)
    }

    /// Prints a table in the format asked for.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub(crate) fn table(&self, table: &Table) -> io::Result<()> {
        self.print(&table.render(self))
    }

    /// Says something that needs attention but stops nothing, on stderr.
    pub(crate) fn warn(&self, text: &str) {
        if !self.is_json() {
            self.aside(&format!("{} {text}\n", self.asides.paint(Tone::Attention, "!")));
        }
    }

    /// Writes to stderr.
    pub(crate) fn aside(&self, text: &str) {
        // Nobody is left to be told that stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}
