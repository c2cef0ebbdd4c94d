//! One picture, as text or as a document.

use windlass::health::Thresholds;
use windlass::{Client, Timestamp};

use super::document::document;
use super::draw::{Ink, whole};
use super::look::Look;
use super::model::Model;
use crate::exit::Exit;
use crate::output::Output;

/// The columns of a picture that is not for a terminal.
const USUAL: u16 = 100;

/// Prints it. Rates take two looks, so that there are none in it.
pub(super) async fn run(
    (client, thresholds): (Client, Thresholds),
    mut model: Model,
    out: &Output,
) -> anyhow::Result<Exit> {
    let drawn = out.drawn(Timestamp::wall_clock());
    let look = Look::at((&client, &thresholds), model.question(), &drawn).await?;
    model.tick(Timestamp::wall_clock());
    model.saw(look, &thresholds);
    if out.is_json() {
        if let Some(picture) = &model.picture {
            out.json(&document(&model.store, &model.filter, picture))?;
        }
        return Ok(Exit::Done);
    }
    let width = out.width().and_then(|width| u16::try_from(width).ok()).unwrap_or(USUAL);
    for line in whole(&model, width, Ink::of(&drawn)) {
        out.line(&line)?;
    }
    Ok(Exit::Done)
}
