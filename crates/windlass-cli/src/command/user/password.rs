//! A password, from whom it is asked: never an argument, which others on the machine can see.

use std::io::{self, BufRead, IsTerminal};

use windlass::user::PasswordHash;
use windlass_http::hash_password;

use crate::exit::Failure;

/// The hash of the password that is typed twice, or that is the first line of the standard input.
pub(super) fn asked(name: &str) -> anyhow::Result<PasswordHash> {
    let password = if io::stdin().is_terminal() { typed(name)? } else { line()? };
    Ok(hash_password(&password).map_err(|error| Failure::usage(error.to_string()))?)
}

fn typed(name: &str) -> anyhow::Result<String> {
    let password = rpassword::prompt_password(format!("Password of {}: ", name.escape_debug()))?;
    let again = rpassword::prompt_password("Once more: ")?;
    if password != again {
        return Err(Failure::usage("the two are not the same; nothing was written").into());
    }
    Ok(password)
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}
