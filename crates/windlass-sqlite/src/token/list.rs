//! Tokens as they are kept.

use rusqlite::{Connection, Row};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::token::{Token, TokenDigest, TokenRecord};

use crate::row::{all, text};

const COLUMNS: &str = "name, digest, hint, grants, created_at, expires_at";

pub(super) fn token(
    connection: &Connection,
    digest: TokenDigest,
) -> Result<Option<TokenRecord>, StoreError> {
    let sql = format!("select {COLUMNS} from windlass_token where digest = ?1");
    let found = all(connection, &sql, [digest.as_bytes().as_slice()], record)?;
    found.into_iter().next().transpose()
}

pub(super) fn tokens(connection: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
    let sql = format!("select {COLUMNS} from windlass_token order by name");
    all(connection, &sql, [], record)?.into_iter().collect()
}

/// A token from a row, or what of it cannot be read.
fn record(row: &Row<'_>) -> rusqlite::Result<Result<TokenRecord, StoreError>> {
    let (name, grants) = (text(row, 0)?, text(row, 3)?);
    let corrupt = |column, value: String| StoreError::Corrupt {
        table: "windlass_token",
        column,
        row: name.clone(),
        value,
    };
    let Ok(grant) = serde_json::from_str(&grants) else {
        return Ok(Err(corrupt("grants", grants)));
    };
    let digest: Vec<u8> = row.get(1)?;
    let Ok(digest) = <[u8; 32]>::try_from(digest) else {
        return Ok(Err(corrupt("digest", String::new())));
    };
    let token = Token {
        name: name.clone(),
        digest: TokenDigest::new(digest),
        hint: text(row, 2)?,
        grant,
        expires_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
    };
    Ok(Ok(TokenRecord { token, created_at: Timestamp::from_micros(row.get(4)?) }))
}
