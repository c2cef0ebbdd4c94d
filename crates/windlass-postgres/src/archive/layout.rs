//! How the tables of an archive are kept: which of ours each is, and where a column is made of others.

use windlass_core::archive::{TABLES, Table};

/// How one table of an archive is kept.
pub(crate) struct Layout {
    pub(crate) table: &'static Table,
    /// What is selected from.
    from: &'static str,
    /// What is copied to; empty where it is written by other means.
    into: &'static str,
    /// Columns that are called otherwise or are made of others: the archive's name, and what is selected.
    reads: &'static [(&'static str, &'static str)],
    /// Our columns that are not just the one of the same name.
    writes: &'static [(&'static str, Made)],
    /// Columns of the archive that none of ours has by its name.
    unnamed: &'static [&'static str],
}

/// What is written into a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Made {
    /// A column of the archive.
    Of(&'static str),
    /// A column of the archive, or this where that is null.
    Or(&'static str, i64),
    /// Always this.
    Fixed(i64),
}

const PLAIN: Layout =
    Layout { table: &TABLES[0], from: "", into: "", reads: &[], writes: &[], unnamed: &[] };

/// Where running jobs are put before each has its lease.
pub(crate) const RUNNING: &str = "create temporary table windlass_running as \
     select r.id, r.lease, r.worker, r.label, r.claimed_at, ''::text as cancel, r.run_at, r.created_at, r.attempt, r.failures, \
            r.version, r.priority, r.losses, r.max_attempts, r.queue, r.kind, r.args, r.root, r.parent, r.origin, r.meta, r.history \
     from windlass.running_job r with no data";

/// Tables that give their rows numbers, and which column that is.
pub(crate) const COUNTERS: &[(&str, &str)] = &[
    ("subscription", "number"),
    ("gap", "nth"),
    ("intake", "nth"),
    ("source_gap", "nth"),
    ("quarantine", "nth"),
    ("subscription_request", "nth"),
];

const COUNTED: &str = "( \
     select 'subscription' as name, last_value as value from windlass.subscription_number_seq where is_called union all \
     select 'gap', last_value from windlass.gap_nth_seq where is_called union all \
     select 'intake', last_value from windlass.intake_nth_seq where is_called union all \
     select 'source_gap', last_value from windlass.source_gap_nth_seq where is_called union all \
     select 'quarantine', last_value from windlass.quarantine_nth_seq where is_called union all \
     select 'subscription_request', last_value from windlass.subscription_request_nth_seq where is_called) as c";

/// The layout of a table.
pub(crate) fn of(table: &'static Table) -> Layout {
    let plain = Layout { table, ..PLAIN };
    match table.name {
        "counter" => Layout { from: COUNTED, ..plain },
        "queue_age" => Layout {
            from: "windlass.queue_age",
            into: "windlass.queue_age",
            reads: &[("every", "every_us")],
            writes: &[("every_us", Made::Of("every"))],
            unnamed: &["every"],
            ..plain
        },
        "kind_limit" => Layout {
            from: "windlass.kind_limit where worker in (select worker from windlass.lease)",
            into: "windlass.kind_limit",
            ..plain
        },
        "running" => Layout {
            from: "windlass.running_job j",
            into: "windlass_running",
            reads: &[(
                "cancel",
                "(select c.reason from windlass.cancel_request c where c.job = j.id)",
            )],
            ..plain
        },
        "finished" => Layout {
            from: "windlass.finished",
            into: "windlass.finished",
            reads: &[("prune_at", "nullif(prune_at, 9223372036854775807)")],
            writes: &[("prune_at", Made::Or("prune_at", i64::MAX))],
            ..plain
        },
        "job_count" => Layout {
            from: "(select queue, state, prune_day, sum(jobs)::int8 as jobs from windlass.job_count group by 1, 2, 3 \
                    having sum(jobs) <> 0) as c",
            into: "windlass.job_count",
            ..plain
        },
        "permit" => Layout {
            from: "windlass.permit m where m.blocks or exists \
                   (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)",
            into: "windlass.permit",
            writes: &[("place", Made::Fixed(1))],
            ..plain
        },
        "signal" => Layout {
            from: "windlass.signal where came_at is not null",
            into: "windlass.signal",
            ..plain
        },
        "log" | "alert_round" | "stats_round" => Layout {
            from: own(table.name),
            into: own(table.name),
            writes: &[("one", Made::Fixed(1))],
            ..plain
        },
        _ => Layout { from: own(table.name), into: own(table.name), ..plain },
    }
}

/// The tables whose names are the archive's in our schema.
fn own(name: &str) -> &'static str {
    OWN.iter().copied().find(|own| own.strip_prefix("windlass.") == Some(name)).unwrap_or("")
}

