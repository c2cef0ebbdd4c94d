//! The statements of the design that the spike found best.

pub const TABLES: &str = include_str!("sql/tables.sql");
pub const LEASE: &str = include_str!("sql/lease_tables.sql");
pub const COMPRESS_LEASE: &str = "alter table lease alter column jobs set compression lz4";
pub const CLAIM: &str = include_str!("sql/claim.sql");
pub const SETTLE_WHOLE: &str = include_str!("sql/settle_whole.sql");
