//! Errors: one line for a person, an RFC 9457 problem document for a program.

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use super::color::{Palette, Tone, When};
use crate::exit::Exit;

/// How errors are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// One line: `windlass: …`.
    Lines(When),
    /// One problem document.
    Documents,
}

/// An RFC 9457 problem.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    code: &'a str,
    exit: u8,
}

/// Prints an error on stderr and gives its exit code. A closed pipe is not an error: the program that read
/// has read enough.
pub(crate) fn report(error: &anyhow::Error, errors: Errors) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Done;
    }
    let exit = Exit::of(error);
    let detail = format!("{error:#}");
    let text = match errors {
        Errors::Lines(color) => {
            let palette = Palette::of(color, io::stderr().is_terminal());
            format!("{} {detail}", palette.paint(Tone::Bad, "windlass:"))
        }
        Errors::Documents => {
            let code = exit.word();
            let r#type = format!("/docs/problems/{code}");
            let problem = Problem {
                r#type,
                title: exit.title(),
                status: exit.status(),
                detail,
                code,
                exit: exit as u8,
            };
            serde_json::to_string(&problem).unwrap_or(problem.detail)
        }
    };
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
    exit
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json =
            cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(ErrorKind::BrokenPipe)
    })
}
