//! Digests of tables: whether two stores have the same rows, in whatever order each gives them.

use std::hash::{DefaultHasher, Hasher};

use crate::archive::{Form, Page, Row, Table, Value};

/// What was seen of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    /// The sum of what each row comes to.
    pub sum: u128,
}

impl Digest {
    /// Takes the rows of a page in.
    pub fn add(&mut self, page: &Page) {
        for row in &page.rows {
            self.rows += 1;
            self.sum = self.sum.wrapping_add(of_row(page.table, row));
        }
    }
}

/// What a row comes to. Leases and workers have other ids in each store, and JSON may be written in another way.
fn of_row(table: &Table, row: &Row) -> u128 {
    let (mut one, mut other) = (DefaultHasher::new(), DefaultHasher::new());
    other.write_u8(1);
    for (column, value) in table.columns.iter().zip(row) {
        let bytes = bytes_of(column.form, value);
        for hasher in [&mut one, &mut other] {
            hasher.write_usize(bytes.len());
            hasher.write(&bytes);
        }
    }
    (u128::from(one.finish()) << 64) | u128::from(other.finish())
}

fn bytes_of(form: Form, value: &Value) -> Vec<u8> {
    match (form, value) {
        (Form::Lease | Form::Worker, _) | (_, Value::Null) => Vec::new(),
        (Form::Json | Form::Ids, Value::Text(text)) => {
            let same = serde_json::from_str::<serde_json::Value>(text).map(|json| json.to_string());
            same.unwrap_or_else(|_| text.clone()).into_bytes()
        }
        (_, Value::Whole(number)) => number.to_le_bytes().to_vec(),
        (_, Value::Real(number)) => number.to_bits().to_le_bytes().to_vec(),
        (_, Value::Text(text)) => [&[1], text.as_bytes()].concat(),
        (_, Value::Id(id)) => id.as_bytes().to_vec(),
        (_, Value::Bytes(bytes)) => bytes.clone(),
    }
}
