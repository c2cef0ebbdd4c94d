//! Words for people, of times, numbers and texts of strangers: the command line says them, and so do the findings of the doctor.

pub mod escape;
pub mod operation;
pub mod time;
