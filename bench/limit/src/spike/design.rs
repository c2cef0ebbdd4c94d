use crate::postgres::sql;

/// A way to keep jobs from their claim to their end.
#[derive(Debug)]
pub struct Design {
    pub name: &'static str,
    pub tables: &'static [&'static str],
    pub claim: &'static str,
    pub settle: &'static str,
    pub rescue: &'static str,
    pub sends: Sends,
}

/// What the client tells the server about a job that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// Where it is and how it ended
    Outcome,
    /// The job itself, too
    Job,
    /// The job, and one bitmap per lease in place of positions
    JobAndMarks,
}

const LIST: &str = include_str!("sql/list_tables.sql");
const EXTERNAL: &str = "alter table lease alter column jobs set storage external";

/// The lease lists the places of its ended jobs, and the server looks the jobs up in it.
const UNNEST: Design = Design {
    name: "unnest-pglz",
    tables: &[sql::TABLES, LIST],
    claim: include_str!("sql/list_claim.sql"),
    settle: include_str!("sql/list_settle_unnest.sql"),
    rescue: include_str!("sql/list_rescue.sql"),
    sends: Sends::Outcome,
};

/// The client sends ended jobs back, so that `jobs` is read by a rescue only.
const ECHO: Design = Design {
    name: "echo-lz4",
    tables: &[sql::TABLES, LIST, sql::COMPRESS_LEASE],
    settle: include_str!("sql/list_settle_echo.sql"),
    sends: Sends::Job,
    ..UNNEST
};

/// The same with a bit for each ended job in place of the list.
const MARKS: Design = Design {
    name: "marks-lz4",
    tables: &[sql::TABLES, sql::LEASE, sql::COMPRESS_LEASE],
    claim: sql::CLAIM,
    settle: include_str!("sql/marks_settle.sql"),
    rescue: include_str!("sql/marks_rescue.sql"),
    sends: Sends::JobAndMarks,
};

pub static ALL: [Design; 9] = [
    UNNEST,
    Design { name: "unnest-lz4", tables: &[sql::TABLES, LIST, sql::COMPRESS_LEASE], ..UNNEST },
    Design { name: "unnest-external", tables: &[sql::TABLES, LIST, EXTERNAL], ..UNNEST },
    ECHO,
    Design { name: "echo-external", tables: &[sql::TABLES, LIST, EXTERNAL], ..ECHO },
    MARKS,
    Design { name: "marks-bare", claim: include_str!("sql/marks_claim_bare.sql"), ..MARKS },
    Design {
        name: "split",
        tables: &[sql::TABLES, include_str!("sql/split_tables.sql")],
        claim: include_str!("sql/split_claim.sql"),
        settle: include_str!("sql/split_settle.sql"),
        rescue: include_str!("sql/split_rescue.sql"),
        sends: Sends::Outcome,
    },
    Design {
        name: "update",
        tables: &[sql::TABLES, include_str!("sql/update_tables.sql")],
        claim: include_str!("sql/update_claim.sql"),
        settle: include_str!("sql/update_settle.sql"),
        rescue: include_str!("sql/update_rescue.sql"),
        sends: Sends::Outcome,
    },
];

pub fn named(name: &str) -> Option<&'static Design> {
    ALL.iter().find(|design| design.name == name)
}
