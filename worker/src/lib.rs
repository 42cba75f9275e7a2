//! A worker draws tiles: it checks a request, admits it, computes the escape field on its own threads,
//! colours it, and encodes it. It holds no state between tiles, so that there can be any number of it.

mod admission;
mod api;
mod draw;
mod encode;
mod job;
mod metrics;
mod openapi;
mod problems;
mod request;
mod server;
mod settings;
mod survey;
mod translate;

pub use encode::band;
pub use server::{Error, run};
pub use settings::Settings;
