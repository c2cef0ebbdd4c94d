//! Pages that control: what buttons and forms do, on both stores.

mod audit;
mod fixture;
mod jobs;
mod limits;
mod operations;
mod settings;
mod subjects;