const OWN: &[&str] = &[
    "windlass.minimum_build",
    "windlass.queue",
    "windlass.queue_bound",
    "windlass.paused_kind",
    "windlass.limit_rule",
    "windlass.bucket",
    "windlass.breaker",
    "windlass.failure",
    "windlass.tag",
    "windlass.pending",
    "windlass.unique_key",
    "windlass.duplicate",
    "windlass.duplicate_count",
    "windlass.batch",
    "windlass.member",
    "windlass.batch_look",
    "windlass.condition",
    "windlass.end_look",
    "windlass.step",
    "windlass.progress",
    "windlass.log_line",
    "windlass.schedule",
    "windlass.event",
    "windlass.intake",
    "windlass.subscription",
    "windlass.gap",
    "windlass.event_window",
    "windlass.subscription_request",
    "windlass.source",
    "windlass.source_gap",
    "windlass.quarantine",
    "windlass.log",
    "windlass.alert",
    "windlass.alert_round",
    "windlass.alert_mute",
    "windlass.stats_part",
    "windlass.stats_row",
    "windlass.stats_queue",
    "windlass.stats_round",
    "windlass.token",
    "windlass.user",
];

/// Tables that a store has for itself: what is in them is of the rows that were there.
pub(crate) const OF_THE_STORE: &[&str] = &[
    "windlass.moving",
    "windlass.worker",
    "windlass.lease",
    "windlass.cancel_request",
    "windlass.expected_run",
    "windlass.leader",
    "windlass.idle",
    "windlass.claim_cursor",
    "windlass.line_cursor",
    "windlass.aside_walk",
    "windlass.age_cursor",
    "windlass.operation",
    "windlass.operation_job",
    "windlass.request_key",
    "windlass.session",
];

