//! Terminals of a test's own.

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};

/// A terminal of 80 columns and 24 rows: the test's end of it, and that of a program.
pub(crate) fn pair() -> (File, OwnedFd) {
    let (mut master, mut terminal) = (0, 0);
    let mut size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let (name, termios) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: both descriptors are written before it returns 0, the size is only read, and nothing else is asked for.
    let result =
        unsafe { libc::openpty(&raw mut master, &raw mut terminal, name, termios, &raw mut size) };
    assert_eq!(result, 0, "a pair of terminals");
    for end in [master, terminal] {
        // SAFETY: it is open. No child gets it but by what is made of it on purpose.
        unsafe { libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    // SAFETY: both are open and belong to nobody else.
    unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(terminal)) }
}
