//! Glyphs: one per meaning, with ASCII for locales that have no other.

use std::env;

use windlass::State;

use super::color::Tone;

/// Which glyphs can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyphs {
    /// The locale is UTF-8.
    Unicode,
    /// Anything else.
    Ascii,
}

impl Glyphs {
    /// What the locale of the environment can show.
    pub(crate) fn of_locale() -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(|name| env::var(name).ok())
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_ascii_uppercase();
        if locale.contains("UTF-8") || locale.contains("UTF8") {
            Self::Unicode
        } else {
            Self::Ascii
        }
    }

    const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    /// Success.
    pub(crate) const fn good(self) -> &'static str {
        self.pick("✓", "+")
    }

    /// Failure.
    pub(crate) const fn bad(self) -> &'static str {
        self.pick("✗", "x")
    }

    /// Between things on one line.
    pub(crate) const fn dot(self) -> &'static str {
        self.pick("·", "-")
    }

    /// Where a text was cut.
    pub(crate) const fn cut(self) -> &'static str {
        self.pick("…", "~")
    }

    /// Where there is nothing to show.
    pub(crate) const fn nothing(self) -> &'static str {
        self.pick("–", "-")
    }

    /// From one thing to the next.
    pub(crate) const fn arrow(self) -> &'static str {
        self.pick("→", "->")
    }

    /// Before what hangs below another, where more follows.
    pub(crate) const fn fork(self) -> &'static str {
        self.pick("├─", "|-")
    }

    /// Beside what hangs below such a one.
    pub(crate) const fn through(self) -> &'static str {
        self.pick("│ ", "| ")
    }

    /// Before what hangs below another, and is the last.
    pub(crate) const fn branch(self) -> &'static str {
        self.pick("└─", "`-")
    }

    /// An event, beside the states of jobs.
    pub(crate) const fn event(self) -> &'static str {
        self.pick("◆", "#")
    }

    /// The full and the empty part of a bar.
    pub(crate) const fn bar(self) -> (&'static str, &'static str) {
        (self.pick("█", "#"), self.pick("░", "."))
    }

    /// Before what keys go to.
    pub(crate) const fn pointer(self) -> &'static str {
        self.pick("▸", ">")
    }

    /// Small to large, for what is drawn over time.
    pub(crate) const fn steps(self) -> [&'static str; 8] {
        match self {
            Self::Unicode => ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            Self::Ascii => ["_", ".", ":", "-", "=", "+", "*", "#"],
        }
    }

    /// A state's glyph and tone.
    pub(crate) const fn state(self, state: State) -> (&'static str, Tone) {
        match state {
            State::Waiting => (self.pick("◌", "?"), Tone::Attention),
            State::Scheduled => (self.pick("○", "o"), Tone::Plain),
            State::Available => (self.pick("•", "."), Tone::Plain),
            State::Retryable => (self.pick("↻", "@"), Tone::Attention),
            State::Running => (self.pick("●", "*"), Tone::Busy),
            State::Completed => (self.good(), Tone::Good),
            State::Cancelled => (self.pick("⊘", "/"), Tone::Dim),
            State::Dead => (self.bad(), Tone::Bad),
        }
    }
}