impl Layout {
    /// The statement that gives its rows.
    pub(crate) fn select(&self) -> String {
        let column = |name: &'static str| {
            let made = self.reads.iter().find(|(column, _)| *column == name);
            made.map_or_else(|| format!("\"{name}\""), |(_, made)| (*made).to_owned())
        };
        let columns: Vec<String> = self.table.columns.iter().map(|one| column(one.name)).collect();
        format!("select {} from {}", columns.join(", "), self.from)
    }

    /// Our columns and what is written into each, in the order of the copy.
    pub(crate) fn written(&self) -> Vec<(&'static str, Made)> {
        let named = self.table.columns.iter().map(|column| column.name).filter(|name| {
            !self.unnamed.contains(name) && !self.writes.iter().any(|(ours, _)| ours == name)
        });
        let named = named.map(|name| (name, Made::Of(name)));
        named.chain(self.writes.iter().copied()).collect()
    }

    /// Their names, as a statement has them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<String> =
            self.written().iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// What it is copied to.
    pub(crate) const fn target(&self) -> &'static str {
        self.into
    }

    /// Where a column of the archive stands in its rows.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.table.columns.iter().position(|column| column.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::connection::migrate::MIGRATIONS;

    /// Tables and columns of ours that no archive has, and why.
    const LEFT_OUT: &[(&str, &str)] = &[
        ("moving", "a move of this very store"),
        ("worker", "workers live here, and nowhere else"),
        ("lease", "read as running jobs"),
        ("cancel_request", "read with the running jobs"),
        ("expected_run", "a worker that lives says it again"),
        ("leader", "of the workers that live"),
        ("idle", "of the workers that live"),
        ("claim_cursor", "a claim begins again at the front"),
        ("line_cursor", "a claim begins again at the first line"),
        ("aside_walk", "a walk begins again"),
        ("age_cursor", "a walk begins again"),
        ("audit", "the acts that were done to this very store"),
        ("audit_start", "the same"),
        ("operation", "what was begun here ends here"),
        ("operation_job", "the same"),
        ("request_key", "answers of a day, to who asked here"),
        ("session", "who signed in here signs in there"),
        ("permit.place", "each lease of an archive has one job"),
        ("limit_rule.counted", "claims count in what runs"),
        ("subscription.alerts", "a trigger makes it of the definition"),
        ("source.holder", "nobody who lives"),
        ("source.held_until", "the same"),
        ("source.held_for", "the same"),
        ("log.one", "its only row"),
        ("log.sleeper", "of who feeds"),
        ("alert_round.one", "its only row"),
        ("stats_round.one", "its only row"),
    ];

    /// The columns of all tables, as the migrations write them: one on each line.
    fn made() -> BTreeSet<(String, String)> {
        let mut made = BTreeSet::new();
        let mut table: Option<String> = None;
        for line in MIGRATIONS.iter().flat_map(|sql| sql.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match (words.as_slice(), &table) {
                (
                    ["create", "table", name, ..] | ["create", "unlogged", "table", name, ..],
                    None,
                ) if line.ends_with('(') => {
                    table = name.strip_prefix("windlass.").map(str::to_owned);
                }
                (["alter", "table", name, "add", "column", column, ..], None) => {
                    let name = name.strip_prefix("windlass.").unwrap_or(name);
                    made.insert((name.to_owned(), (*column).to_owned()));
                }
                (_, Some(_)) if line.starts_with(')') => table = None,
                ([first, ..], Some(name)) if line.starts_with("  ") => {
                    let is_column = !["--", "primary", "check", "unique"].contains(first)
                        && !first.starts_with("check(");
                    if is_column && line.starts_with("  ") && !line.starts_with("   ") {
                        made.insert((name.clone(), (*first).to_owned()));
                    }
                }
                _ => {}
            }
        }
        made
    }

    /// Every column of every table is in an archive, or on the list of what is left out.
    #[test]
    fn an_archive_has_every_column_that_a_migration_makes() {
        let made = made();
        assert!(made.len() > 250, "the migrations are read: {}", made.len());
        let mut known = BTreeSet::new();
        for table in TABLES {
            let layout = of(table);
            let Some(ours) = layout.target().strip_prefix("windlass.") else { continue };
            known.extend(
                layout.written().iter().map(|(name, _)| (ours.to_owned(), (*name).to_owned())),
            );
        }
        let left_out = |table: &str, column: &str| {
            let named = |name: &str| LEFT_OUT.iter().any(|(left, _)| *left == name);
            named(table) || named(&format!("{table}.{column}"))
        };
        let missing: Vec<_> =
            made.iter().filter(|one| !known.contains(*one) && !left_out(&one.0, &one.1)).collect();
        assert!(
            missing.is_empty(),
            "a backup would lose {missing:?}: name them in archive/layout.rs"
        );
        let unmade: Vec<_> = known.iter().filter(|one| !made.contains(*one)).collect();
        assert!(unmade.is_empty(), "no migration makes {unmade:?}");
        for (name, _) in LEFT_OUT {
            let (table, column) = name.split_once('.').unwrap_or((name, ""));
            let is_made =
                |(t, c): &(String, String)| t == table && (column.is_empty() || c == column);
            assert!(made.iter().any(is_made), "{name} does not exist");
        }
    }
}
