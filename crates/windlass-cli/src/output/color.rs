//! Colours, and when there are any.

use std::env;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    /// On a terminal that can show it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What a colour says. A word or glyph says it too: colour alone tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading or the name of what is shown.
    Strong,
    /// Beside the point.
    Dim,
    /// Success.
    Good,
    /// Attention is needed.
    Attention,
    /// Failure, and nothing else.
    Bad,
    /// Under way.
    Busy,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Attention => "33",
            Self::Bad => "31",
            Self::Busy => "34",
        }
    }
}

/// Colours on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    /// With escapes.
    Colored,
    /// Without.
    Bare,
}

impl Palette {
    /// What was asked for, by option or environment; `terminal` is whether one is written to.
    pub(crate) fn of(when: When, terminal: bool) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let on = match when {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto if set("CLICOLOR_FORCE") => {
                env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0")
            }
            When::Auto => terminal && env::var_os("TERM").is_none_or(|term| term != "dumb"),
        };
        if on { Self::Colored } else { Self::Bare }
    }

    /// A text in a tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if self == Self::Bare || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code())
    }
}
