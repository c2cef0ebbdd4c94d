//! How the tables of an archive are kept: which of ours each is, and where a column is made of others.

use windlass_core::archive::{Form, TABLES, Table};

/// How one table of an archive is kept.
pub(crate) struct Layout {
    pub(crate) table: &'static Table,
    /// What is selected from.
    from: &'static str,
    /// What is written to; empty where it is written by other means.
    into: &'static str,
    /// Columns that are called otherwise or are made of others: the archive's name, and what is selected.
    reads: &'static [(&'static str, &'static str)],
    /// Our columns that are not just the one of the same name: what is written, where `{name}` is a value of the archive.
    writes: &'static [(&'static str, &'static str)],
    /// Columns of the archive that none of ours has by its name.
    unnamed: &'static [&'static str],
}

const PLAIN: Layout =
    Layout { table: &TABLES[0], from: "", into: "", reads: &[], writes: &[], unnamed: &[] };

/// Tables and columns of ours that no archive has, and why.
#[cfg(test)]
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("windlass_schema", "the version of what stands in the other tables"),
    ("windlass_moving", "a move of this very store"),
    ("windlass_worker", "workers live here, and nowhere else"),
    ("windlass_expected_run", "a worker that lives says it again"),
    ("windlass_leader", "of the workers that live"),
    ("windlass_walk", "a walk begins again"),
    ("windlass_line_cursor", "a claim begins again at the first line"),
    ("windlass_aside_walk", "a walk begins again"),
    ("windlass_age_cursor", "a walk begins again"),
    ("windlass_unmet", "read as condition.looks"),
    ("windlass_audit", "the acts that were done to this very store"),
    ("windlass_audit_start", "the same"),
    ("windlass_operation", "what was begun here ends here"),
    ("windlass_operation_job", "the same"),
    ("windlass_request_key", "answers of a day, to who asked here"),
    ("windlass_session", "who signed in here signs in there"),
    ("windlass_lease.unsettled", "each lease of an archive has one job"),
    ("windlass_lease.jobs", "the same"),
    ("windlass_pending.expires_at", "made of the meta"),
    ("windlass_pending.cancel", "of running jobs"),
    ("windlass_pending.lease", "of running jobs"),
    ("windlass_condition.batch", "awaits, with of_batch"),
    ("windlass_signalled.answer", "what the last call was told"),
    ("windlass_signalled.conditions", "the same"),
    ("windlass_subscription.alerts", "a trigger makes it of the definition"),
    ("windlass_source.holder", "nobody who lives"),
    ("windlass_source.held_until", "the same"),
    ("windlass_source.held_for", "the same"),
    ("windlass_log.one", "its only row"),
    ("windlass_alert_round.one", "the same"),
    ("windlass_stats_round.one", "the same"),
];

const EXPIRES: &str =
    "coalesce({meta} ->> '$.expires_at', {created_at} + ({meta} ->> '$.expires_in_us'))";

/// The layout of a table.
pub(crate) fn of(table: &'static Table) -> Layout {
    let plain = || Layout { table, ..PLAIN };
    of_jobs(plain()).or_else(|| of_waits(plain())).unwrap_or_else(|| of_others(plain()))
}

/// Those of jobs, and of who may run them.
fn of_jobs(plain: Layout) -> Option<Layout> {
    Some(match plain.table.name {
        "pending" => Layout {
            from: "windlass_pending where state <> 4 order by id",
            into: "windlass_pending",
            writes: &[("expires_at", EXPIRES)],
            ..plain
        },
        "running" => Layout {
            from: "windlass_pending p join windlass_lease l on l.id = p.lease where p.state = 4",
            into: "windlass_pending",
            reads: &[("id", "p.id"), ("lease", "l.id"), ("worker", "l.worker")],
            writes: &[("expires_at", EXPIRES), ("state", "4"), ("line", "{meta} ->> '$.line'")],
            unnamed: &["worker", "label", "claimed_at"],
            ..plain
        },
        "job_count" => {
            Layout { from: COUNTED, into: "windlass_job_count", unnamed: &["prune_day"], ..plain }
        }
        "permit" => Layout {
            from: "windlass_permit m where blocks or exists \
                   (select 1 from windlass_pending p where p.id = m.job and p.lease = m.lease and p.state = 4)",
            into: "windlass_permit",
            ..plain
        },
        "kind_limit" => Layout {
            from: "windlass_kind_limit where worker in (select worker from windlass_lease)",
            into: "windlass_kind_limit",
            ..plain
        },
        _ => return None,
    })
}

