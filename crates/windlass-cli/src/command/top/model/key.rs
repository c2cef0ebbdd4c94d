//! Keys, whatever the terminal sends for them.

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command::top) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Tab,
    BackTab,
    Enter,
    Esc,
    Backspace,
    /// Clears what is typed: Ctrl-U.
    Clear,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Stop,
}
