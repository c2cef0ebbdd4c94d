//! The terminal while `top` has it, and its return on every way out.

use std::io::{self, Stdout};

use crossterm::cursor::Show;
use crossterm::execute;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

/// The terminal: in its other screen, each key read as it is pressed. It is given back when this is dropped, and before the
/// message of a panic is printed.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be set; then it is as it was.
    pub(super) fn take() -> io::Result<Self> {
        // Whether there are colours is decided where tones become styles. What the backend writes in the place of a colour that it
        // leaves out takes bold and reverse back too.
        crossterm::style::force_color_output(true);
        let terminal = ratatui::try_init().inspect_err(|_| give_back())?;
        Ok(Self { terminal })
    }

    /// Draws.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }

    /// Stops this process as the shell's Ctrl-Z does, with the terminal given back while it is stopped.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        give_back();
        // SAFETY: it has no other effect than to stop this process until it is continued.
        unsafe { libc::raise(libc::SIGSTOP) };
        crossterm::terminal::enable_raw_mode()?;
        execute!(io::stdout(), crossterm::terminal::EnterAlternateScreen)?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Leaves the other screen. Where the terminal is gone nobody is left to be told that this failed.
fn give_back() {
    let _ = ratatui::try_restore();
    let _ = execute!(io::stdout(), Show);
}