/// Those of what jobs wait for: ids of batches are digits here.
fn of_waits(plain: Layout) -> Option<Layout> {
    Some(match plain.table.name {
        "batch" => Layout {
            from: "windlass_batch",
            into: "windlass_batch",
            reads: &[("id", "unhex(id)"), ("undoes", "unhex(undoes)")],
            writes: &[
                ("id", "lower(hex({id}))"),
                ("undoes", "case when {undoes} is not null then lower(hex({undoes})) end"),
            ],
            ..plain
        },
        "member" => Layout {
            from: "windlass_member",
            into: "windlass_member",
            reads: &[("batch", "unhex(batch)")],
            writes: &[("batch", "lower(hex({batch}))")],
            ..plain
        },
        "condition" => Layout {
            from: "windlass_condition c",
            into: "windlass_condition",
            reads: &[
                ("awaits", "coalesce(awaits, unhex(batch))"),
                ("of_batch", "batch is not null"),
                (
                    "looks",
                    "exists (select 1 from windlass_unmet u where u.job = c.job) and state = 0 and ends is not null",
                ),
            ],
            writes: &[
                ("awaits", "case when {of_batch} = 0 then {awaits} end"),
                ("batch", "case when {of_batch} <> 0 then lower(hex({awaits})) end"),
            ],
            unnamed: &["of_batch", "looks"],
            ..plain
        },
        _ => return None,
    })
}

fn of_others(plain: Layout) -> Layout {
    match plain.table.name {
        "counter" => Layout {
            from: "sqlite_sequence where name glob 'windlass_*'",
            reads: &[("name", "substr(name, 10)"), ("value", "seq")],
            ..plain
        },
        "signal" => Layout {
            from: "windlass_signalled",
            into: "windlass_signalled",
            writes: &[("answer", "'kept'"), ("conditions", "0")],
            ..plain
        },
        "log" => {
            Layout { from: "windlass_log", into: "windlass_log", writes: &[("one", "1")], ..plain }
        }
        "alert_round" => Layout {
            from: "windlass_alert_round",
            into: "windlass_alert_round",
            writes: &[("one", "1")],
            ..plain
        },
        "stats_round" => Layout {
            from: "windlass_stats_round",
            into: "windlass_stats_round",
            writes: &[("one", "1")],
            ..plain
        },
        // What PostgreSQL has beside: positions that are not given yet, and ends that nobody saw.
        "batch_look" | "end_look" | "intake" => plain,
        name => Layout { from: own(name), into: own(name), ..plain },
    }
}

/// What of the ended jobs is kept is counted by the day it may be pruned; what was not kept, or is pruned, has none.
const COUNTED: &str = "(with kept as (select queue, state, prune_at / 86400000000 as prune_day, count(*) as jobs \
       from windlass_finished group by 1, 2, 3) \
     select queue, state, prune_day, sum(jobs) as jobs from ( \
       select queue, state, prune_day, jobs from kept union all \
       select c.queue, c.state, null, c.jobs - coalesce((select sum(k.jobs) from kept k where k.queue = c.queue and k.state = c.state), 0) \
       from windlass_job_count c) \
     group by 1, 2, 3 having sum(jobs) <> 0)";

/// The tables whose names are the archive's with our prefix.
fn own(name: &str) -> &'static str {
    OWN.iter().copied().find(|own| own.strip_prefix("windlass_") == Some(name)).unwrap_or("")
}

const OWN: &[&str] = &[
    "windlass_minimum_build",
    "windlass_queue",
    "windlass_queue_bound",
    "windlass_queue_age",
    "windlass_paused_kind",
    "windlass_limit_rule",
    "windlass_bucket",
    "windlass_breaker",
    "windlass_failure",
    "windlass_tag",
    "windlass_finished",
    "windlass_unique_key",
    "windlass_duplicate",
    "windlass_duplicate_count",
    "windlass_step",
    "windlass_progress",
    "windlass_log_line",
    "windlass_schedule",
    "windlass_event",
    "windlass_subscription",
    "windlass_gap",
    "windlass_event_window",
    "windlass_subscription_request",
    "windlass_source",
    "windlass_source_gap",
    "windlass_quarantine",
    "windlass_alert",
    "windlass_alert_mute",
    "windlass_stats_part",
    "windlass_stats_row",
    "windlass_stats_queue",
    "windlass_token",
    "windlass_user",
];

