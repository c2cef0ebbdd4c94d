//! All users, and what they may do.

use windlass::token::{Grant, Scope};
use windlass::user::{Role, UserRecord};
use windlass_http::user::document;

use crate::command::token::limits;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::store;

pub(super) async fn run(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let users = store::existing(&globals.store).await?.users().await?;
    if out.is_json() {
        out.json(&users.iter().map(document).collect::<Vec<_>>())?;
    } else if users.is_empty() && !out.is_plain() {
        out.line("no users; add one with `windlass user create NAME --role ROLE`")?;
    } else {
        out.table(&table(globals, &users))?;
    }
    Ok(Exit::Done)
}

fn table(globals: &Globals, users: &[UserRecord]) -> Table {
    let out = &globals.out;
    let mut table = Table::new(vec![
        Column::text("NAME", 10),
        Column::text("MAY", 8),
        Column::text("LIMITED TO", 8),
        Column::whole("SIGNS IN"),
        Column::whole("ADDED"),
    ]);
    for UserRecord { user, created_at } in users {
        let by = if user.password.is_some() { "by password" } else { "by a proxy" };
        table.push(vec![
            Cell::new(&user.name),
            Cell::new(may(&user.grant)),
            Cell::new(limits(&user.grant)),
            Cell::new(by),
            Cell::toned(Tone::Dim, out.moment(*created_at)),
        ]);
    }
    table
}

fn may(grant: &Grant) -> String {
    let words = || grant.scopes.iter().map(|scope: &Scope| scope.word()).collect::<Vec<_>>();
    Role::of(&grant.scopes).map_or_else(|| words().join(" "), |role| role.word().to_owned())
}
