//! The PostgreSQL store of Windlass: every PostgreSQL statement and migration.