impl Layout {
    /// The statement that gives its rows; none where this store has no such table.
    pub(crate) fn select(&self) -> Option<String> {
        if self.from.is_empty() {
            return None;
        }
        let column = |name: &&'static str| {
            let made = self.reads.iter().find(|(column, _)| column == name);
            made.map_or_else(|| format!("\"{name}\""), |(_, made)| (*made).to_owned())
        };
        let columns: Vec<&str> = self.table.columns.iter().map(|column| column.name).collect();
        let columns: Vec<String> = columns.iter().map(column).collect();
        Some(format!("select {} from {}", columns.join(", "), self.from))
    }

    /// The statement that writes a row, with its values as parameters in their order; none where it is written by other means.
    pub(crate) fn insert(&self) -> Option<String> {
        if self.into.is_empty() {
            return None;
        }
        let mut columns = Vec::new();
        for column in self.table.columns {
            let made = self.writes.iter().any(|(ours, _)| *ours == column.name);
            if !made && !self.unnamed.contains(&column.name) {
                columns.push((column.name, format!("{{{}}}", column.name)));
            }
        }
        columns.extend(self.writes.iter().map(|(ours, made)| (*ours, (*made).to_owned())));
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let values: Vec<String> = columns.iter().map(|(_, made)| self.bound(made)).collect();
        let (into, names, values) = (self.into, names.join(", "), values.join(", "));
        let adds = if self.table.name == "job_count" {
            " on conflict (queue, state) do update set jobs = jobs + excluded.jobs"
        } else {
            ""
        };
        Some(format!("insert into {into} ({names}) values ({values}){adds}"))
    }

    /// The text with the values of the archive that it names as parameters.
    fn bound(&self, made: &str) -> String {
        let columns = self.table.columns.iter().enumerate();
        columns.fold(made.to_owned(), |text, (nth, column)| {
            text.replace(&format!("{{{}}}", column.name), &format!("?{}", nth + 1))
        })
    }

    /// The table that it is written to.
    pub(crate) const fn target(&self) -> &'static str {
        self.into
    }

    /// Which of its columns has jobs as we write them.
    pub(crate) fn ids(&self) -> Option<usize> {
        self.table.columns.iter().position(|column| column.form == Form::Ids)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::*;
    use crate::connection::migrate;

    fn migrated() -> Connection {
        let connection = Connection::open_in_memory().expect("opened");
        migrate::migrate(&connection).expect("migrated");
        connection
    }

    /// Every column of every table is in an archive, or on the list of what is left out.
    #[test]
    fn an_archive_has_every_column_that_a_migration_makes() {
        let connection = migrated();
        let mut statement = connection
            .prepare("select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name glob 'windlass_*'")
            .expect("prepared");
        let found: BTreeSet<(String, String)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("read")
            .collect::<Result<_, _>>()
            .expect("read");
        let mut known = BTreeSet::new();
        for table in TABLES {
            let layout = of(table);
            let Some(insert) = layout.insert() else { continue };
            let names = insert
                .split_once('(')
                .and_then(|(_, rest)| rest.split_once(')'))
                .expect("columns")
                .0;
            for name in names.split(", ") {
                known.insert((layout.into.to_owned(), name.trim_matches('"').to_owned()));
            }
        }
        for column in ["id", "worker", "claimed_at", "label"] {
            known.insert(("windlass_lease".to_owned(), column.to_owned()));
        }
        let left_out = |table: &str, column: &str| {
            let named = |name: &str| LEFT_OUT.iter().any(|(left, _)| *left == name);
            named(table) || named(&format!("{table}.{column}"))
        };
        let missing: Vec<_> = found
            .iter()
            .filter(|(table, column)| {
                !known.contains(&(table.clone(), column.clone())) && !left_out(table, column)
            })
            .collect();
        assert!(
            missing.is_empty(),
            "a backup would lose {missing:?}: name them in archive/layout.rs"
        );
        let tables: BTreeSet<&str> = found.iter().map(|(table, _)| table.as_str()).collect();
        for (name, _) in LEFT_OUT {
            let table = name.split('.').next().unwrap_or_default();
            assert!(tables.contains(table), "{name} does not exist");
        }
    }

    #[test]
    fn all_statements_of_an_archive_fit_the_schema() {
        let connection = migrated();
        for table in TABLES {
            for statement in [of(table).select(), of(table).insert()].into_iter().flatten() {
                connection
                    .prepare(&statement)
                    .unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
        }
    }
}
