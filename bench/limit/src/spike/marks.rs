use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The places of a lease's ended jobs, one bit each.
#[derive(Debug)]
pub struct Marks {
    size: usize,
    bits: Vec<u8>,
}

impl Marks {
    pub fn none(size: usize) -> Self {
        Marks { size, bits: vec![0; size.div_ceil(8)] }
    }

    /// Marks a place, counted from 1.
    pub fn set(&mut self, position: i16) {
        let bit = position as usize - 1;
        self.bits[bit / 8] |= 0x80 >> (bit % 8);
    }
}

impl ToSql for Marks {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i32(self.size as i32);
        out.put_slice(&self.bits);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::VARBIT
    }

    to_sql_checked!();
}
