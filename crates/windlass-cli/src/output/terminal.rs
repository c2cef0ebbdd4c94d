//! The terminal's width, and how much of it a text takes.

use unicode_width::UnicodeWidthStr;

/// What a terminal that tells no width is taken to have.
const USUAL: usize = 80;
/// Below this nothing sensible can be shown.
const LEAST: usize = 40;

/// Columns a line may have: `COLUMNS`, else the terminal's; `None` where there is no terminal.
pub(crate) fn width(terminal: bool) -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse::<usize>().ok());
    let width = asked
        .filter(|columns| *columns > 0)
        .or_else(|| if terminal { Some(columns_of_stdout().unwrap_or(USUAL)) } else { None });
    width.map(|columns| columns.max(LEAST))
}

/// The columns that a text takes, of which a wide character has two.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

#[cfg(unix)]
fn columns_of_stdout() -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize` to the pointer, which outlives the call.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns_of_stdout() -> Option<usize> {
    None
}
