use std::fmt;

use super::reading::Reading;
use super::trial::Trial;

/// The readings of all rounds, as a Markdown table.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

struct Row {
    group: usize,
    connections: usize,
    design: &'static str,
    readings: Vec<Reading>,
}

impl Report {
    pub fn add(&mut self, trial: &Trial, reading: Reading) {
        let row = self.rows.iter_mut().find(|row| {
            row.group == trial.group
                && row.connections == trial.connections
                && row.design == trial.design.name
        });
        match row {
            Some(row) => row.readings.push(reading),
            None => self.rows.push(Row {
                group: trial.group,
                connections: trial.connections,
                design: trial.design.name,
                readings: vec![reading],
            }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| conns | group | design | jobs/s | server CPU µs/job | client CPU µs/job \
             | WAL B/job | of it page images | leases/settle | rescue ms |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let reading = Reading::summary(&row.readings);
            writeln!(f, "| {} | {:>3} | {:<14} {reading}", row.connections, row.group, row.design)?;
        }
        Ok(())
    }
}
