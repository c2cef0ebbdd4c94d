mod bulk;
mod drain;
mod enqueue;
mod pages;
mod scratch;

use std::path::Path;

use anyhow::Result;

use crate::figure::Figure;
use crate::mode::{Mode, Options};

pub fn measure(mode: Mode, path: &Path, options: &Options, batch: usize) -> Result<Figure> {
    scratch::remove(path)?;
    let figure = match mode {
        Mode::Drain => drain::measure(path, options.jobs, batch),
        Mode::Bulk => bulk::measure(path, options.jobs, batch),
        Mode::Enqueue => enqueue::measure(path, options.jobs, options.clients),
    };
    scratch::remove(path)?;
    figure
}
