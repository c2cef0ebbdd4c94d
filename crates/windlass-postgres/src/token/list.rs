//! Tokens as they are kept.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;
use windlass_core::token::{Token, TokenDigest, TokenRecord};

use crate::connection::Connection;
use crate::row::get;

const TOKEN: &str = "select name, digest, hint, grants, created_at, expires_at from windlass.token where digest = $1::bytea";
const TOKENS: &str =
    "select name, digest, hint, grants, created_at, expires_at from windlass.token";

pub(super) async fn token(
    connection: &Connection,
    digest: TokenDigest,
) -> Result<Option<TokenRecord>, StoreError> {
    let digest = digest.as_bytes().as_slice();
    let rows = connection.query(TOKEN, &[(&digest, Type::BYTEA)]).await?;
    rows.first().map(record).transpose()
}

pub(super) async fn tokens(connection: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
    let rows = connection.query(TOKENS, &[]).await?;
    let mut tokens = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    // By letters, however the database's own order is.
    tokens.sort_by(|a, b| a.token.name.cmp(&b.token.name));
    Ok(tokens)
}

fn record(row: &Row) -> Result<TokenRecord, StoreError> {
    let (name, grants): (String, String) = (get(row, 0)?, get(row, 3)?);
    let corrupt = |column, value: String| StoreError::Corrupt {
        table: "windlass.token",
        column,
        row: name.clone(),
        value,
    };
    let grant = serde_json::from_str(&grants).map_err(|_| corrupt("grants", grants.clone()))?;
    let digest: Vec<u8> = get(row, 1)?;
    let digest = <[u8; 32]>::try_from(digest).map_err(|_| corrupt("digest", String::new()))?;
    let token = Token {
        name: name.clone(),
        digest: TokenDigest::new(digest),
        hint: get(row, 2)?,
        grant,
        expires_at: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
    };
    Ok(TokenRecord { token, created_at: Timestamp::from_micros(get(row, 4)?) })
}
